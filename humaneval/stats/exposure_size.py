"""What a study of timed votes can tell of the exposure that raters need.

With constant stimuli it is the threshold of one psychometric function fitted to all raters' votes: raters'
thresholds, log-normal, make that function flatter, and their scores' variance over it is the sandwich's,
here by quadrature. With staircases it is the mean of raters' own exposures, drawn from many that are given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import stats
from scipy.special import expit

from humaneval.stats.errors import InputError
from humaneval.stats.psychometric import psychometric
from humaneval.stats.results import FloatArray
from humaneval.stats.study_size import LEVEL, Aim, Size, power_of_t, some_effect

GUESS = 0.5
STUDIES, MOST_DRAWN = 4000, 300
"""Studies that are drawn, and their raters at most: the sums of more are normal."""
_NODES = 80
_MANY = 1e6
"""Trials a level that stand for the expected shares, so that a fit to them is the limit of fits."""


def slope_of(rise: float) -> float:
    """Return the slope, on log exposure, of a curve right 90% of the time at ``rise`` times where it is 75%.

    F is 0.8 there: its log odds are log 4.
    """
    if rise <= 1:
        raise InputError("Somebody is right more often the longer they look: the rise is above 1.")
    return math.log(4) / math.log(rise)


def rise_of(slope: float) -> float:
    """Return the ratio of the exposures for 90% and 75% right of a curve of this slope on log exposure."""
    return math.exp(math.log(4) / slope)


def log_deviation(spread: float) -> float:
    """Return the standard deviation of the logarithm where it is ``spread`` times the mean (log-normal)."""
    return math.sqrt(math.log1p(spread**2))


def spread_of(deviation: float) -> float:
    """Return the standard deviation over the mean where that of the logarithm is ``deviation``."""
    return math.sqrt(math.expm1(deviation**2))


@dataclass(frozen=True, kw_only=True)
class ExpectedThreshold:
    """What is expected of constant stimuli at these ``levels`` (ms), each shown equally often.

    ``effect``: the exposure (ms) at which 75% are right, ``reference`` the one to tell it from. ``rater``:
    the standard deviation of raters' own, over the mean. ``rise``: see :func:`slope_of`.
    """

    effect: float
    reference: float
    rater: float
    rise: float
    levels: tuple[int, ...]

    def check(self, aim: Aim) -> None:
        """See :meth:`humaneval.stats.study_size.Estimand.check`."""
        if not min(self.levels) < self.effect < max(self.levels):
            raise InputError(
                f"The expected exposure lies between the shortest ({min(self.levels)} ms) and the longest "
                f"({max(self.levels)} ms) that are shown."
            )
        some_effect(aim, self.effect, self.reference)

    def width(self, size: Size) -> float:
        """Return the expected width of the threshold's interval, in ms."""
        away = stats.t.ppf(0.5 + LEVEL / 2, size.raters - 1) * self.error(size)
        return float(2 * self.effect * np.sinh(away))

    def power(self, size: Size) -> float:
        """Return the power to tell the threshold from the reference."""
        return power_of_t(math.log(self.effect / self.reference) / self.error(size), size.raters - 1)

    def error(self, size: Size) -> float:
        """Return the standard error of the logarithm of the threshold."""
        slope, deviation = slope_of(self.rise), log_deviation(self.rater)
        by_rater, by_vote = _variances(math.log(self.effect), slope, deviation, self.levels)
        return math.sqrt((by_rater + by_vote / size.votes_each) / size.raters)


@lru_cache(maxsize=64)
def _variances(
    threshold: float, slope: float, deviation: float, levels: tuple[int, ...]
) -> tuple[float, float]:
    """Return the variances of the fitted threshold that one rater, and one vote of a known rater, bring."""
    level = np.log(levels)
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    own = threshold + deviation * node
    right = GUESS + (1 - GUESS) * expit(slope * (level - own[:, None]))
    mean = weight @ right / weight.sum()
    scores, bread = _fitted(level, mean)
    shift = (right - mean) @ scores.T @ bread / len(level)
    spread = (weight @ (right * (1 - right)) / weight.sum()) / len(level)
    rest = bread @ (scores * spread) @ scores.T @ bread
    centre = weight @ shift[:, 0] / weight.sum()
    return float(weight @ (shift[:, 0] - centre) ** 2 / weight.sum()), float(rest[0, 0])


