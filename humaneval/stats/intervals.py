"""Rules that turn an estimate and its standard error into an interval.

Each is a small immutable callable, so that a result can give its interval at any level and be pickled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from humaneval.stats.results import FloatArray, Interval


def quantile(level: float, degrees_of_freedom: float) -> float:
    """Return the two-sided Student (or, for infinite degrees of freedom, normal) quantile."""
    upper = 0.5 + level / 2.0
    if np.isinf(degrees_of_freedom):
        return float(special.ndtri(upper))
    return float(stats.t.ppf(upper, degrees_of_freedom))


def two_sided(estimate: float, standard_error: float, degrees_of_freedom: float = np.inf) -> float:
    """Return the two-sided p-value of 0 (1 where there is no error to compare with and no effect)."""
    if standard_error == 0:
        return 1.0 if estimate == 0 else 0.0
    return float(2 * stats.t.sf(abs(estimate) / standard_error, degrees_of_freedom))


def _pair(low: Any, high: Any) -> Interval[Any]:
    if np.ndim(low) == 0:
        return Interval(float(low), float(high))
    return Interval(np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64))


@dataclass(frozen=True)
class Symmetric:
    """estimate ± t(df) · standard error, cut at the bounds of the quantity."""

    degrees_of_freedom: float = np.inf
    low: float = -np.inf
    high: float = np.inf

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        half = quantile(level, self.degrees_of_freedom) * np.asarray(standard_error)
        return _pair(np.maximum(estimate - half, self.low), np.minimum(estimate + half, self.high))


@dataclass(frozen=True, eq=False)
class SymmetricEach:
    """estimate ± t(df) · standard error for several quantities, each with degrees of freedom of its own."""

    degrees_of_freedom: FloatArray

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the intervals."""
        half = stats.t.ppf(0.5 + level / 2.0, self.degrees_of_freedom) * np.asarray(standard_error)
        return _pair(estimate - half, estimate + half)


@dataclass(frozen=True)
class Score:
    """Wilson's score interval on an effective number of votes, with a Student quantile.

    Solves (p̂ - p)² = t² p(1 - p)/m for p. With m votes and df infinite it is Wilson (1927); with
    m = p̂(1 - p̂)/se² it is the score interval of Korn and Graubard's (1998) kind for clustered votes.
    """

    effective: float
    degrees_of_freedom: float = np.inf

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        t2 = quantile(level, self.degrees_of_freedom) ** 2
        centre = (estimate + t2 / (2 * self.effective)) / (1 + t2 / self.effective)
        spread = estimate * (1 - estimate) / self.effective + t2 / (4 * self.effective**2)
        half = np.sqrt(t2 * spread) / (1 + t2 / self.effective)
        return _pair(max(0.0, centre - half), min(1.0, centre + half))


@dataclass(frozen=True)
class Binomial:
    """An interval for independent yes/no votes by statsmodels (``beta`` is Clopper-Pearson).

    With no success the low end is 0, with no failure the high end 1 (Brown, Cai and DasGupta 2001).
    """

    successes: float
    trials: float
    name: str

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        low, high = proportion_confint(self.successes, self.trials, alpha=1 - level, method=self.name)
        return _pair(0.0 if self.successes == 0 else low, 1.0 if self.successes == self.trials else high)


@dataclass(frozen=True)
class Fisher:
    """Interval of a correlation on Fisher's z scale: tanh(atanh r ± q · se_z), q normal or Student's."""

    standard_error_z: float
    degrees_of_freedom: float = np.inf

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval; the whole of [-1, 1] where the z scale gives no information."""
        if not np.isfinite(self.standard_error_z):
            return Interval(-1.0, 1.0)
        bounded = np.clip(estimate, -1 + 1e-15, 1 - 1e-15)
        half = quantile(level, self.degrees_of_freedom) * self.standard_error_z
        return _pair(np.tanh(np.arctanh(bounded) - half), np.tanh(np.arctanh(bounded) + half))


@dataclass(frozen=True, eq=False)
class Percentile:
    """Percentile interval of bootstrap replicates (first axis), stretched about the estimate.

    ``stretch`` widens a bootstrap over one kind of cluster by what another kind adds (1 leaves it). With
    finite ``degrees_of_freedom`` the ends move out by Student's quantile over the normal one, which a
    bootstrap of few clusters lacks (Hesterberg 2015).
    """

    replicates: FloatArray
    stretch: float = 1.0
    low: float = -np.inf
    high: float = np.inf
    degrees_of_freedom: float = np.inf

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        few = quantile(level, self.degrees_of_freedom) / quantile(level, np.inf)
        ends = np.quantile(self.replicates, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        ends = estimate + (ends - estimate) * (self.stretch * few)
        return _pair(*np.clip(ends, self.low, self.high))


@dataclass(frozen=True, eq=False)
class BiasCorrected:
    """Efron's (1987) bias-corrected percentile interval of one quantity, for few clusters widened.

    The quantiles move by twice what the replicates' middle lies off the estimate: redrawing adds noise to
    noisy votes, so that correlations of replicates are lower than the estimate as that is lower than the
    truth. With ``clusters`` the normal quantile is multiplied by Student's over the normal one and by
    sqrt(G/(G - 1)), which a bootstrap of few lacks (Hesterberg 2015).
    """

    replicates: FloatArray
    clusters: float = np.inf
    low: float = -np.inf
    high: float = np.inf

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        below = float((self.replicates < estimate).mean() + (self.replicates == estimate).mean() / 2)
        least = 1 / (len(self.replicates) + 1)
        middle = special.ndtri(np.clip(below, least, 1 - least))
        reach = quantile(level, np.inf)
        if np.isfinite(self.clusters):
            others = max(self.clusters - 1, 1)
            reach = quantile(level, others) * np.sqrt((others + 1) / others)
        low, high = np.quantile(self.replicates, special.ndtr([2 * middle - reach, 2 * middle + reach]))
        return Interval(float(max(min(low, estimate), self.low)), float(min(max(high, estimate), self.high)))


def percentile_of_clusters(
    replicates: FloatArray, clusters: int, low: float = -np.inf, high: float = np.inf
) -> Percentile:
    """Return the percentile rule of a bootstrap over so many clusters, widened for few.

    A bootstrap of G clusters has (G - 1)/G of the variance, and no Student quantile (Hesterberg 2015).
    """
    others = max(clusters - 1, 1)
    return Percentile(replicates, float(np.sqrt(max(clusters, 2) / others)), low, high, float(others))


@dataclass(frozen=True)
class Given:
    """An interval that does not depend on the level: the logical range of the quantity."""

    low: float
    high: float

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the range."""
        return Interval(self.low, self.high)
