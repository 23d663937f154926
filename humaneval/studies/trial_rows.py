"""Writing trials in bulk, by the fastest way that each database has.

A launch writes up to a million of them; made models first, they would take several times as long.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection

from humaneval.protocols.base import TrialSpec

COLUMNS = (
    *("study_id", "number", "condition_id", "other_id", "prompt_id"),
    *("slots", "turn", "lineup", "expected"),
)


def write_trials(study_id: int, specs: Iterable[TrialSpec]) -> None:
    """Write trials of a study that it asks about: one statement."""
    _write(_row(study_id, spec, None) for spec in specs)


def write_gold(study_id: int, specs: Iterable[tuple[TrialSpec, Mapping[str, int]]]) -> None:
    """Write trials whose right answers are known, by question: one statement."""
    _write(_row(study_id, spec, expected) for spec, expected in specs)


def _row(study_id: int, spec: TrialSpec, expected: Mapping[str, int] | None) -> tuple[Any, ...]:
    return (
        study_id,
        spec.number,
        spec.condition,
        spec.other,
        spec.prompt,
        json.dumps(spec.slots),
        spec.turn,
        json.dumps(spec.lineup),
        None if expected is None else json.dumps(dict(expected)),
    )


def _write(rows: Iterator[tuple[Any, ...]]) -> None:
    names = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY studies_trial ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(COLUMNS))
            cursor.executemany(f"INSERT INTO studies_trial ({names}) VALUES ({marks})", list(rows))  # noqa: S608
