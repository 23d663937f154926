"""Potato's annotated instances: JSON lines and CSV, of version 2 and before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from humaneval.workspace.foreign.sources import Row


def flatten(rows: Iterable[Row]) -> Iterator[Row]:
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
    """Return what each schema says; of one with several labels chosen all, and each by ``schema.label``."""
    found: dict[str, Any] = {}
    for schema, chosen in labels.items():
        if not isinstance(chosen, dict):
            found[schema] = chosen
            continue
        on = {name: _label(name, value) for name, value in chosen.items() if _is_on(value)}
        found[schema] = " | ".join(map(str, on.values())) or None
        if len(on) > 1:
            found |= {f"{schema}.{name}": value for name, value in chosen.items()}
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
