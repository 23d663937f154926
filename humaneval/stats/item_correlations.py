"""Does a score of single items go with what people said of the same items?

People's side is a mean of raters' answers, so that two kinds of chance are in it: which items were drawn, and
which raters judged them. A lenient rater moves all the items that they judged; items are not independent.
Here both are left out in groups, the items' means are computed again each time, and the variances are joined
as V = V_rater + V_item - V_cell (Cameron, Gelbach and Miller 2011), on Fisher's scale.

A jackknife and not a bootstrap: redrawing raters adds noise to means that are noisy already, so that the
redrawn correlations lie below the estimate and vary less than it; and redrawing both kinds counts the noise
of the single votes three times (Owen 2007), which for few votes an item is most of all noise. Own code: no
library leaves out two crossed kinds of cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.columns import IntArray, encode, numbers, same_length, sums_by
from humaneval.stats.errors import InputError
from humaneval.stats.items_left_out import (
    NEARLY_ONE,
    ONE_RATER,
    Answers,
    ItemCorrelation,
    Spread,
    checked_scores,
    correlated,
    grouped,
    jackknifed,
    joined,
    mid_ranks,
    most_groups,
    normed,
    number_of,
)
from humaneval.stats.permutations import Kind
from humaneval.stats.results import FloatArray


def item_correlations(
    answer: ArrayLike,
    *,
    rater: ArrayLike,
    item: ArrayLike,
    scores: ArrayLike,
    stratum: ArrayLike | None = None,
    seed: int = 0,
) -> list[dict[tuple[Kind, bool], ItemCorrelation]]:
    """Return the correlations of items' mean answers with scores, by kind and by whether within strata.

    ``scores`` has a row a score and a column an item, in the order of the sorted labels of ``item``;
    ``stratum`` (a condition, say) is one a column. A correlation is left out where a column does not vary.
    Up to 50 raters are left out one by one, more in 50 random groups (``seed``), as are items and cells
    (fewer groups of very many items). Intervals are Fisher's with Student's quantile, the p-value is that of
    no association. All raters being one, the interval speaks of this rater only, and a note says so.
    """
    n = same_length(answer=answer, rater=rater, item=item)
    table = Answers.of(numbers(answer, "answer"), rater, item)
    values = checked_scores(scores, table.items)
    strata = np.zeros(table.items, dtype=np.int64) if stratum is None else encode(stratum).codes
    if len(strata) != table.items:
        raise InputError(f"stratum has one entry for each of the {table.items} items, not {len(strata)}.")
    columns = {False: (values, table.means), True: (values, table.means)}
    if strata.max(initial=0) > 0:
        columns[True] = (_centred(values, strata), _centred(table.means, strata))
    return correlated(columns, _spread(table, values, strata, seed), n)


def _centred(values: FloatArray, strata: IntArray) -> FloatArray:
    """Return values (the last axis items) without the means of their strata."""
    size = int(strata.max(initial=0)) + 1
    count = np.maximum(sums_by(strata, np.ones(len(strata)), size), 1)
    rows = np.atleast_2d(values)
    means = np.array([sums_by(strata, row, size) / count for row in rows])
    return np.asarray(rows - means[:, strata]).reshape(values.shape)


def _spread(table: Answers, scores: FloatArray, strata: IntArray, seed: int) -> Spread:
    """Return what leaving out raters, items and cells of both says of the coefficients' variances."""
    rng = np.random.default_rng(seed)
    most = most_groups(table.items)
    clusters = {"rater": table.raters, "item": table.items}
    sheet = _Sheet.of(scores, strata)
    by_item, items = grouped(table.items, most, rng)
    of_item = _without_items(by_item, items, table.means, sheet)
    left_out = f"item ({number_of(items, table.items)}), seed {seed}"
    if table.raters < 2:
        freedom = np.full(of_item.shape, items - 1.0)
        return Spread(of_item, freedom, clusters, f"jackknife by {left_out}", (ONE_RATER,))
    by_rater, raters = grouped(table.raters, most, rng)
    of_rater = _without_cells(table, by_rater[table.rater], raters, sheet)
    of_cell = _without_cells(table, *grouped(len(table.sums), most, rng), sheet)
    both = joined(of_rater, raters - 1.0, of_item, items - 1.0, of_cell)
    method = f"two-way jackknife by rater ({number_of(raters, table.raters)}) and {left_out}"
    return Spread(*both, clusters, method, ())


