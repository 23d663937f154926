"""What surrounds the trials of a study: device gate, questions before and after, breaks, debrief, languages.

A flow is one JSON object, checked strictly: an unknown or missing name is refused with its path. The words in
``texts`` replace the study's own in a language; what a language lacks is shown in the study's own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from humaneval.studies import shapes
from humaneval.studies.shapes import Check, Wrong

KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
REFERENCE = re.compile(r"[a-z0-9_-]{1,120}/[^\x00]{1,300}")
"""A sample: its set's slug and its name, my-set/0001.png."""
KINDS = ("text", "long", "choice", "multiple", "number")
CHOOSING = ("choice", "multiple")
"""Kinds of closing questions that have options."""
MOST_PICTURES = 6
MOST_PRACTICE = 20
WORDS = ("title", "instructions", "consent", "thanks", "debrief")
QUESTION_WORDS = ("text", "low_label", "middle_label", "high_label")


def default_flow() -> dict[str, Any]:
    """Return a flow that demands nothing and adds nothing to the trials."""
    return {
        "pictures": [],
        "device": {
            "min_width": 0,
            "min_height": 0,
            "min_pixel_ratio": 0,
            "min_refresh_hz": 0,
            "keyboard": False,
        },
        "comprehension": {"tries": 2, "questions": []},
        "practice": {"count": 0, "examples": []},
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
    whole = {**default, **flow}
    for part in ("device", "practice"):
        if isinstance(whole[part], Mapping):
            whole[part] = {**default[part], **whole[part]}
    return whole


def check_flow(flow: Any) -> None:
    """Raise ValidationError naming the first thing in a flow that cannot be, by its path."""
    if not isinstance(flow, Mapping):
        raise ValidationError(_("The flow is a JSON object."))
    try:
        find_wrong(flow)
    except Wrong as wrong:
        raise ValidationError(str(wrong)) from wrong


def find_wrong(flow: Mapping[str, Any]) -> None:
    """Raise :class:`~humaneval.studies.shapes.Wrong` with the path of the first thing that cannot be."""
    shapes.object_of(_FLOW)(complete_flow(flow), "")
    _check_references(complete_flow(flow))


_KEY = shapes.matching(KEY, "age_group")
_OPTIONS = shapes.list_of(shapes.words, 2, 12)
_TRANSLATED = shapes.by_name(_KEY, shapes.object_of({}, {"text": shapes.words, "options": _OPTIONS}))
_REFERENCE = shapes.matching(REFERENCE, "my-set/0001.png")
_VALUE = shapes.number_in(-1000, 100_000)
_EXAMPLE = shapes.object_of(
    {
        "places": shapes.list_of(shapes.list_of(_REFERENCE, 1, 64), 1, 10),
        "right": shapes.by_name(shapes.words, shapes.list_of(_VALUE, 1, 101)),
    },
    {"prompt": shapes.text, "why": shapes.text},
)
_FLOW: dict[str, Check] = {
    "pictures": shapes.list_of(
        shapes.object_of({"image": _REFERENCE}, {"caption": shapes.text}), 0, MOST_PICTURES
    ),
    "device": shapes.object_of(
        {
            "min_width": shapes.number_in(0, 4000),
            "min_height": shapes.number_in(0, 4000),
            "min_pixel_ratio": shapes.number_in(0, 4, whole=False),
            "min_refresh_hz": shapes.number_in(0, 240),
            "keyboard": shapes.boolean,
        }
    ),
    "comprehension": shapes.object_of(
        {
            "tries": shapes.number_in(1, 10),
            "questions": shapes.list_of(
                shapes.object_of(
                    {
                        "key": _KEY,
                        "text": shapes.words,
                        "options": _OPTIONS,
                        "correct": shapes.number_in(0, 11),
                    }
                ),
                0,
                10,
            ),
        }
    ),
    "practice": shapes.object_of(
        {"count": shapes.number_in(0, MOST_PRACTICE), "examples": shapes.list_of(_EXAMPLE, 0, MOST_PRACTICE)}
    ),
    "break_every": shapes.number_in(0, 1000),
    "confirm_answers": shapes.boolean,
    "allow_zoom": shapes.boolean,
    "scale": shapes.one_of("fit", "fixed", "pixels"),
    "keys": shapes.by_name(shapes.text, shapes.words),
    "closing": shapes.list_of(
        shapes.object_of(
            {"key": _KEY, "kind": shapes.one_of(*KINDS), "text": shapes.words},
            {
                "options": _OPTIONS,
                "optional": shapes.boolean,
                "minimum": shapes.number_in(-1e9, 1e9, whole=False),
                "maximum": shapes.number_in(-1e9, 1e9, whole=False),
            },
        ),
        0,
        20,
    ),
    "debrief": shapes.text,
    "language": shapes.matching(LANGUAGE, "en"),
    "texts": shapes.by_name(
        shapes.matching(LANGUAGE, "de"),
        shapes.object_of(
            {},
            {
                **dict.fromkeys(WORDS, shapes.words),
                "questions": shapes.by_name(
                    shapes.text, shapes.object_of({}, dict.fromkeys(QUESTION_WORDS, shapes.text))
                ),
                "comprehension": _TRANSLATED,
                "closing": _TRANSLATED,
                "captions": shapes.list_of(shapes.text, 0, MOST_PICTURES),
                "whys": shapes.list_of(shapes.text, 0, MOST_PRACTICE),
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
            raise Wrong(part, _("two questions have the key “%s”.") % twice)
        for language, words in flow["texts"].items():
            _check_translation(questions, words.get(part, {}), f"texts.{language}.{part}")
    for question in flow["comprehension"]["questions"]:
        if question["correct"] >= len(question["options"]):
            raise Wrong(f"comprehension.{question['key']}", _("“correct” is no option; the first is 0."))
    for question in flow["closing"]:
        if (question["kind"] in CHOOSING) != ("options" in question):
            raise Wrong(f"closing.{question['key']}", _("a choice, and only a choice, has options."))
        if question.get("minimum", -1e9) > question.get("maximum", 1e9):
            raise Wrong(f"closing.{question['key']}", _("the minimum is above the maximum."))


def _check_translation(
    questions: list[Mapping[str, Any]], words: Mapping[str, Mapping[str, Any]], path: str
) -> None:
    known = {question["key"]: question for question in questions}
    for key, translated in words.items():
        if key not in known:
            raise Wrong(path, _("there is no question “%s”.") % key)
        if "options" in translated and len(translated["options"]) != len(known[key].get("options", ())):
            raise Wrong(f"{path}.{key}", _("needs as many options as the question has."))


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
        "pictures": [
            {"image": picture["image"], "caption": caption}
            for picture, caption in zip(whole["pictures"], _captions(whole["pictures"], words), strict=True)
        ],
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


def _captions(pictures: list[dict[str, Any]], words: Mapping[str, Any]) -> list[str]:
    given = [*words.get("captions", []), *[""] * len(pictures)]
    return [
        translated or picture.get("caption", "") for picture, translated in zip(pictures, given, strict=False)
    ]


def why_of(flow: Mapping[str, Any], example: int | None, language: str) -> str:
    """Return the explanation that follows a written practice example, in a language; empty without one."""
    if example is None:
        return ""
    translated = words_in(flow, language).get("whys", [])
    own = complete_flow(flow)["practice"]["examples"][example].get("why", "")
    return str((example < len(translated) and translated[example]) or own)


def _translated(question: Mapping[str, Any], words: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {**question, **words.get(part, {}).get(question["key"], {})}
