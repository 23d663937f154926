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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from humaneval.stats.columns import IntArray, cells, encode, numbers, same_length, sums_by
from humaneval.stats.correlations import Correlation, correlation
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Fisher, two_sided
from humaneval.stats.permutations import Kind
from humaneval.stats.results import FloatArray, Tested

MOST_GROUPS, FEWEST_GROUPS = 50, 12
WORK = 1_000_000
"""Items times groups beyond which there are fewer groups: of so many items ranks take longest."""
RANKED: tuple[Kind, ...] = ("pearson", "spearman")
"""Coefficients that are left out in groups; Kendall's tau has the design effect of Spearman's rho."""
NEARLY_ONE = 1 - 1e-12
ONE_RATER = "All votes come from one rater: the interval speaks of this rater only, not of people."


@dataclass(frozen=True, kw_only=True)
class ItemCorrelation(Tested[float]):
    """A correlation over items; ``n`` counts votes. ``within`` strata: their means are taken out of both."""

    kind: Kind
    within: bool
    items: int


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
    table = _Table.of(numbers(answer, "answer"), rater, item)
    values = _checked_scores(scores, table.items)
    strata = np.zeros(table.items, dtype=np.int64) if stratum is None else encode(stratum).codes
    if len(strata) != table.items:
        raise InputError(f"stratum has one entry for each of the {table.items} items, not {len(strata)}.")
    spread = _Spread.of(table, values, strata, seed)
    several = strata.max(initial=0) > 0
    found: list[dict[tuple[Kind, bool], ItemCorrelation]] = []
    for place, row in enumerate(values):
        mine: dict[tuple[Kind, bool], ItemCorrelation] = {}
        for within in (False, True):
            x, y = (_centred(side, strata) if within and several else side for side in (row, table.means))
            plain = {kind: one for kind in get_args(Kind) if (one := _attempt(x, y, kind)) is not None}
            effects, freedom = spread.effects(plain, place, within)
            mine |= {
                (kind, within): _widened(one, effects[kind], freedom[kind], within, n, spread)
                for kind, one in plain.items()
            }
        found.append(mine)
    return found


def _checked_scores(scores: ArrayLike, items: int) -> FloatArray:
    values = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if values.ndim != 2 or values.shape[1] != items:
        raise InputError(f"scores has a column for each of the {items} items, not {values.shape[-1]}.")
    numbers(values.ravel(), "scores")
    return values


def _attempt(x: FloatArray, y: FloatArray, kind: Kind) -> Correlation | None:
    try:
        return correlation(x, y, kind=kind, test="parametric")
    except NotEstimableError:
        return None


def _centred(values: FloatArray, strata: IntArray) -> FloatArray:
    """Return values (the last axis items) without the means of their strata."""
    size = int(strata.max(initial=0)) + 1
    count = np.maximum(sums_by(strata, np.ones(len(strata)), size), 1)
    rows = np.atleast_2d(values)
    means = np.array([sums_by(strata, row, size) / count for row in rows])
    return np.asarray(rows - means[:, strata]).reshape(values.shape)


@dataclass(frozen=True, eq=False)
class _Table:
    """Answers added up by rater and item: a sum and a count for each cell that has votes."""

    rater: IntArray
    item: IntArray
    sums: FloatArray
    counts: FloatArray
    raters: int
    items: int

    @classmethod
    def of(cls, answer: FloatArray, rater: ArrayLike, item: ArrayLike) -> _Table:
        who, what = encode(rater), encode(item)
        both = cells(who.codes, what.codes, what.size)
        ones = np.ones(len(answer))
        place = both.labels.astype(np.int64)
        return cls(
            rater=place // what.size,
            item=place % what.size,
            sums=sums_by(both.codes, answer, both.size),
            counts=sums_by(both.codes, ones, both.size),
            raters=who.size,
            items=what.size,
        )

    @property
    def means(self) -> FloatArray:
        """Each item's mean answer."""
        return self._total(self.sums) / self._total(self.counts)

    def _total(self, column: FloatArray) -> FloatArray:
        return sums_by(self.item, column, self.items)

    def means_without(self, group: IntArray, groups: int) -> Iterator[tuple[NDArray[np.bool_], FloatArray]]:
        """Yield which items still have votes, and their means, each group of cells left out in turn."""
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(np.bincount(group, minlength=groups))[:-1]
        total, count = self._total(self.sums), self._total(self.counts)
        for gone in np.split(order, ends):
            items = self.item[gone]
            left = count - sums_by(items, self.counts[gone], self.items)
            kept = left > 0.5
            rest = total - sums_by(items, self.sums[gone], self.items)
            yield kept, rest[kept] / left[kept]


