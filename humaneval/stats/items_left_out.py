"""Correlations over items whose groups of raters, items and votes are left out in turn: what these share.

Variances are of Fisher's z, by score, kind of coefficient and whether within strata (L x 2 x 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.columns import IntArray, cells, encode, numbers, sums_by
from humaneval.stats.correlations import Correlation, correlation
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Fisher, two_sided
from humaneval.stats.permutations import Kind
from humaneval.stats.results import FloatArray, Tested

MOST_GROUPS, FEWEST_GROUPS = 50, 12
AT_ONCE = 2
"""Groups that are left out at a time, by a thread each: more would take more memory than they save time."""
Part = TypeVar("Part")
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


@dataclass(frozen=True, eq=False)
class Spread:
    """Variances of Fisher's z by score, kind and within (L x 2 x 2), their freedom, and their method."""

    variance: FloatArray
    freedom: FloatArray
    clusters: Mapping[str, int]
    method: str
    notes: tuple[str, ...]

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


def correlated(
    columns: Mapping[bool, tuple[FloatArray, FloatArray]], spread: Spread, votes: int
) -> list[dict[tuple[Kind, bool], ItemCorrelation]]:
    """Return each score's correlations with people's column, by kind and by whether within strata.

    ``columns`` holds scores (L x S) and people (S), by whether within strata. A correlation is left out where
    a column does not vary.
    """
    found: list[dict[tuple[Kind, bool], ItemCorrelation]] = []
    for place in range(len(columns[False][0])):
        mine: dict[tuple[Kind, bool], ItemCorrelation] = {}
        for within, (scores, people) in columns.items():
            tried = ((kind, _attempt(scores[place], people, kind)) for kind in get_args(Kind))
            plain = {kind: one for kind, one in tried if one is not None}
            effects, freedom = spread.effects(plain, place, within)
            mine |= {
                (kind, within): _widened(one, effects[kind], freedom[kind], within, votes, spread)
                for kind, one in plain.items()
            }
        found.append(mine)
    return found


def _attempt(x: FloatArray, y: FloatArray, kind: Kind) -> Correlation | None:
    try:
        return correlation(x, y, kind=kind, test="parametric")
    except NotEstimableError:
        return None


def _widened(
    plain: Correlation, effect: float, freedom: float, within: bool, votes: int, spread: Spread
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


def checked_scores(scores: ArrayLike, items: int) -> FloatArray:
    """Return scores as rows of numbers with a column for each item."""
    values = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if values.ndim != 2 or values.shape[1] != items:
        raise InputError(f"scores has a column for each of the {items} items, not {values.shape[-1]}.")
    numbers(values.ravel(), "scores")
    return values


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers added up by rater and item: a sum and a count for each cell that has votes."""

    rater: IntArray
    item: IntArray
    sums: FloatArray
    counts: FloatArray
    raters: int
    items: int

    @classmethod
    def of(cls, answer: FloatArray, rater: ArrayLike, item: ArrayLike) -> Answers:
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


def most_groups(items: int) -> int:
    """Return in how many groups at most raters, items and cells are left out."""
    return int(np.clip(WORK // items, FEWEST_GROUPS, MOST_GROUPS))


def number_of(groups: int, of: int) -> str:
    """Return in words how many were left out, one by one or in groups."""
    return f"{of:,} one by one" if groups == of else f"{of:,} in {groups} groups"


def grouped(size: int, most: int, rng: np.random.Generator) -> tuple[IntArray, int]:
    """Return a group for each of so many, drawn at random and of one size, and how many groups there are."""
    groups = min(size, most)
    return rng.permutation(size) % groups, groups


def jackknifed(without: Callable[[Part], FloatArray], parts: Iterable[Part]) -> FloatArray:
    """Return the variance of what each group's absence changes; NaN where fewer than two are defined.

    ``without`` is given each of ``parts``, two at a time: NumPy lets other threads run while it sorts.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        values = np.array(list(pool.map(without, parts)))
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0)
    found = np.divide(squares * (count - 1), count, out=np.full(count.shape, np.nan), where=count > 1)
    return np.asarray(found)


def joined(
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


def normed(rows: FloatArray) -> FloatArray:
    """Return rows of mean 0 and norm 1; NaN where a row does not vary."""
    centred = rows - rows.sum(axis=1, keepdims=True) / max(rows.shape[1], 1)  # of none there is no mean
    room = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    least = 1e-12 * np.abs(rows).max(axis=1, keepdims=True, initial=1e-300)
    return np.asarray(np.divide(centred, room, out=np.full(rows.shape, np.nan), where=room > least))


def mid_ranks(row: FloatArray) -> FloatArray:
    """Return the ranks of numbers from 1, equal ones the mean of theirs.

    SciPy's sort so that equal ones keep their order, which ranks do not need and which takes much longer.
    """
    order = np.argsort(row)
    sorted_row = row[order]
    first = np.flatnonzero(np.concatenate([[True], sorted_row[1:] != sorted_row[:-1]])[: len(row)])
    alike = np.diff(np.append(first, len(row)))
    ranks = np.empty(len(row))
    ranks[order] = np.repeat(first + (alike + 1) / 2, alike)
    return ranks
