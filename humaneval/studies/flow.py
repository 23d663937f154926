"""What surrounds the trials of a study: device gate, questions before and after, breaks, debrief, languages.

A flow is one JSON object, checked strictly: an unknown or missing name is refused with its path. The words in
``texts`` replace the study's own in a language; what a language lacks is shown in the study's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Check = Callable[[Any, str], None]

KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONGEST = 5_000
WORDS = ("title", "instructions", "consent", "thanks", "debrief")
QUESTION_WORDS = ("text", "low_label", "middle_label", "high_label")


def default_flow() -> dict[str, Any]:
    """Return a flow that demands nothing and adds nothing to the trials."""
    return {
        "device": {
            "min_width": 0,
            "min_height": 0,
            "min_pixel_ratio": 0,
            "min_refresh_hz": 0,
            "keyboard": False,
        },
        "comprehension": {"tries": 2, "questions": []},
        "break_every": 0,
        "confirm_answers": False,
        "allow_zoom": False,
        "scale": "fit",
        "keys": {},
        "closing": [],
        "debrief": "",
        "language": "en",
        "texts": {},
    }


def complete_flow(flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flow with defaults for what it leaves out; unknown names stay, for the check to refuse."""
    default = default_flow()
    device = flow.get("device", {})
    whole = {**default, **flow}
    if isinstance(device, Mapping):
        whole["device"] = {**default["device"], **device}
    return whole


def check_flow(flow: Any) -> None:
    """Raise ValidationError naming the first thing in a flow that cannot be, by its path."""
    if not isinstance(flow, Mapping):
        raise ValidationError(_("The flow is a JSON object."))
    try:
        _object(_FLOW)(complete_flow(flow), "")
        _check_references(complete_flow(flow))
    except _Wrong as wrong:
        raise ValidationError(str(wrong)) from wrong


class _Wrong(ValueError):
    """What is wrong, with its path."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'flow'}: {reason}")


def _object(fields: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return a check of an object with exactly these names, and any of the optional ones."""
    may = {**fields, **(optional or {})}

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise _Wrong(path, _("must be an object."))
        for name in fields:
            if name not in value:
                raise _Wrong(path, _("needs “%s”.") % name)
        for name, inner in value.items():
            if name not in may:
                raise _Wrong(
                    path, _("has no “%(name)s”; it has %(all)s.") % {"name": name, "all": ", ".join(may)}
                )
            may[name](inner, f"{path}.{name}" if path else name)

    return check


def _number(least: float, most: float, *, whole: bool = True) -> Check:
    def check(value: Any, path: str) -> None:
        kinds: Any = int if whole else int | float
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            named = _("must be a number from %g to %g."), _("must be a whole number from %g to %g.")
            raise _Wrong(path, named[whole] % (least, most))

    return check


