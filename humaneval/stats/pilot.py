"""How much raters and images differ, measured from the votes of a pilot.

The covariance of two votes by one rater (or on one image) in one condition is the mean of all products of
their deviations from the condition's mean: a method of moments that needs no balance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.errors import NotEstimableError
from humaneval.stats.study_size import FLATTENING, Aim

Codes = NDArray[np.int64]
FloatArray = NDArray[np.float64]
_STEEPEST = 2.0
"""By how much more than they show logits of a pilot may be taken to differ."""


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """What a pilot says, in the units of :class:`~humaneval.stats.vote_size.Expected`, and its size."""

    effect: float
    rater: float
    item: float
    deviation: float
    votes: int
    raters: int


def rate_of_pilot(answer: ArrayLike, *, condition: ArrayLike, rater: ArrayLike, item: ArrayLike) -> Pilot:
    """Return the mean rate of the conditions, and the correlations of votes by one rater and on one image.

    ``answer`` is 1 or 0; all are of one length. Raises NotEstimableError where nobody has two votes.
    """
    votes = _Votes.of(answer, condition, rater, item)
    rate = float(np.mean(votes.means()))
    spread = float(np.mean(votes.residual() ** 2))
    if spread <= 0:
        raise NotEstimableError("The pilot's answers do not differ: it does not say how much raters do.")
    by_rater, by_item = votes.shared(votes.rater), votes.shared(votes.item)
    return votes.pilot(effect=rate, rater=_share(by_rater / spread), item=_share(by_item / spread))


def scores_of_pilot(
    answer: ArrayLike, *, condition: ArrayLike, rater: ArrayLike, item: ArrayLike, aim: Aim
) -> Pilot:
    """Return the standard deviations of raters and images: of their levels, or for power of differences.

    The effect is the difference of the two conditions farthest apart.
    """
    votes = _Votes.of(answer, condition, rater, item)
    by_rater, by_item = votes.shared(votes.rater), votes.shared(votes.item)
    rest = float(np.mean(votes.residual() ** 2)) - by_rater - by_item
    effect = float(np.ptp(votes.means()))
    if aim == "power":
        by_rater, by_item = 2 * (by_rater - votes.shared_between(votes.rater)), 2 * by_item
    return votes.pilot(
        effect=effect, rater=_root(by_rater), item=_root(by_item), deviation=max(_root(rest), 1e-3)
    )


def preferences_of_pilot(
    answer: ArrayLike, *, first: ArrayLike, second: ArrayLike, rater: ArrayLike, item: ArrayLike
) -> Pilot:
    """Return the logits by which raters and prompts differ in a preference; ``answer`` is 1 where first won.

    The effect is the largest log odds between two conditions. What differs draws votes together, so that all
    three show f times as large, with f^-2 = 1 + c V = 1 / (1 - c f^2 V) for a variance V of logits.
    """
    one, other = np.asarray(first).astype(np.int64), np.asarray(second).astype(np.int64)
    swapped = one > other
    won = np.where(swapped, 1 - np.asarray(answer, dtype=float), answer)
    pair = np.minimum(one, other) * (max(one.max(), other.max()) + 1) + np.maximum(one, other)
    votes = _Votes.of(won, pair, rater, item)
    chance = np.clip(votes.means(), 0.02, 0.98)
    slope = float(np.mean(chance * (1 - chance)))
    by_rater, by_item = _root(votes.shared(votes.rater)) / slope, _root(votes.shared(votes.item)) / slope
    steeper = 1 / math.sqrt(max(1 - FLATTENING * (by_rater**2 + by_item**2), _STEEPEST**-2))
    effect = float(np.max(np.abs(np.log(chance / (1 - chance)))))
    return votes.pilot(effect=steeper * effect, rater=steeper * by_rater, item=steeper * by_item)


def orders_of_pilot(above: ArrayLike, *, lineup: ArrayLike, rater: ArrayLike, item: ArrayLike) -> Pilot:
    """Return what orders say as preferences do, each order as all the pairs that it decides.

    ``above`` and ``lineup`` have a row an order and a column a slot: a number that is higher the better the
    image was put (equal where the order leaves it open), and the condition that stood there (0: none).
    """
    put, shown = np.asarray(above, dtype=float), np.asarray(lineup).astype(np.int64)
    who, what = np.asarray(rater), np.asarray(item)
    pairs = list(combinations(range(put.shape[1]), 2))
    decided = [(shown[:, a] > 0) & (shown[:, b] > 0) & (put[:, a] != put[:, b]) for a, b in pairs]
    if not any(rows.any() for rows in decided):
        raise NotEstimableError("The pilot has no votes that count.")

    def stacked(column: Callable[[int, int], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([column(*pair)[rows] for pair, rows in zip(pairs, decided, strict=True)])

    found = preferences_of_pilot(
        stacked(lambda a, b: put[:, a] > put[:, b]),
        first=stacked(lambda a, b: shown[:, a]),
        second=stacked(lambda a, b: shown[:, b]),
        rater=stacked(lambda a, b: who),
        item=stacked(lambda a, b: what),
    )
    return replace(found, votes=len(put))


@dataclass(frozen=True, eq=False)
class _Votes:
    answer: FloatArray
    cell: Codes
    rater: Codes
    item: Codes

    @classmethod
    def of(cls, answer: ArrayLike, cell: ArrayLike, rater: ArrayLike, item: ArrayLike) -> _Votes:
        values = np.asarray(answer, dtype=float)
        if not len(values):
            raise NotEstimableError("The pilot has no votes that count.")
        codes = (np.unique(np.asarray(column), return_inverse=True)[1] for column in (cell, rater, item))
        return cls(values, *codes)

    def means(self) -> FloatArray:
        return np.bincount(self.cell, self.answer) / np.bincount(self.cell)

    def residual(self) -> FloatArray:
        return self.answer - self.means()[self.cell]

    def shared(self, cluster: Codes) -> float:
        """Return the covariance of two votes of one cluster in one cell."""
        group = cluster * (self.cell.max() + 1) + self.cell
        return self._products(np.unique(group, return_inverse=True)[1])

    def _products(self, group: Codes) -> float:
        left = self.residual()
        total, squares, n = (
            np.bincount(group, left),
            np.bincount(group, left**2),
            np.bincount(group).astype(float),
        )
        pairs = float((n * (n - 1)).sum())
        if pairs <= 0:
            raise NotEstimableError("The pilot has no two votes of one rater, or on one image, to compare.")
        return float((total**2 - squares).sum() / pairs)

    def shared_between(self, cluster: Codes) -> float:
        """Return the covariance of two votes of one cluster in different cells; 0 where there are none."""
        left, cells = self.residual(), self.cell.max() + 1
        group = cluster * cells + self.cell
        size = (cluster.max() + 1) * cells
        table = np.bincount(group, left, minlength=size).reshape(-1, cells)
        n = np.bincount(group, minlength=size).reshape(-1, cells).astype(float)
        pairs = float((n.sum(axis=1) ** 2 - (n**2).sum(axis=1)).sum())
        return float((table.sum(axis=1) ** 2 - (table**2).sum(axis=1)).sum() / pairs) if pairs else 0.0

    def pilot(self, *, effect: float, rater: float, item: float, deviation: float = 1.0) -> Pilot:
        return Pilot(
            effect=effect, rater=rater, item=item, deviation=deviation,
            votes=len(self.answer), raters=int(self.rater.max()) + 1,
        )  # fmt: skip


def _root(variance: float) -> float:
    return math.sqrt(max(variance, 0.0))


def _share(value: float) -> float:
    return min(max(value, 0.0), 0.95)
