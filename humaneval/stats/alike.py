"""What may be said of raters who are alike: their spread reads as zero, which proves nothing.

A sandwich or a bootstrap over clusters that agree exactly (two raters of one mind) has no variance, and one
over fewer clusters than parameters has none in some directions. The variance of independent votes, which
those of people are not, is then the least that may be claimed. Perfect agreement has an exact bound instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from humaneval.stats.results import FloatArray, Interval, IntervalRule

ALIKE = 0.01
"""Clusters are alike where their variance is below this share of that of independent votes."""
ALIKE_CONVENTION = "exact, from independent items that are all alike"
ONE_DEVIATION = 0.6826894921370859
"""The level at which a normal interval is one standard error to either side."""
RAISED = ", raised to the model's"
"""What ``method`` adds where :func:`raised_covariance` had to raise."""
COVARIANCE_NOTE = (
    "The clusters are too few or too alike to show how they differ everywhere: there, no variance is taken "
    "to be less than that of independent votes."
)


def is_alike(variance: float, independent: float) -> bool:
    """Return whether clusters show (next to) no variance beside that of independent votes."""
    return variance <= ALIKE * independent or variance <= 0.0


def raised_covariance(covariance: FloatArray, model: FloatArray) -> tuple[FloatArray, bool]:
    """Return the covariance and whether it was raised, where degenerate, to no variance below the model's.

    In the directions in which the model's covariance is the identity, a variance below ``ALIKE`` makes it
    degenerate: then all below 1 are set to 1. A covariance of full rank is returned as it is.
    """
    size, axes = np.linalg.eigh((model + model.T) / 2)
    kept = size > 1e-12 * max(float(size.max(initial=0.0)), 1e-300)
    if not kept.any():
        return covariance, False
    root = axes[:, kept] * np.sqrt(size[kept])
    inverse = (axes[:, kept] / np.sqrt(size[kept])).T
    scaled = inverse @ covariance @ inverse.T
    ratios, turned = np.linalg.eigh((scaled + scaled.T) / 2)
    if ratios.min() > ALIKE:
        return covariance, False
    raised = root @ turned
    return np.asarray((raised * np.maximum(ratios, 1.0)) @ raised.T), True


def smoothed(
    draws: FloatArray, model: FloatArray, growth: float, seed: int
) -> tuple[FloatArray, FloatArray, bool]:
    """Return bootstrap draws, their covariance, and whether normal noise was added where they are degenerate.

    ``growth`` is the factor by which the draws' covariance is multiplied for few clusters. The noise brings
    the covariance up to :func:`raised_covariance`'s.
    """
    plain = np.atleast_2d(np.cov(draws, rowvar=False)) * growth
    covariance, raised = raised_covariance(plain, model)
    if not raised:
        return draws, plain, False
    size, axes = np.linalg.eigh((covariance - plain) / growth)
    root = axes * np.sqrt(np.maximum(size, 0.0))
    noise = np.random.default_rng(seed + 1).standard_normal(draws.shape)
    return draws + noise @ root.T, covariance, True


def one_error(rule: IntervalRule, estimate: float) -> float:
    """Return half the 68% interval: an estimate's error at the end of its range, where formulas say 0."""
    low, high = rule(estimate, 0.0, ONE_DEVIATION)
    return float(high - low) / 2


def alike_note(units: int) -> str:
    """Return the sentence that goes with :class:`UnitsAlike`."""
    return (
        f"The {units} items show the same (dis)agreement, so that a bootstrap sees no spread. That is no "
        "proof for others: the interval holds every value under which so many independent items could still "
        "all be alike, and speaks of raters like these."
    )


@dataclass(frozen=True)
class UnitsAlike:
    """Interval of an agreement coefficient to which ``units`` independent items all give the same.

    With confidence the share d of items that are otherwise is at most 1 - (α/2)^(1/units) (Clopper and
    Pearson 1934). ``room`` is by how much the coefficient could differ if all were: for coefficients
    corrected for chance 1/(1 - chance agreement), as if those items were answered by chance.
    """

    units: int
    room: float = 1.0
    low: float = -1.0

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        reach = self.room * (1 - ((1 - level) / 2) ** (1 / max(self.units, 1)))
        return Interval(
            max(min(self.low, float(estimate)), float(estimate) - reach), min(1.0, float(estimate) + reach)
        )
