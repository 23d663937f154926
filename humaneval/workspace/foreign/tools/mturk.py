"""Amazon Mechanical Turk's batch results: ``Input.*`` and ``Answer.*``, in the three layouts that forms give.

``Answer.NAME`` holds what an HTML form sends. Crowd forms send ``Answer.taskAnswers``, JSON of all answers;
or, with ``answer-format="flatten-objects"``, a column for each part: ``Answer.NAME.VALUE`` true or false for
each radio button and checkbox (``Answer.NAME.on`` for a checkbox alone), ``Answer.NAME.label`` for a
classifier.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row

_ANSWER = "Answer."
_TASK_ANSWERS = "Answer.taskAnswers"
_MARKS = {"true": True, "false": False, "": False}
_ALONE = "on"
"""What HTML calls a checkbox that was given no value."""


def flatten(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the assignments that were not rejected, each answer in one column under its name."""
    for row in rows:
        if str(row.cells.get("AssignmentStatus", "")).strip().lower() == "rejected":
            continue
        cells = _joined(row.cells)
        answers = cells.pop(_TASK_ANSWERS, None)
        yield Row(row.line, {**cells, **(_task_answers(answers) if answers else {})})


def _joined(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Return cells with the columns of each group of buttons made one: the name of the button chosen."""
    groups: dict[str, dict[str, str]] = {}
    for column, cell in cells.items():
        name, dot, value = column.removeprefix(_ANSWER).partition(".")
        if column.startswith(_ANSWER) and dot and value != "label":
            groups.setdefault(name, {})[value] = str("" if cell is None else cell).strip().lower()
    joined = {name: marks for name, marks in groups.items() if all(mark in _MARKS for mark in marks.values())}
    gone = {f"{_ANSWER}{name}.{value}" for name, marks in joined.items() for value in marks}
    return {
        **{column: cell for column, cell in cells.items() if column not in gone},
        **{f"{_ANSWER}{name}": _chosen(marks) for name, marks in joined.items()},
    }


def _chosen(marks: Mapping[str, str]) -> str | None:
    """Return the button that is on; None for none; all of them where several are, which no answer is."""
    if list(marks) == [_ALONE]:
        return marks[_ALONE] or None
    return " | ".join(value for value, mark in marks.items() if _MARKS[mark]) or None


def _task_answers(text: Any) -> dict[str, Any]:
    """Return the answers of MTurk's crowd forms by column, from JSON."""
    try:
        whole = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {WRONG_WIDTH: f"{_TASK_ANSWERS} is no JSON"}
    given = whole[0] if isinstance(whole, list) and len(whole) == 1 else whole
    if not isinstance(given, dict):
        return {WRONG_WIDTH: f"{_TASK_ANSWERS} holds no answers, or several people's"}
    return {f"{_ANSWER}{name}": _answer(value) for name, value in given.items()}


def _answer(value: Any) -> Any:
    """Return what one element of a form says: buttons the name chosen, a classifier its label."""
    if not isinstance(value, dict):
        return " | ".join(map(str, value)) if isinstance(value, list) else value
    marks = {name: str(mark).lower() for name, mark in value.items()}
    if marks and all(mark in _MARKS for mark in marks.values()):
        return _chosen(marks)
    if len(value) == 1:
        return _answer(next(iter(value.values())))
    return json.dumps(value, ensure_ascii=False)
