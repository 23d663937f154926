"""Automated scores as the report's page shows them: a table for each metric, and all in one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from humaneval.reports.numbers import (
    NOT_KNOWN,
    column,
    significant,
)
from humaneval.reports.results import (
    ConditionFacts,
    Report,
    ScoreRow,
)

_DIRECTIONS = {True: "higher is better", False: "lower is better", None: "neither is better by itself"}


@dataclass(frozen=True)
class ScoreTable:
    """One metric in one feature space: a row a condition."""

    label: str
    direction: str
    extractor: str
    rows: list[tuple[str, str, str, str, int, int]]
    error_method: str
    settings: str
    warnings: list[str]


@dataclass(frozen=True)
class GridCell:
    """One score in short: its value, its standard error (empty where not known), whether it is the best."""

    value: str
    error: str
    best: bool


@dataclass(frozen=True)
class GridRow:
    """One metric's scores, a cell for each scored condition; ``None`` where it has none."""

    label: str
    direction: str
    cells: list[GridCell | None]


def score_tables(scores: Sequence[ScoreRow]) -> list[ScoreTable]:
    """Return a table for each metric and feature space, in the order of the scores."""
    keys = dict.fromkeys((row.label, row.space) for row in scores)
    return [_score_table([row for row in scores if (row.label, row.space) == key]) for key in keys]


def _score_table(rows: Sequence[ScoreRow]) -> ScoreTable:
    first = rows[0]
    values, lows, highs = (column([getattr(row, name) for row in rows]) for name in ("value", "low", "high"))
    return ScoreTable(
        label=first.label,
        direction=_DIRECTIONS[first.higher_is_better],
        extractor=first.space.words,
        rows=[
            (
                row.condition_label,
                value,
                NOT_KNOWN if row.standard_error is None else significant(row.standard_error, 2),
                NOT_KNOWN if row.low is None else f"[{low}, {high}]",
                row.count_generated,
                row.count_real,
            )
            for row, value, low, high in zip(rows, values, lows, highs, strict=True)
        ],
        error_method=first.error_method,
        settings=", ".join(f"{name} {value}" for name, value in first.settings.items()),
        warnings=list(dict.fromkeys(one for row in rows for one in row.warnings)),
    )


def scored_conditions(report: Report) -> list[ConditionFacts]:
    """Return the conditions that have any score, in the study's order: the columns of the grid."""
    scored = {row.condition for row in report.scores}
    return [one for one in report.study.conditions if one.id in scored]


def score_grid(report: Report) -> list[GridRow]:
    """Return a row for each metric and feature space, with a cell for each scored condition."""
    keys = dict.fromkeys((row.label, row.space) for row in report.scores)
    conditions = [one.id for one in scored_conditions(report)]
    return [
        _grid_row([row for row in report.scores if (row.label, row.space) == key], conditions) for key in keys
    ]


def _grid_row(rows: Sequence[ScoreRow], conditions: Sequence[int]) -> GridRow:
    better = rows[0].higher_is_better
    values = [row.value for row in rows]
    best = None if better is None or len(set(values)) == 1 else max(values) if better else min(values)
    cells = {
        row.condition: GridCell(
            value,
            "" if row.standard_error is None else significant(row.standard_error, 2),
            row.value == best,
        )
        for row, value in zip(rows, column(values), strict=True)
    }
    return GridRow(rows[0].label, _DIRECTIONS[better], [cells.get(one) for one in conditions])
