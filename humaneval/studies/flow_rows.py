"""A flow as the rows of a form, and back: one flat name a field, texts with one thing a line.

Pure: values in, a flow out. ``flow_closing_2_text`` is the text of the third closing question; the name of
the field that a part of the flow stands in is found from its path, so that what is wrong is said there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from humaneval.studies.flow import CHOOSING, WORDS, complete_flow

PREFIX = "flow_"
RIGHT = "*"
"""What the right one of a comprehension question's answers begins with."""
BLANK = {"pictures": 2, "comprehension": 2, "examples": 1, "closing": 2, "texts": 1}
"""Empty rows offered after those that are filled in."""
DEVICE = ("min_width", "min_height", "min_pixel_ratio", "min_refresh_hz", "keyboard")
PLAIN = ("break_every", "confirm_answers", "allow_zoom", "scale", "debrief", "language")

Values = Mapping[str, Any]


class RowError(ValueError):
    """A field that cannot be read; the text says why and what to write."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def rows_of(flow: Mapping[str, Any]) -> dict[str, int]:
    """Return how many rows of each kind a flow fills."""
    whole = complete_flow(flow)
    return {
        "pictures": len(whole["pictures"]),
        "comprehension": len(whole["comprehension"]["questions"]),
        "examples": len(whole["practice"]["examples"]),
        "closing": len(whole["closing"]),
        "texts": len(whole["texts"]),
    }


def values_of(flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form's values for a flow."""
    whole = complete_flow(flow)
    values = {name: whole["device"][name] for name in DEVICE} | {name: whole[name] for name in PLAIN}
    values["tries"], values["practice"] = whole["comprehension"]["tries"], whole["practice"]["count"]
    values["keys"] = "\n".join(f"{answer} = {key}" for answer, key in whole["keys"].items())
    for place, row in enumerate(whole["pictures"]):
        values |= _row("pictures", place, image=row["image"], caption=row.get("caption", ""))
    for place, row in enumerate(whole["comprehension"]["questions"]):
        options = [f"{RIGHT if n == row['correct'] else ''}{text}" for n, text in enumerate(row["options"])]
        words = _translations(whole, "comprehension", row["key"])
        values |= _row(
            "comprehension",
            place,
            text=row["text"],
            options=_lines(options),
            key=row["key"],
            translations=words,
        )
    for place, row in enumerate(whole["closing"]):
        given = {**row, "options": _lines(row.get("options", ()))}
        values |= _row("closing", place, **given, translations=_translations(whole, "closing", row["key"]))
    for place, row in enumerate(whole["practice"]["examples"]):
        right = [f"{key}: {', '.join(map(str, accepted))}" for key, accepted in row["right"].items()]
        values |= _row(
            "examples",
            place,
            places=_lines(" | ".join(names) for names in row["places"]),
            right=_lines(right),
            prompt=row.get("prompt", ""),
            why=row.get("why", ""),
        )
    for place, (language, words) in enumerate(whole["texts"].items()):
        questions = [
            " | ".join([f"{key}: {one.get('text', '')}", *_labels(one)])
            for key, one in words.get("questions", {}).items()
        ]
        values |= _row(
            "texts",
            place,
            language=language,
            questions=_lines(questions),
            captions=_lines(words.get("captions", ())),
            whys=_lines(words.get("whys", ())),
            **{name: words.get(name, "") for name in WORDS},
        )
    return {PREFIX + name: value for name, value in values.items()}


