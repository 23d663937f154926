"""How much raters and images differ, measured from the votes of a pilot.

The covariance of two votes by one rater (or on one image) in one condition is the mean of all products of
their deviations from the condition's mean: a method of moments that needs no balance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.errors import NotEstimableError
from humaneval.stats.study_size import Aim

Codes = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """What a pilot says, in the units of :class:`~humaneval.stats.study_size.Expected`, and its size."""

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

    The effect is the largest log odds between two conditions, as they would be without raters' differences.
    """
    one, other = np.asarray(first).astype(np.int64), np.asarray(second).astype(np.int64)
    swapped = one > other
    won = np.where(swapped, 1 - np.asarray(answer, dtype=float), answer)
    pair = np.minimum(one, other) * (max(one.max(), other.max()) + 1) + np.maximum(one, other)
    votes = _Votes.of(won, pair, rater, item)
    chance = np.clip(votes.means(), 0.02, 0.98)
    slope = float(np.mean(chance * (1 - chance)))
    by_rater, by_item = _root(votes.shared(votes.rater)) / slope, _root(votes.shared(votes.item)) / slope
    steepness = math.sqrt(1 + 0.3458 * (by_rater**2 + by_item**2))
    effect = float(np.max(np.abs(np.log(chance / (1 - chance))))) * steepness
    return votes.pilot(effect=effect, rater=by_rater, item=by_item)


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
