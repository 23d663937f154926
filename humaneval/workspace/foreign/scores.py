"""Automated scores from a table: system, metric, value, and standard error where it is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

from humaneval.reports.material import ScoreFacts
from humaneval.reports.results import ConditionFacts, ScoreRow
from humaneval.workspace.foreign.problems import ForeignRefused, did_you_mean, listed
from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row, read_rows
from metrics.errors import UnknownMetric
from metrics.registry import resolve

NEEDED = ("system", "metric", "value")
_YES, _NO = {"1", "true", "yes", "higher"}, {"0", "false", "no", "lower"}
_QUANTILE = NormalDist().inv_cdf(0.975)


def read_scores(path: Path, conditions: list[ConditionFacts]) -> list[ScoreFacts]:
    """Return the scores in a CSV file of the conditions that were voted on.

    Columns: system, metric, value, and if known standard_error, higher_is_better (yes, no), label, extractor.
    Raises :class:`ForeignRefused` with the line of what cannot be right.
    """
    by_name = {one.label: one for one in conditions}
    rows = list(read_rows(path))
    lacking = [name for name in NEEDED if rows and name not in rows[0].cells]
    if not rows or lacking:
        raise ForeignRefused(
            f"{path} needs the columns system, metric, value; it has no {listed(lacking or NEEDED)}."
        )
    found = [ScoreFacts(_score(path, row, by_name)) for row in rows]
    keys = [(one.row.condition, one.row.metric, one.row.extractor) for one in found]
    if len(set(keys)) < len(keys):
        twice = next(one.row for one, key in zip(found, keys, strict=True) if keys.count(key) > 1)
        raise ForeignRefused(f"{path} has two values of {twice.metric} for “{twice.condition_label}”.")
    return found


def _score(path: Path, row: Row, by_name: Mapping[str, ConditionFacts]) -> ScoreRow:
    where = f"{path}, line {row.line:,}"
    if WRONG_WIDTH in row.cells:
        raise ForeignRefused(f"{where}: {row.cells[WRONG_WIDTH]}.")
    cells: dict[str, Any] = {name: str(cell or "").strip() for name, cell in row.cells.items()}
    condition = by_name.get(cells["system"])
    if condition is None:
        hint = did_you_mean(cells["system"], by_name) or f" There are {listed(by_name)}."
        raise ForeignRefused(f"{where}: no vote is about “{cells['system']}”.{hint}")
    value = _number(where, "value", cells["value"])
    error = _number(where, "standard_error", cells["standard_error"]) if cells.get("standard_error") else None
    label, higher = _known(cells["metric"])
    return ScoreRow(
        condition=condition.id,
        condition_label=condition.label,
        sample_set=condition.sample_set,
        metric=cells["metric"],
        label=cells.get("label") or label,
        extractor=cells.get("extractor", ""),
        value=value,
        standard_error=error or None,
        low=value - _QUANTILE * error if error else None,
        high=value + _QUANTILE * error if error else None,
        higher_is_better=_direction(where, cells.get("higher_is_better", ""), higher),
        count_generated=0,
        count_real=0,
        reference="",
        run=0,
        computed_at="",
    )


def _number(where: str, name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or (name == "standard_error" and found < 0):
        raise ForeignRefused(f"{where}: {name} is “{text}”, which is no number that it can be.")
    return found


def _known(metric: str) -> tuple[str, bool | None]:
    """Return a metric's label and better direction, where it is one of ours."""
    try:
        kinds = [kind for known in resolve([metric]) for kind in known.gives]
    except UnknownMetric:
        return metric, None
    own = next((kind for kind in kinds if kind.name == metric), kinds[0])
    return metric if own.name != metric else own.label, own.higher_is_better


def _direction(where: str, text: str, known: bool | None) -> bool | None:
    if not text:
        return known
    if text.lower() not in _YES | _NO:
        raise ForeignRefused(f"{where}: higher_is_better is “{text}”: write yes or no.")
    return text.lower() in _YES