def flow_of(values: Values, rows: Mapping[str, int]) -> dict[str, Any]:
    """Return the flow that a form's values say, unchecked; ``rows`` is how many of each kind were shown.

    Rows without text are left out. Raises :class:`RowError` for a line that cannot be read.
    """
    texts = _texts(values, rows["texts"])
    read = _Reader(values)
    return {
        "pictures": [
            {"image": read("pictures", n, "image"), "caption": read("pictures", n, "caption") or ""}
            for n in range(rows["pictures"])
            if read("pictures", n, "image")
        ],
        "device": {name: values.get(PREFIX + name) or 0 for name in DEVICE[:-1]}
        | {"keyboard": bool(values.get(PREFIX + "keyboard"))},
        "comprehension": {
            "tries": values.get(PREFIX + "tries") or 1,
            "questions": [
                _comprehension(read, n, texts)
                for n in range(rows["comprehension"])
                if read("comprehension", n, "text")
            ],
        },
        "practice": {
            "count": values.get(PREFIX + "practice") or 0,
            "examples": [_example(read, n) for n in range(rows["examples"]) if read("examples", n, "places")],
        },
        "break_every": values.get(PREFIX + "break_every") or 0,
        "confirm_answers": bool(values.get(PREFIX + "confirm_answers")),
        "allow_zoom": bool(values.get(PREFIX + "allow_zoom")),
        "scale": values.get(PREFIX + "scale") or "fit",
        "keys": _pairs(values.get(PREFIX + "keys") or "", "=", PREFIX + "keys"),
        "closing": [_closing(read, n, texts) for n in range(rows["closing"]) if read("closing", n, "text")],
        "debrief": values.get(PREFIX + "debrief") or "",
        "language": values.get(PREFIX + "language") or "en",
        "texts": texts,
    }


def field_of(path: str, flow: Mapping[str, Any]) -> str:
    """Return the name of the field in which a part of a composed flow was written; empty if there is none."""
    if match := re.match(r"device\.(\w+)|(break_every|scale|debrief|language|keys)", path):
        return PREFIX + (match[1] or match[2])
    if match := re.match(r"(pictures|closing)\[(\d+)\]\.(\w+)", path):
        return f"{PREFIX}{match[1]}_{match[2]}_{match[3]}"
    if match := re.match(r"comprehension\.questions\[(\d+)\]\.(\w+)", path):
        name = "options" if match[2] == "correct" else match[2]
        return f"{PREFIX}comprehension_{match[1]}_{name}"
    if match := re.match(r"practice\.examples\[(\d+)\]\.(\w+)", path):
        return f"{PREFIX}examples_{match[1]}_{match[2]}"
    if match := re.match(r"(?:texts\.[^.]+\.)?(comprehension|closing)\.([^.\[]+)$", path):
        return _question_field(match[1], match[2], flow, translated=path.startswith("texts."))
    if match := re.match(r"texts\.([^.]+)(?:\.(\w+))?", path):
        languages = list(flow["texts"])
        place = languages.index(match[1]) if match[1] in languages else 0
        return f"{PREFIX}texts_{place}_{match[2] or 'language'}"
    return {
        "comprehension.tries": PREFIX + "tries",
        "practice.count": PREFIX + "practice",
        "texts": PREFIX + "texts_0_language",
    }.get(path, "")


def _question_field(part: str, key: str, flow: Mapping[str, Any], *, translated: bool) -> str:
    questions = flow["closing"] if part == "closing" else flow["comprehension"]["questions"]
    keys = [question["key"] for question in questions]
    if key not in keys:
        return ""
    return f"{PREFIX}{part}_{keys.index(key)}_{'translations' if translated else 'options'}"


