"""The birthday paradox test: how many different images a model can make (Arora, Risteski, Zhang 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta

from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.results import Interval, Result

LARGEST = 1e15
"""Supports beyond this count as boundless."""


@dataclass(frozen=True)
class _FromShare:
    """Clopper and Pearson's interval for the share of batches, carried over to support sizes."""

    duplicates: int
    batches: int
    batch_size: int

    def __call__(self, estimate: float, standard_error: float, level: float) -> Interval[float]:
        least, most = share_interval(self.duplicates, self.batches, level)
        return Interval(support_of(most, self.batch_size), support_of(least, self.batch_size))


def support_size(*, duplicates: int, batches: int, batch_size: int) -> Result[float]:
    """Return the number of equally likely images at which so many batches would hold a duplicate.

    Of ``batches`` batches of ``batch_size`` images each, ``duplicates`` held at least two that are the same.
    For N equally likely images P(no duplicate) is the product of 1 - i/N, i below the batch size; N solves
    that for the share seen. Where images are unequally likely, the true support is larger. The interval is
    exact for the share (Clopper-Pearson); its upper end is infinite where few batches hold a duplicate.
    Raises NotEstimableError where none or all do, with the bound that the votes still give.
    """
    if not (0 <= duplicates <= batches and batches > 0 and batch_size > 1):
        raise InputError(
            "There are 0 to all of at least one batch with duplicates, of at least 2 images each."
        )
    least, most = share_interval(duplicates, batches, 0.95)
    if duplicates == 0:
        bound = support_of(most, batch_size)
        raise NotEstimableError(
            f"No batch holds a duplicate: the model makes at least about {bound:,.0f} different images "
            "(97.5% sure). Larger batches would tell more."
        )
    if duplicates == batches:
        bound = support_of(least, batch_size)
        raise NotEstimableError(
            f"Every batch holds a duplicate: the model makes at most about {bound:,.0f} different images "
            "(97.5% sure). Smaller batches would tell more."
        )
    return Result(
        estimate=support_of(duplicates / batches, batch_size),
        standard_error=float("nan"),
        n=batches,
        method="birthday paradox test",
        rule=_FromShare(duplicates, batches, batch_size),
        convention="Clopper-Pearson on the share of batches",
        notes=("Images are taken as equally likely; where they are not, the true support is larger.",),
    )


def share_interval(duplicates: int, batches: int, level: float) -> tuple[float, float]:
    """Return Clopper and Pearson's interval for a share."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, duplicates, batches - duplicates + 1)) if duplicates else 0.0
    high = float(beta.ppf(1 - tail, duplicates + 1, batches - duplicates)) if duplicates < batches else 1.0
    return low, high


def support_of(share: float, batch_size: int) -> float:
    """Return the support size at which this share of batches holds a duplicate (infinite for 0)."""
    steps = np.arange(batch_size)

    def surplus(log_size: float) -> float:
        return float(np.log1p(-steps / np.exp(log_size)).sum() - np.log1p(-share))

    smallest, largest = np.log(batch_size - 1) + 1e-9, np.log(LARGEST)
    if share <= 0 or surplus(largest) < 0:
        return float("inf")
    if share >= 1 or surplus(smallest) > 0:
        return float(batch_size - 1)
    return float(np.exp(brentq(surplus, smallest, largest)))