def _without_items(group: IntArray, groups: int, means: FloatArray, sheet: _Sheet) -> FloatArray:
    """Return the variance of z that items cause, each group of them left out in turn."""
    sides = {within: _Side.of(means[None], sheet.strata if within else None) for within in sheet.sides}
    masks = (group != one for one in range(groups))
    return jackknifed(lambda kept: sheet.correlate(kept, partial(_kept_column, sides, kept)), masks)


def _kept_column(
    sides: Mapping[bool, _Side], kept: NDArray[np.bool_], within: bool, ranked: bool
) -> FloatArray:
    return np.asarray(sides[within].column(ranked, kept)[0])


def _without_cells(table: Answers, group: IntArray, groups: int, sheet: _Sheet) -> FloatArray:
    """Return the variance of z that raters (or single cells) cause, each group of cells left out in turn."""

    def correlate(left: tuple[NDArray[np.bool_], FloatArray]) -> FloatArray:
        kept, means = left
        return sheet.correlate(kept, partial(_new_column, means, sheet.strata[kept]))

    return jackknifed(correlate, table.means_without(group, groups))


def _new_column(means: FloatArray, strata: IntArray, within: bool, ranked: bool) -> FloatArray:
    side = _centred(means, strata) if within else means
    return np.asarray(normed(mid_ranks(side)[None] if ranked else side[None])[0])


@dataclass(frozen=True, eq=False)
class _Side:
    """Rows of numbers by item, perhaps within strata, and their order: sorted once, not for each replicate.

    Ranks within strata keep the means taken out of all items; what few items' absence moves these is of
    second order.
    """

    rows: FloatArray
    strata: IntArray | None
    order: IntArray

    @classmethod
    def of(cls, rows: FloatArray, strata: IntArray | None) -> _Side:
        inner = rows if strata is None else _centred(rows, strata)
        return cls(inner, strata, np.argsort(inner, axis=1, kind="stable"))

    def column(self, ranked: bool, kept: NDArray[np.bool_]) -> FloatArray:
        """Return the rows of the kept items, or their ranks, with mean 0 and norm 1."""
        if ranked:
            return normed(np.array([self._ranks(place, kept) for place in range(len(self.rows))]))
        rows = self.rows[:, kept]
        return normed(rows if self.strata is None else _centred(rows, self.strata[kept]))

    def _ranks(self, place: int, kept: NDArray[np.bool_]) -> FloatArray:
        order = self.order[place][kept[self.order[place]]]
        values = self.rows[place][order]
        first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        alike = np.diff(np.append(first, len(values)))
        ranks = np.empty(len(kept))
        ranks[order] = np.repeat(first + (alike + 1) / 2, alike)
        return ranks[kept]


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Scores (L x S) as they are and, where there are several strata, within these."""

    strata: IntArray
    sides: Mapping[bool, _Side]

    @classmethod
    def of(cls, scores: FloatArray, strata: IntArray) -> _Sheet:
        sides = {False: _Side.of(scores, None)}
        if strata.max(initial=0) > 0:
            sides[True] = _Side.of(scores, strata)
        return cls(strata, sides)

    def correlate(self, kept: NDArray[np.bool_], people: Callable[[bool, bool], FloatArray]) -> FloatArray:
        """Return Fisher's z of the scores with people's side, by score, ranks and within (L x 2 x 2).

        ``people`` gives the column of the kept items, by whether within strata and whether as ranks.
        """
        found = np.full((len(self.sides[False].rows), 2, 2), np.nan)
        for within, side in self.sides.items():
            for ranked in (False, True):
                found[:, int(ranked), int(within)] = side.column(ranked, kept) @ people(within, ranked)
        if True not in self.sides:
            found[:, :, 1] = found[:, :, 0]
        return np.asarray(np.arctanh(np.clip(found, -NEARLY_ONE, NEARLY_ONE)))
