"""What an answer says as a number: for a condition's mean, and as a mark of how well a rater judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from humaneval.protocols.base import Protocol
from humaneval.reports.results import ConditionFacts
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats.columns import cells, encode
from humaneval.stats.items import Items

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Numbers whose mean by ``condition`` is what the headline is about (or a win rate, for preferences).

    ``row`` is the row of the vote table that each comes from, ``item`` what it shares with others besides the
    rater; a preference tells of two conditions.
    """

    row: IntArray
    condition: IntArray
    rater: IntArray
    item: Items
    value: Floats

    def where(self, rows: NDArray[np.bool_]) -> Outcomes:
        """Return the outcomes at which a mask holds."""
        return Outcomes(**{name: column[rows] for name, column in vars(self).items()})


def outcomes_of(
    table: VoteTable, analysis: str, protocol: Protocol, conditions: Sequence[ConditionFacts]
) -> Outcomes | None:
    """Return the outcomes of a table; ``None`` of orders (:mod:`humaneval.reports.analysis.orders`)."""
    rows = np.arange(len(table))
    if analysis == "ranking":
        return None
    if analysis == "preference":
        won = np.where(table.value < 0, 0.5, table.value == 0).astype(float)
        return Outcomes(
            np.concatenate([rows, rows]),
            np.concatenate([table.condition, table.other]),
            np.concatenate([table.rater, table.rater]),
            table.shared[np.concatenate([rows, rows])],
            np.concatenate([won, 1 - won]),
        )
    if analysis == "scale":
        value = table.value.astype(float)
    elif analysis == "duplicates":
        value = (table.value == 1).astype(float)
    else:
        value = protocol.successes(table.value, is_real(table, conditions)).astype(float)
    return Outcomes(rows, table.condition, table.rater, table.shared, value)


def is_real(table: VoteTable, conditions: Sequence[ConditionFacts]) -> NDArray[np.bool_]:
    """Return which answers are about a real condition."""
    return np.isin(table.condition, [one.id for one in conditions if one.kind == "real"])


@dataclass(frozen=True, eq=False)
class Quality:
    """How well each answer judged (NaN where nothing tells), in words: ``noun`` of so much ``unit``.

    More is better: a distance counts as negative.
    """

    value: Floats
    noun: str
    unit: str


def quality_of(
    table: VoteTable, analysis: str, protocol: Protocol, conditions: Sequence[ConditionFacts]
) -> Quality | None:
    """Return whether answers were right where that is known, else how far they go with other raters'.

    ``None`` of orders (:func:`humaneval.reports.analysis.orders.quality_of_orders`).
    """
    if analysis == "rate":
        wrong = protocol.errors(table.value, is_real(table, conditions))
        return Quality(np.where(wrong, 0.0, 1.0), "the share of right answers", "share")
    if analysis == "scale":
        return Quality(-_distance_from_others(table), "closeness to the other raters' mean", "points")
    if analysis == "duplicates":
        return Quality(1 - _distance_from_others(table), "agreement with the other raters", "share")
    if analysis == "preference":
        return Quality(_sides_with_others(table), "agreement with the other raters", "share")
    return None


def _distance_from_others(table: VoteTable) -> Floats:
    """Return how far each answer lies from the mean of other raters' about the same condition."""
    value = table.value.astype(float)
    total, own = sums(value, table.condition), sums(value, table.condition, table.rater)
    count, mine = (
        sums(np.ones(len(value)), table.condition),
        sums(np.ones(len(value)), table.condition, table.rater),
    )
    others = count - mine
    mean = np.divide(total - own, others, out=np.full(len(value), np.nan), where=others > 0)
    return np.asarray(np.abs(value - mean))


def _sides_with_others(table: VoteTable) -> Floats:
    """Return 1 where a preference sides with most other raters about its two conditions, 0.5 for ties."""
    low, high = np.minimum(table.condition, table.other), np.maximum(table.condition, table.other)
    pair = low * (high.max(initial=0) + 1) + high
    said = np.where(table.value < 0, 0.0, np.where(table.value == 0, 1.0, -1.0))
    said = np.where(table.condition == low, said, -said)
    margin = sums(said, pair) - sums(said, pair, table.rater)
    agrees = 0.5 + 0.5 * said * np.sign(margin)
    return np.asarray(np.where(margin == 0, np.nan, agrees))


def sums(values: Floats, *keys: IntArray) -> Floats:
    """Return for each row the sum over the rows with the same keys."""
    code = np.zeros(len(values), dtype=np.int64)
    for key in keys:
        place = encode(key)
        code = cells(code, place.codes, place.size).codes
    return np.asarray(np.bincount(code, values)[code])
