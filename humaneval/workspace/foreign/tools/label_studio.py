"""Label Studio's exports: JSON, JSON_MIN and CSV, as its SDK's converter writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from humaneval.workspace.foreign.sources import Row


def flatten(rows: Iterable[Row]) -> Iterator[Row]:
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
    given: dict[str, list[Any]] = {}
    for one in results if isinstance(results, list) else []:
        if isinstance(one, dict):
            given.setdefault(str(one.get("from_name")), []).append(_studio_value(one.get("value")))
    return {
        "id": task.get("id"),
        **(data if isinstance(data, dict) else {}),
        **{name: _one_of(values) for name, values in given.items()},
        "annotator": (who.get("email") or who.get("id")) if isinstance(who, dict) else who,
        "lead_time": annotation.get("lead_time"),
        "created_at": annotation.get("created_at"),
    }


def _one_of(values: list[Any]) -> Any:
    """Return what a control says; where it was used several times (by region, by item) all that it says."""
    return values[0] if len(values) == 1 else " | ".join(map(str, values))


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
