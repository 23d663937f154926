"""Exports of other tools: how each is flattened into rows, and what is what in it.

A preset is where a tool's export differs from a plain table; its columns can still be named otherwise.
Formats as their makers document them: Chatbot Arena's battles (``model_a``, ``model_b``, ``winner``), MTurk's
batch results, Label Studio's JSON, JSON_MIN and CSV exports, Potato's annotated instances (JSON lines, CSV).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row

Flatten = Callable[[Iterable[Row]], Iterator[Row]]


@dataclass(frozen=True)
class Preset:
    """What is known of one tool's exports. ``protocol`` is taken where none is said."""

    name: str
    summary: str
    flatten: Flatten
    protocol: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Columns by role, where the file has them."""
    aggregates: bool = False


def _as_it_is(rows: Iterable[Row]) -> Iterator[Row]:
    return iter(rows)


def mturk(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the assignments that were not rejected, with what ``Answer.taskAnswers`` holds as columns."""
    for row in rows:
        if row.cells.get("AssignmentStatus") == "Rejected":
            continue
        answers = row.cells.get("Answer.taskAnswers")
        yield Row(row.line, {**row.cells, **_task_answers(answers)}) if answers else row


def _task_answers(text: Any) -> dict[str, Any]:
    """Return the answers of MTurk's crowd forms: JSON, radio buttons as an object of true and false."""
    try:
        whole = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {WRONG_WIDTH: "Answer.taskAnswers is no JSON"}
    given = whole[0] if isinstance(whole, list) and whole else whole
    if not isinstance(given, dict):
        return {WRONG_WIDTH: "Answer.taskAnswers holds no answers"}
    return {f"Answer.{name}": _chosen(value) for name, value in given.items()}


def _chosen(value: Any) -> Any:
    """Return the one name that is true in an object of choices; anything else as it is."""
    if isinstance(value, dict):
        chosen = [name for name, is_on in value.items() if is_on is True or str(is_on).lower() == "true"]
        return chosen[0] if len(chosen) == 1 else None
    return value


def label_studio(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield one row for each annotation: the task's data, each control's value by its name, who and when.

    CSV and JSON_MIN exports are flat already but for their values.
    """
    for row in rows:
        annotations = row.cells.get("annotations")
        if not isinstance(annotations, list):
            yield Row(row.line, {name: _studio_value(cell) for name, cell in row.cells.items()})
            continue
        for annotation in annotations:
            if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
                yield Row(row.line, _annotation(row.cells, annotation))


def _annotation(task: Mapping[str, Any], annotation: Mapping[str, Any]) -> dict[str, Any]:
    data = task.get("data")
    who = annotation.get("completed_by")
    results = annotation.get("result")
    given = {
        str(one.get("from_name")): _studio_value(one.get("value"))
        for one in (results if isinstance(results, list) else [])
        if isinstance(one, dict)
    }
    return {
        "id": task.get("id"),
        **(data if isinstance(data, dict) else {}),
        **given,
        "annotator": (who.get("email") or who.get("id")) if isinstance(who, dict) else who,
        "lead_time": annotation.get("lead_time"),
        "created_at": annotation.get("created_at"),
    }


def _studio_value(value: Any) -> Any:
    """Return what a control's value says: a choice's name, a rating's number, a pair's side."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, list):
        return _studio_value(value[0]) if len(value) == 1 else (None if not value else json.dumps(value))
    if isinstance(value, dict):
        kinds = ("selected", "choices", "rating", "number")
        known = next((value[kind] for kind in kinds if kind in value), None)
        return _studio_value(known) if isinstance(known, list) else known
    return value


def potato(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield one row for each annotated instance: each schema's chosen label, or number, by its name.

    JSON lines hold ``label_annotations`` (or ``labels``) by schema. CSV files have a column for each label:
    ``preference.A`` since version 2, ``preference:::A`` before.
    """
    for row in rows:
        cells = dict(row.cells)
        labels = cells.pop("label_annotations", cells.pop("labels", None))
        given = _of_schemas(labels) if isinstance(labels, dict) else _of_columns(cells)
        spent = cells.pop("behavioral_data", None)
        kept = {name: cell for name, cell in cells.items() if not _of_a_label(name)}
        yield Row(row.line, {**kept, **given, **_time_spent(spent)})


def _of_schemas(labels: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for schema, chosen in labels.items():
        if isinstance(chosen, dict):
            on = {name: value for name, value in chosen.items() if _is_on(value)}
            found[schema] = _label(*next(iter(on.items()))) if len(on) == 1 else None
        else:
            found[schema] = chosen
    return found


def _of_columns(cells: Mapping[str, Any]) -> dict[str, Any]:
    by_schema: dict[str, dict[str, Any]] = {}
    for name, cell in cells.items():
        if found := _of_a_label(name):
            by_schema.setdefault(found[0], {})[found[1]] = cell
    return _of_schemas(by_schema)


def _of_a_label(column: str) -> tuple[str, str] | None:
    """Return the schema and label that a column is for; None for other columns."""
    for sign in (":::", "."):
        schema, found, label = column.partition(sign)
        if found and schema and label:
            return schema, label
    return None


def _is_on(value: Any) -> bool:
    return value is not None and str(value).strip().lower() not in {"", "false", "none", "nan"}


def _label(name: str, value: Any) -> Any:
    """Return a number that was chosen (a point of a scale), else the label's name."""
    text = str(value).strip()
    return text if text.lstrip("-").isdecimal() and text.isascii() else name


def _time_spent(spent: Any) -> dict[str, Any]:
    """Return how long an instance took, from “Time spent: 0d 0h 1m 5s”; nothing where it is not said."""
    text = spent.get("time_string", "") if isinstance(spent, dict) else ""
    seconds, units = 0, {"d": 86_400, "h": 3600, "m": 60, "s": 1}
    parts = [part for part in str(text).replace("Time spent:", "").split() if part[:-1].isdecimal()]
    for part in parts:
        seconds += int(part[:-1]) * units.get(part[-1], 0)
    return {"seconds": seconds} if parts else {}


PRESETS: dict[str, Preset] = {
    one.name: one
    for one in (
        Preset(
            "arena",
            "battles of two models: model_a, model_b, winner (model_a, model_b, tie, tie (bothbad))",
            _as_it_is,
            "pairwise",
            {"condition": "model_a", "other": "model_b", "answer": "winner", "rater": "judge"},
        ),
        Preset(
            "mturk",
            "batch results: WorkerId, Input.*, Answer.*; rejected assignments are left out",
            mturk,
            roles={"rater": "WorkerId", "time": "SubmitTime", "response_s": "WorkTimeInSeconds"},
        ),
        Preset(
            "label-studio",
            "JSON, JSON_MIN or CSV exports: pairwise choices, choices, ratings",
            label_studio,
            roles={"rater": "annotator", "time": "created_at", "response_s": "lead_time"},
        ),
        Preset(
            "potato",
            "annotated instances, as JSON lines or CSV",
            potato,
            roles={"rater": "user_id", "item": "instance_id", "response_s": "seconds"},
        ),
        Preset(
            "aggregates",
            "counts instead of votes: rater, condition, successes, trials",
            _as_it_is,
            "real_or_fake",
            aggregates=True,
        ),
    )
}
"""The presets by name."""