def _fitted(level: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the scores (2, L) of a right answer over its chance at the curve nearest to the mean, per vote,
    and the inverse of a vote's information."""
    fit = psychometric(mean * _MANY, level=level, total=np.full(len(level), _MANY), guess=GUESS)
    z = fit.slope * (level - fit.estimate)
    chance = fit.probability(level)
    by_chance = (1 - GUESS) * expit(z) * expit(-z) / (chance * (1 - chance))
    scores = np.stack([-fit.slope * by_chance, z * by_chance])
    information = (scores * (chance * (1 - chance)) / len(level)) @ scores.T
    return scores, np.linalg.inv(information)


@dataclass(frozen=True, kw_only=True, eq=False)
class ExpectedExposures:
    """What is expected of raters' own exposures (ms), of which the study's is the mean.

    ``scores`` are those of many raters where ``effect`` is expected; ``reference`` is the exposure to tell it
    from. Scores are skewed, so that studies of few raters are drawn from them, the same for all sizes. The
    bootstrap over raters is taken to its second order: the mean and z standard errors, shifted by
    skewness (z^2 - 1) / (6 sqrt R) of one (Hall 1992, The Bootstrap and Edgeworth Expansion).
    """

    effect: float
    reference: float
    scores: FloatArray

    def check(self, aim: Aim) -> None:
        """See :meth:`humaneval.stats.study_size.Estimand.check`."""
        some_effect(aim, self.effect, self.reference)

    def width(self, size: Size) -> float:
        """Return the expected width of the mean's interval, in ms."""
        _mean, error, _skewness = self._studies(size.raters)
        return float(2 * _normal() * error.mean())

    def power(self, size: Size) -> float:
        """Return the chance that the interval leaves the reference out."""
        mean, error, skewness = self._studies(size.raters)
        reach = _normal()
        shift = skewness * (reach**2 - 1) / (6 * math.sqrt(size.raters))
        low, high = mean + (shift - reach) * error, mean + (shift + reach) * error
        return float(np.mean((low > self.reference) | (high < self.reference)))

    def _studies(self, raters: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the mean, its standard error (of R, not R - 1) and the scores' skewness of each study."""
        first, second, third = self._means_of_powers(raters)
        variance = np.maximum(second - first**2, 1e-12)
        skewness = (third - 3 * first * variance - first**3) / variance**1.5
        return first + self.scores.mean(), np.sqrt(variance / raters), skewness

    def _means_of_powers(self, raters: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the mean powers of each study's scores, which are normal together where raters are many."""
        if raters <= MOST_DRAWN:
            first, second, third = (powers[:, raters - 1] / raters for powers in self._sums)
            return first, second, third
        away = self.scores - self.scores.mean()
        powers = np.stack([away, away**2, away**3])
        root = np.linalg.cholesky(np.cov(powers) + np.diag(powers.var(axis=1) * 1e-9))
        drawn = root @ np.random.default_rng(0).normal(size=(3, STUDIES)) / math.sqrt(raters)
        means = powers.mean(axis=1)[:, None] + drawn
        return means[0], means[1], means[2]

    @cached_property
    def _sums(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return running sums of the first powers of each study's scores, about the mean of all."""
        drawn = np.random.default_rng(0).choice(self.scores, size=(STUDIES, MOST_DRAWN)) - self.scores.mean()
        first, second, third = (np.cumsum(drawn**power, axis=1) for power in (1, 2, 3))
        return first, second, third


def _normal() -> float:
    return float(stats.norm.ppf(0.5 + LEVEL / 2))