@dataclass(frozen=True, eq=False)
class _Spread:
    """Variances of Fisher's z by score, kind and within (L x 2 x 2), their freedom, and their method."""

    variance: FloatArray
    freedom: FloatArray
    clusters: Mapping[str, int]
    method: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, table: _Table, scores: FloatArray, strata: IntArray, seed: int) -> _Spread:
        rng = np.random.default_rng(seed)
        most = int(np.clip(WORK // table.items, FEWEST_GROUPS, MOST_GROUPS))
        clusters = {"rater": table.raters, "item": table.items}
        sheet = _Sheet.of(scores, strata)
        by_item, items = _grouped(table.items, most, rng)
        of_item = _without_items(by_item, items, table.means, sheet)
        left_out = f"item ({_number(items, table.items)}), seed {seed}"
        if table.raters < 2:
            freedom = np.full(of_item.shape, items - 1.0)
            return cls(of_item, freedom, clusters, f"jackknife by {left_out}", (ONE_RATER,))
        by_rater, raters = _grouped(table.raters, most, rng)
        of_rater = _without_cells(table, by_rater[table.rater], raters, sheet)
        of_cell = _without_cells(table, *_grouped(len(table.sums), most, rng), sheet)
        joined = _joined(of_rater, raters - 1.0, of_item, items - 1.0, of_cell)
        method = f"two-way jackknife by rater ({_number(raters, table.raters)}) and {left_out}"
        return cls(*joined, clusters, method, ())

    def effects(
        self, plain: Mapping[Kind, Correlation], place: int, within: bool
    ) -> tuple[dict[Kind, float], dict[Kind, float]]:
        """Return by kind the variance over that of independent items, and its degrees of freedom.

        The effect is 1 where leaving out tells nothing. Kendall's are Spearman's.
        """
        effects: dict[Kind, float] = {}
        freedom: dict[Kind, float] = {}
        for rank, kind in enumerate(RANKED):
            effects[kind], freedom[kind] = 1.0, float(self.freedom[place, rank, int(within)])
            found, rule = float(self.variance[place, rank, int(within)]), None
            if kind in plain:
                rule = plain[kind].rule
            if isinstance(rule, Fisher) and np.isfinite(rule.standard_error_z) and found > 0:
                effects[kind] = found / rule.standard_error_z**2
        return effects | {"kendall": effects["spearman"]}, freedom | {"kendall": freedom["spearman"]}


def _widened(
    plain: Correlation, effect: float, freedom: float, within: bool, votes: int, spread: _Spread
) -> ItemCorrelation:
    """Return a correlation of independent items as one of items that share their raters."""
    given: dict[str, Any] = {
        "estimate": plain.estimate, "n": votes, "clusters": spread.clusters, "kind": plain.kind,
        "within": within, "items": plain.n,
    }  # fmt: skip
    rule = plain.rule
    if not isinstance(rule, Fisher) or not np.isfinite(rule.standard_error_z):
        return ItemCorrelation(
            **given,
            standard_error=plain.standard_error,
            method=f"{plain.method.split(' over ')[0]} over {plain.n:,} items, taken as independent",
            rule=rule,
            convention=plain.convention,
            notes=plain.notes + spread.notes,
            pvalue=plain.pvalue,
        )
    error = rule.standard_error_z * float(np.sqrt(effect))
    z = float(np.arctanh(np.clip(plain.estimate, -NEARLY_ONE, NEARLY_ONE)))
    return ItemCorrelation(
        **given,
        standard_error=float((1 - plain.estimate**2) * error),
        method=f"{plain.method.split(' over ')[0]} over {plain.n:,} items, {spread.method}",
        rule=Fisher(error, freedom),
        convention="Fisher z, Student t",
        notes=spread.notes,
        design_effect=effect,
        pvalue=two_sided(z, error, freedom),
    )


def _without_items(group: IntArray, groups: int, means: FloatArray, sheet: _Sheet) -> FloatArray:
    """Return the variance of z that items cause, each group of them left out in turn."""
    sides = {within: _Side.of(means[None], sheet.strata if within else None) for within in sheet.sides}
    masks = (group != one for one in range(groups))
    return _jackknifed([sheet.correlate(kept, partial(_kept_column, sides, kept)) for kept in masks])


def _kept_column(
    sides: Mapping[bool, _Side], kept: NDArray[np.bool_], within: bool, ranked: bool
) -> FloatArray:
    return np.asarray(sides[within].column(ranked, kept)[0])


def _without_cells(table: _Table, group: IntArray, groups: int, sheet: _Sheet) -> FloatArray:
    """Return the variance of z that raters (or single cells) cause, each group of cells left out in turn."""
    return _jackknifed(
        [
            sheet.correlate(kept, partial(_new_column, means, sheet.strata[kept]))
            for kept, means in table.means_without(group, groups)
        ]
    )


def _new_column(means: FloatArray, strata: IntArray, within: bool, ranked: bool) -> FloatArray:
    side = _centred(means, strata) if within else means
    return np.asarray(_normed(rankdata(side)[None] if ranked else side[None])[0])


def _number(groups: int, of: int) -> str:
    return f"{of:,} one by one" if groups == of else f"{of:,} in {groups} groups"


def _grouped(size: int, most: int, rng: np.random.Generator) -> tuple[IntArray, int]:
    """Return a group for each of so many, drawn at random and of one size, and how many groups there are."""
    groups = min(size, most)
    return rng.permutation(size) % groups, groups


def _jackknifed(parts: list[FloatArray]) -> FloatArray:
    """Return the variance of what each group's absence changes; NaN where fewer than two are defined."""
    values = np.array(parts)
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0)
    found = np.divide(squares * (count - 1), count, out=np.full(count.shape, np.nan), where=count > 1)
    return np.asarray(found)


def _joined(
    by_rater: FloatArray, rater_freedom: float, by_item: FloatArray, item_freedom: float, by_cell: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the two-way variance, at least that of either kind, with Satterthwaite's degrees of freedom."""
    both = by_rater + by_item - by_cell
    larger = np.maximum(by_rater, by_item)
    of_larger = np.where(by_rater >= by_item, rater_freedom, item_freedom)
    parts = by_rater**2 / rater_freedom + by_item**2 / item_freedom
    joint = np.maximum(
        np.divide(both**2, parts, out=np.ones_like(both), where=parts > 0), min(rater_freedom, item_freedom)
    )
    wider = both > larger
    return np.where(wider, both, larger), np.where(wider, joint, of_larger)


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
            return _normed(np.array([self._ranks(place, kept) for place in range(len(self.rows))]))
        rows = self.rows[:, kept]
        return _normed(rows if self.strata is None else _centred(rows, self.strata[kept]))

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


def _normed(rows: FloatArray) -> FloatArray:
    """Return rows of mean 0 and norm 1; NaN where a row does not vary."""
    centred = rows - rows.sum(axis=1, keepdims=True) / max(rows.shape[1], 1)  # of none there is no mean
    room = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    least = 1e-12 * np.abs(rows).max(axis=1, keepdims=True, initial=1e-300)
    return np.asarray(np.divide(centred, room, out=np.full(rows.shape, np.nan), where=room > least))
