"""What workers answered, in the shapes in which MTurk's batch result files hold it.

A form's field is a column of its own (``Answer.choice``); a group of buttons may be a column for each of
them, one of which is ``true`` (``Answer.choice.left``); and forms of the later kind put everything into one
column as JSON (``Answer.taskAnswers``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

TASK_ANSWERS = "Answer.taskAnswers"
LONGEST_NAMED = 60


def holds(names: Collection[str], column: str) -> bool:
    """Return whether a file with these columns holds the answers that ``column`` names, in any shape."""
    grouped = any(name.startswith(f"{column}.") for name in names)
    return column in names or grouped or (TASK_ANSWERS in names and column.startswith("Answer."))


def given(raw: Mapping[str, str], column: str, meanings: Mapping[str, str]) -> int | str | list[Any]:
    """Return a row's answer as it would come from a page: a number, a word, or a list of places.

    ``meanings`` says what a file's own words mean (``left`` is ``0``); case and outer blanks do not count.
    Raises ValueError where the row has no answer, or several buttons of one group were pressed.
    """
    word = _word(raw, column)
    return _shown(meanings.get(word.casefold(), word))


def _word(raw: Mapping[str, str], column: str) -> str:
    if column in raw:
        return (raw[column] or "").strip()
    grouped = {name[len(column) + 1 :]: cell for name, cell in raw.items() if name.startswith(f"{column}.")}
    if grouped:
        return _pressed({name: (cell or "").strip().casefold() == "true" for name, cell in grouped.items()})
    return _of_task(raw.get(TASK_ANSWERS) or "", column.removeprefix("Answer."))


def _pressed(buttons: Mapping[str, bool]) -> str:
    chosen = [name for name, pressed in buttons.items() if pressed]
    if len(chosen) != 1:
        text = _("one of %(names)s must be true; %(found)d are")
        raise ValueError(text % {"names": ", ".join(buttons), "found": len(chosen)})
    return chosen[0]


def _of_task(cell: str, field: str) -> str:
    try:
        found = json.loads(cell)
    except json.JSONDecodeError:
        text = _("%(column)s holds no JSON: “%(cell)s”")
        raise ValueError(text % {"column": TASK_ANSWERS, "cell": cell[:LONGEST_NAMED]}) from None
    answers = found[0] if isinstance(found, list) and found else found
    if not isinstance(answers, dict) or field not in answers:
        raise ValueError(_("%(column)s has no “%(field)s”") % {"column": TASK_ANSWERS, "field": field})
    value = answers[field]
    if isinstance(value, dict):
        return _pressed({str(name): pressed is True for name, pressed in value.items()})
    return str(value).strip()


def _shown(word: str) -> int | str | list[Any]:
    if ">" in word:
        return [_shown(part.strip()) for part in word.split(">")]
    return int(word) if word.lstrip("-").isdecimal() and word.isascii() else word
