"""Sums of a sparse items x raters table that variance components by moments need, with each part left out.

Gao and Owen's (2017) moments depend on a table only through nine sums. Leaving out one item (or rater)
changes a term for each of its votes, so that a whole jackknife costs as much as a few looks at the votes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from humaneval.stats.columns import IntArray, sums_by
from humaneval.stats.results import FloatArray


@dataclass(frozen=True, eq=False)
class CrossedSums:
    """Votes, their sum and squares; and for items and raters how many, squares within, and squared votes."""

    count: FloatArray
    total: FloatArray
    squares: FloatArray
    items: FloatArray
    raters: FloatArray
    within_item: FloatArray
    within_rater: FloatArray
    item_squared: FloatArray
    rater_squared: FloatArray

    def swapped(self) -> CrossedSums:
        """Return the sums of the table turned round."""
        return CrossedSums(
            self.count, self.total, self.squares, self.raters, self.items,
            self.within_rater, self.within_item, self.rater_squared, self.item_squared,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Axis:
    """Votes, sum, and squares about the mean of each level of one side of the table."""

    codes: IntArray
    count: FloatArray
    total: FloatArray
    within: FloatArray

    @classmethod
    def of(cls, codes: IntArray, answer: FloatArray, size: int) -> _Axis:
        count, total = sums_by(codes, np.ones(len(codes)), size), sums_by(codes, answer, size)
        mean = np.divide(total, count, out=np.zeros(size), where=count > 0)
        return cls(codes, count, total, sums_by(codes, (answer - mean[codes]) ** 2, size))


def without_each_item(
    item: IntArray, rater: IntArray, answer: FloatArray, shape: tuple[int, int]
) -> CrossedSums:
    """Return the sums with each of the items left out in turn; ``shape`` is items, raters."""
    answer = answer - answer.mean()
    items, raters = _Axis.of(item, answer, shape[0]), _Axis.of(rater, answer, shape[1])
    count, mean = raters.count[rater], raters.total[rater] / raters.count[rater]
    # A rater's squares about their mean fall by n/(n - 1) (y - mean)² when the vote y goes.
    falls = np.where(count > 1, count / np.maximum(count - 1, 1) * (answer - mean) ** 2, 0.0)
    return CrossedSums(
        count=len(answer) - items.count,
        total=answer.sum() - items.total,
        squares=answer @ answer - sums_by(item, answer**2, shape[0]),
        items=np.full(shape[0], shape[0] - 1.0),
        raters=shape[1] - sums_by(item, (count == 1).astype(float), shape[0]),
        within_item=items.within.sum() - items.within,
        within_rater=raters.within.sum() - sums_by(item, falls, shape[0]),
        item_squared=(items.count**2).sum() - items.count**2,
        rater_squared=(raters.count**2).sum() - sums_by(item, 2 * count - 1, shape[0]),
    )


def without_each_rater(
    item: IntArray, rater: IntArray, answer: FloatArray, shape: tuple[int, int]
) -> CrossedSums:
    """Return the sums with each of the raters left out in turn."""
    left = without_each_item(rater, item, answer, (shape[1], shape[0]))
    return left.swapped()