def _boolean(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise _Wrong(path, _("must be true or false."))


def _text(value: Any, path: str, *, empty: bool = True) -> None:
    if not isinstance(value, str) or len(value) > LONGEST or "\x00" in value:
        raise _Wrong(path, _("must be text of up to %d characters.") % LONGEST)
    if not (empty or value.strip()):
        raise _Wrong(path, _("must not be empty."))


def _words(value: Any, path: str) -> None:
    _text(value, path, empty=False)


def _matching(pattern: re.Pattern[str], example: str) -> Check:
    def check(value: Any, path: str) -> None:
        if not (isinstance(value, str) and pattern.fullmatch(value)):
            raise _Wrong(path, _("must be a short name such as %s.") % example)

    return check


def _list(check_item: Check, least: int, most: int) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise _Wrong(path, _("must be a list of %(least)d to %(most)d.") % {"least": least, "most": most})
        for place, item in enumerate(value):
            check_item(item, f"{path}[{place}]")

    return check


def _by_name(name: Check, check_item: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise _Wrong(path, _("must be an object."))
        for key, item in value.items():
            name(key, path)
            check_item(item, f"{path}.{key}")

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any, path: str) -> None:
        if value not in allowed:
            raise _Wrong(path, _("must be one of %s.") % ", ".join(allowed))

    return check


_KEY = _matching(KEY, "age_group")
_OPTIONS = _list(_words, 2, 12)
_TRANSLATED = _by_name(_KEY, _object({}, {"text": _words, "options": _OPTIONS}))
_FLOW: dict[str, Check] = {
    "device": _object(
        {
            "min_width": _number(0, 4000),
            "min_height": _number(0, 4000),
            "min_pixel_ratio": _number(0, 4, whole=False),
            "min_refresh_hz": _number(0, 240),
            "keyboard": _boolean,
        }
    ),
    "comprehension": _object(
        {
            "tries": _number(1, 10),
            "questions": _list(
                _object({"key": _KEY, "text": _words, "options": _OPTIONS, "correct": _number(0, 11)}), 0, 10
            ),
        }
    ),
    "break_every": _number(0, 1000),
    "confirm_answers": _boolean,
    "allow_zoom": _boolean,
    "scale": _one_of("fit", "fixed", "pixels"),
    "keys": _by_name(_text, _words),
    "closing": _list(
        _object(
            {"key": _KEY, "kind": _one_of("text", "choice", "number"), "text": _words},
            {
                "options": _OPTIONS,
                "optional": _boolean,
                "minimum": _number(-1e9, 1e9, whole=False),
                "maximum": _number(-1e9, 1e9, whole=False),
            },
        ),
        0,
        20,
    ),
    "debrief": _text,
    "language": _matching(LANGUAGE, "en"),
    "texts": _by_name(
        _matching(LANGUAGE, "de"),
        _object(
            {},
            {
                **dict.fromkeys(WORDS, _words),
                "questions": _by_name(_text, _object({}, dict.fromkeys(QUESTION_WORDS, _text))),
                "comprehension": _TRANSLATED,
                "closing": _TRANSLATED,
            },
        ),
    ),
}


def _check_references(flow: Mapping[str, Any]) -> None:
    """Raise where parts do not fit each other: keys twice, a right answer that is no option, and the like."""
    for part, questions in (
        ("comprehension", flow["comprehension"]["questions"]),
        ("closing", flow["closing"]),
    ):
        keys = [question["key"] for question in questions]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise _Wrong(part, _("two questions have the key “%s”.") % twice)
        for language, words in flow["texts"].items():
            _check_translation(questions, words.get(part, {}), f"texts.{language}.{part}")
    for question in flow["comprehension"]["questions"]:
        if question["correct"] >= len(question["options"]):
            raise _Wrong(f"comprehension.{question['key']}", _("“correct” is no option; the first is 0."))
    for question in flow["closing"]:
        if (question["kind"] == "choice") != ("options" in question):
            raise _Wrong(f"closing.{question['key']}", _("a choice, and only a choice, has options."))
        if question.get("minimum", -1e9) > question.get("maximum", 1e9):
            raise _Wrong(f"closing.{question['key']}", _("the minimum is above the maximum."))


def _check_translation(
    questions: list[Mapping[str, Any]], words: Mapping[str, Mapping[str, Any]], path: str
) -> None:
    known = {question["key"]: question for question in questions}
    for key, translated in words.items():
        if key not in known:
            raise _Wrong(path, _("there is no question “%s”.") % key)
        if "options" in translated and len(translated["options"]) != len(known[key].get("options", ())):
            raise _Wrong(f"{path}.{key}", _("needs as many options as the question has."))


def languages(flow: Mapping[str, Any]) -> list[str]:
    """Return the languages that a study's words are in, its own first."""
    whole = complete_flow(flow)
    return list(dict.fromkeys([whole["language"], *whole["texts"]]))


def words_in(flow: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the words given for a language; empty for the study's own and for one that is not there."""
    return dict(complete_flow(flow)["texts"].get(language, {}))


def shown_flow(flow: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return a flow as a rater's page needs it, in a language: without the right answers."""
    whole, words = complete_flow(flow), words_in(flow, language)
    return {
        "device": whole["device"],
        "comprehension": {
            "tries": whole["comprehension"]["tries"],
            "questions": [
                _translated({k: v for k, v in question.items() if k != "correct"}, words, "comprehension")
                for question in whole["comprehension"]["questions"]
            ],
        },
        "break_every": whole["break_every"],
        "confirm_answers": whole["confirm_answers"],
        "allow_zoom": whole["allow_zoom"],
        "scale": whole["scale"],
        "keys": whole["keys"],
        "closing": [_translated(question, words, "closing") for question in whole["closing"]],
        "debrief": words.get("debrief", whole["debrief"]),
        "language": language if words else whole["language"],
        "languages": languages(flow),
    }


def _translated(question: Mapping[str, Any], words: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {**question, **words.get(part, {}).get(question["key"], {})}


def unfit_device(flow: Mapping[str, Any], device: Mapping[str, Any]) -> str:
    """Return why a device does not do for a study, as a polite sentence; empty if it does.

    ``device`` is what a browser told: ``viewport`` [width, height] in CSS pixels, ``device_pixel_ratio``,
    ``refresh_hz``, ``keyboard``. What it did not tell is not held against it.
    """
    wanted, viewport = complete_flow(flow)["device"], device.get("viewport")
    width, height = viewport if isinstance(viewport, list) and len(viewport) == 2 else (None, None)
    if _below(width, wanted["min_width"]) or _below(height, wanted["min_height"]):
        return (
            _(
                "This study needs a window of at least %(min_width)d × %(min_height)d pixels. Please make "
                "yours larger, or come back on a larger screen."
            )
            % wanted
        )
    if _below(device.get("device_pixel_ratio"), wanted["min_pixel_ratio"]):
        return _("This study needs a screen of a higher resolution. Please come back on another device.")
    if _below(device.get("refresh_hz"), 0.95 * wanted["min_refresh_hz"]):
        return _("This study needs a faster display. Please come back on another device.")
    if wanted["keyboard"] and device.get("keyboard") is False:
        return _("This study is answered with a keyboard. Please come back on a device that has one.")
    return ""


def _below(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value < least


def wrong_comprehension(flow: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """Return the keys of the comprehension questions that are not answered rightly."""
    right = {q["key"]: q["correct"] for q in complete_flow(flow)["comprehension"]["questions"]}
    given = {key: answers.get(key) for key in right}
    return [key for key in right if isinstance(given[key], bool) or given[key] != right[key]]


def check_closing(flow: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the answers to the closing questions, by key; empty if nothing is."""
    questions = {question["key"]: question for question in complete_flow(flow)["closing"]}
    wrong = {key: _("There is no such question.") for key in answers if key not in questions}
    for key, question in questions.items():
        if reason := _closing_problem(question, answers.get(key)):
            wrong[key] = reason
    return wrong


def _closing_problem(question: Mapping[str, Any], value: Any) -> str:
    if value is None or value == "":
        return "" if question.get("optional", False) else _("Please answer this question.")
    try:
        if question["kind"] == "text":
            _text(value, "")
        elif question["kind"] == "choice":
            _number(0, len(question["options"]) - 1)(value, "")
        else:
            _number(question.get("minimum", -1e9), question.get("maximum", 1e9), whole=False)(value, "")
    except _Wrong as wrong:
        return str(wrong).removeprefix("flow: ")
    return ""