class _Reader:
    """A form's values by row."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def __call__(self, kind: str, place: int, name: str) -> Any:
        value = self._values.get(f"{PREFIX}{kind}_{place}_{name}")
        return value.strip() if isinstance(value, str) else value


def _row(kind: str, place: int, /, **cells: Any) -> dict[str, Any]:
    return {f"{kind}_{place}_{name}": value for name, value in cells.items()}


def _lines(texts: Any) -> str:
    return "\n".join(texts)


def _split(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _labels(words: Mapping[str, str]) -> list[str]:
    given = [words.get(name, "") for name in ("low_label", "middle_label", "high_label")]
    return given if any(given) else []


def _translations(whole: Mapping[str, Any], part: str, key: str) -> str:
    found = {language: words.get(part, {}).get(key) for language, words in whole["texts"].items()}
    return _lines(
        " | ".join([f"{language}: {one.get('text', '')}", *one.get("options", ())])
        for language, one in found.items()
        if one
    )


def _pairs(text: str, sign: str, field: str) -> dict[str, str]:
    found = {}
    for line in _split(text):
        name, found_sign, value = line.partition(sign)
        if not found_sign or not name.strip():
            text = _("Write one a line, as name %(sign)s words; “%(line)s” is not so.")
            raise RowError(field, text % {"sign": sign, "line": line})
        found[name.strip()] = value.strip()
    return found


def _comprehension(read: _Reader, place: int, texts: dict[str, Any]) -> dict[str, Any]:
    field = f"{PREFIX}comprehension_{place}_options"
    options = _split(read("comprehension", place, "options"))
    right = [n for n, option in enumerate(options) if option.startswith(RIGHT)]
    if len(options) < 2:
        raise RowError(field, _("Write at least two answers, one a line."))
    if len(right) != 1:
        raise RowError(field, _("Put * before the right answer, and before no other."))
    key = read("comprehension", place, "key") or f"q{place + 1}"
    _translate(read, "comprehension", place, key, texts)
    return {
        "key": key,
        "text": read("comprehension", place, "text"),
        "options": [option.removeprefix(RIGHT).strip() for option in options],
        "correct": right[0],
    }


def _closing(read: _Reader, place: int, texts: dict[str, Any]) -> dict[str, Any]:
    kind = read("closing", place, "kind") or "text"
    options = _split(read("closing", place, "options"))
    if (kind in CHOOSING) != bool(options) or (kind in CHOOSING and len(options) < 2):
        reason = (
            _("Write at least two answers, one a line.")
            if kind in CHOOSING
            else _("Only a choice has answers.")
        )
        raise RowError(f"{PREFIX}closing_{place}_options", reason)
    key = read("closing", place, "key") or f"q{place + 1}"
    _translate(read, "closing", place, key, texts)
    question: dict[str, Any] = {"key": key, "kind": kind, "text": read("closing", place, "text")}
    bounds = {name: read("closing", place, name) for name in ("minimum", "maximum")}
    return {
        **question,
        **({"options": options} if options else {}),
        **({"optional": True} if read("closing", place, "optional") else {}),
        **{name: value for name, value in bounds.items() if value is not None and kind == "number"},
    }


def _translate(read: _Reader, part: str, place: int, key: str, texts: dict[str, Any]) -> None:
    """Put a question's translations, a language a line, into the texts of those languages."""
    field = f"{PREFIX}{part}_{place}_translations"
    for language, line in _pairs(read(part, place, "translations") or "", ":", field).items():
        if language not in texts:
            reason = _("Add the language “%s” under Languages first, or take this line out.")
            raise RowError(field, reason % language)
        text, *options = [cell.strip() for cell in line.split("|")]
        words = {**({"text": text} if text else {}), **({"options": options} if options else {})}
        texts[language].setdefault(part, {})[key] = words


def _example(read: _Reader, place: int) -> dict[str, Any]:
    field = f"{PREFIX}examples_{place}_right"
    right = {}
    for key, given in _pairs(read("examples", place, "right") or "", ":", field).items():
        try:
            right[key] = [int(value) for value in given.split(",")]
        except ValueError:
            raise RowError(field, _("Write a question's short name and numbers, as realism: 4, 5.")) from None
    shown = [line.split("|") for line in _split(read("examples", place, "places"))]
    return {
        "places": [[name.strip() for name in names if name.strip()] for names in shown],
        "right": right,
        **{
            name: read("examples", place, name) for name in ("prompt", "why") if read("examples", place, name)
        },
    }


def _texts(values: Values, count: int) -> dict[str, Any]:
    read, texts = _Reader(values), {}
    for place in range(count):
        language = read("texts", place, "language")
        if not language:
            continue
        words: dict[str, Any] = {name: read("texts", place, name) for name in WORDS}
        words = {name: text for name, text in words.items() if text}
        field = f"{PREFIX}texts_{place}_questions"
        for key, line in _pairs(read("texts", place, "questions") or "", ":", field).items():
            cells = [cell.strip() for cell in line.split("|")]
            names = ("text", "low_label", "middle_label", "high_label")
            words.setdefault("questions", {})[key] = dict(zip(names, cells, strict=False))
        for name in ("captions", "whys"):
            if text := read("texts", place, name):
                words[name] = [line.strip() for line in text.splitlines()]
        texts[language] = words
    return texts
