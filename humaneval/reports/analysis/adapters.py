"""From the result objects of :mod:`humaneval.stats` to the records of a report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from humaneval.reports.results import Interval, finite
from humaneval.reports.votes import VoteTable
from humaneval.stats import Result, StatsError

LEVEL = 0.95


def interval_of(result: Result[Any]) -> Interval:
    """Return a scalar result's 95% interval with the names of its variance and of its rule."""
    low, high = result.confidence_interval(LEVEL)
    return Interval(finite(low), finite(high), finite(result.standard_error), method_of(result), level=LEVEL)


def method_of(result: Result[Any]) -> str:
    """Return how a result was made, e.g. ``two-way by rater and item; Student t``, nothing said twice."""
    rule = "" if result.convention in result.method else result.convention
    return "; ".join(part for part in (result.method, rule) if part)


def variance_ratio(clustered: Interval, naive: Interval) -> float | None:
    """Return the design effect of one number: its clustered variance over its naive one.

    ``None`` where either is unknown, or where the votes allowed no clustered error.
    """
    if clustered.standard_error is None or not naive.standard_error or clustered.method == naive.method:
        return None
    return (clustered.standard_error / naive.standard_error) ** 2


def clusters_of(result: Result[Any] | None) -> dict[str, int]:
    """Return the kinds of clusters that a result's interval takes into account, and how many of each."""
    return {} if result is None else {name: int(size) for name, size in result.clusters.items()}


def no_interval(reason: str) -> Interval:
    """Return the interval of a number that could not be estimated; ``reason`` stands as its method."""
    return Interval(None, None, None, reason, level=LEVEL)


def interval_at(result: Result[Any] | None, place: int | None, reason: str) -> Interval:
    """Return the interval of one of a result's estimates; ``reason`` says why there is no result."""
    if result is None or place is None:
        return no_interval(reason)
    low, high = result.confidence_interval(LEVEL)
    error = finite(result.standard_error[place])
    return Interval(finite(low[place]), finite(high[place]), error, method_of(result), LEVEL)


def attempt(compute: Callable[[], Result[Any]]) -> tuple[Result[Any] | None, str]:
    """Return a result and its notes, or ``None`` and the reason in words why there is none."""
    try:
        result = compute()
    except StatsError as error:
        return None, str(error)
    return result, " ".join(result.notes)


def distinct(column: np.ndarray) -> int:
    """Return how many different values a column has; whole numbers in a small range are not sorted."""
    if not len(column) or column.dtype.kind not in "iu":
        return len(np.unique(column))
    low, high = int(column.min()), int(column.max())
    if high - low > 4 * len(column) + 1000:
        ordered = np.sort(column)
        return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    return int(np.count_nonzero(np.bincount(column - low)))


def items_of(column: np.ndarray) -> int | None:
    """Return how many different items answers are about; ``None`` where nothing names any (all below 0)."""
    named = column[column >= 0]
    return None if len(column) and not len(named) else distinct(named)


def size_of(table: VoteTable) -> dict[str, Any]:
    """Return what every record says of the votes it rests on."""
    return {
        "votes": len(table),
        "raters": distinct(table.rater),
        "items": items_of(table.item),
        "simulated": bool(table.simulated.any()),
    }
