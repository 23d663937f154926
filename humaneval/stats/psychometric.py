"""Thresholds: how long must people look, or how strong must the flaw be, before they notice?

A psychometric function P(correct | level) = guess + (1 - guess - lapse) F(slope · (level - threshold)),
fitted by maximum likelihood to constant stimuli or a staircase's trials; the mean of reversals for
staircases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import expit, ndtr

from humaneval.stats.alike import is_alike
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.clusters import ALIKE_NOTE
from humaneval.stats.columns import encode, numbers, same_length
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Symmetric, percentile_of_clusters
from humaneval.stats.results import FloatArray, IntervalRule, Result

Shape = Literal["logistic", "normal"]
SMALLEST_RISE = 1.35
"""Log-likelihood that a rising curve must gain over a flat one (5% one-sided)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Psychometric(Result[float]):
    """The threshold: the level where F is one half, that is (1 + guess - lapse)/2 correct."""

    slope: float
    slope_error: float
    guess: float
    lapse: float
    log_likelihood: float
    shape: Shape

    def probability(self, level: ArrayLike) -> FloatArray:
        """Return the chance of a correct answer at these levels."""
        return _curve(
            np.asarray(level, dtype=float), self.estimate, self.slope, self.guess, self.lapse, self.shape
        )

    def level_for(self, probability: float) -> float:
        """Return the level at which this share is correct."""
        share = (probability - self.guess) / (1 - self.guess - self.lapse)
        if not 0 < share < 1:
            raise InputError(f"The curve runs from {self.guess:g} to {1 - self.lapse:g}.")
        found = optimize.brentq(lambda z: _cumulative(np.asarray(z), self.shape) - share, -40, 40)
        return float(self.estimate + found / self.slope)


def _cumulative(z: FloatArray, shape: Shape) -> FloatArray:
    return np.asarray(expit(z) if shape == "logistic" else ndtr(z))


def _curve(
    level: FloatArray, threshold: float, slope: float, guess: float, lapse: float, shape: Shape
) -> FloatArray:
    return np.asarray(guess + (1 - guess - lapse) * _cumulative(slope * (level - threshold), shape))


@dataclass(frozen=True, eq=False)
class _Data:
    level: FloatArray
    correct: FloatArray
    total: FloatArray
    guess: float
    lapse: float
    shape: Shape

    def loss(self, parameters: FloatArray) -> float:
        """Return the negative log-likelihood of (threshold, log slope)."""
        p = _curve(
            self.level, parameters[0], float(np.exp(parameters[1])), self.guess, self.lapse, self.shape
        )
        p = np.clip(p, 1e-12, 1 - 1e-12)
        return -float(self.correct @ np.log(p) + (self.total - self.correct) @ np.log1p(-p))

    def flat_loss(self) -> float:
        """Return the negative log-likelihood of one chance for every level, at least the guess."""
        p = float(np.clip(self.correct.sum() / self.total.sum(), max(self.guess, 1e-12), 1 - 1e-12))
        return -float(self.correct.sum() * np.log(p) + (self.total - self.correct).sum() * np.log1p(-p))

    def fit(self, start: FloatArray) -> FloatArray:
        """Return the parameters with the highest likelihood found from ``start``."""
        options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}
        return np.asarray(optimize.minimize(self.loss, start, method="Nelder-Mead", options=options).x)


def psychometric(
    correct: ArrayLike,
    *,
    level: ArrayLike,
    total: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    guess: float = 0.5,
    lapse: float = 0.0,
    shape: Shape = "logistic",
    replicates: int = 200,
    seed: int = 0,
) -> Psychometric:
    """Return the threshold and slope of a rising psychometric function.

    ``correct`` is 0/1 a trial, or the number correct of ``total`` at each ``level`` (take logarithms of
    exposure times first). ``guess`` is the chance level (1/m for m alternatives, 0 for yes/no).
    With ``rater`` the interval is a bootstrap over raters; without, errors are the likelihood's.
    Raises NotEstimableError where performance does not rise with the level, or rises in a single step.
    """
    same_length(correct=correct, level=level, total=total, rater=rater)
    levels, right = numbers(level, "level"), numbers(correct, "correct")
    trials = np.ones(len(right)) if total is None else numbers(total, "total")
    if (right < 0).any() or (right > trials).any():
        raise InputError("correct lies between 0 and total.")
    data = _Data(levels, right, trials, guess, lapse, shape)
    at = data.fit(_start(data))
    slope = float(np.exp(at[1]))
    if data.flat_loss() - data.loss(at) < SMALLEST_RISE or slope * float(np.ptp(levels)) > 1e4:
        raise NotEstimableError("Performance does not rise measurably with the level: there is no threshold.")
    covariance = _covariance(data, at)
    error = float(np.sqrt(covariance[0, 0]))
    rule: IntervalRule = Symmetric()
    clusters: dict[str, int] = {}
    method, convention = "maximum likelihood", "normal"
    notes: tuple[str, ...] = ("Trials are taken as independent; those of one rater are not.",)
    if rater is not None and encode(rater).size > 1:
        draws = _bootstrap(data, at, encode(rater).codes, replicates, seed)
        raters = encode(rater).size
        clusters, notes = {"rater": raters}, ()
        spread = percentile_of_clusters(draws, raters)
        if is_alike(float(draws.var(ddof=1)) * spread.stretch**2, error**2):
            rule, notes = Symmetric(raters - 1.0), (ALIKE_NOTE,)
            method, convention = "maximum likelihood, for raters are alike", "Student t over raters"
        else:
            rule, error = spread, float(draws.std(ddof=1)) * spread.stretch
            method = f"bootstrap over raters ({replicates} replicates, seed {seed})"
            convention = "percentile, widened for few raters"
    return Psychometric(
        estimate=float(at[0]),
        standard_error=error,
        n=round(float(trials.sum())),
        method=f"psychometric function ({shape}), {method}",
        rule=rule,
        clusters=clusters,
        convention=convention,
        notes=notes,
        slope=slope,
        slope_error=slope * float(np.sqrt(covariance[1, 1])),
        guess=guess,
        lapse=lapse,
        log_likelihood=-data.loss(at),
        shape=shape,
    )


def _start(data: _Data) -> FloatArray:
    spread = max(float(data.level.std()), 1e-12)
    grid = [
        np.array([threshold, np.log(slope / spread)])
        for threshold in np.quantile(data.level, [0.1, 0.3, 0.5, 0.7, 0.9])
        for slope in (0.5, 1.5, 4.0)
    ]
    return min(grid, key=data.loss)


def _bootstrap(data: _Data, at: FloatArray, rater: np.ndarray, replicates: int, seed: int) -> FloatArray:
    draws = multiplicities(int(rater.max()) + 1, replicates, np.random.default_rng(seed))
    values = []
    for weight in draws:
        per = weight[rater]
        again = _Data(data.level, data.correct * per, data.total * per, data.guess, data.lapse, data.shape)
        values.append(again.fit(at)[0])
    return np.asarray(values)


def _covariance(data: _Data, at: FloatArray) -> FloatArray:
    """Return the inverse curvature, or raise where the likelihood has no peak but a ridge."""
    hessian = _hessian(data.loss, at)
    scale = np.sqrt(np.maximum(np.diag(hessian), 0.0))
    if scale.min() <= 0 or abs(hessian[0, 1]) > (1 - 1e-7) * scale.prod():
        raise NotEstimableError(
            "Performance rises in one step between two levels: any steep enough curve fits, so that neither "
            "threshold nor slope has an error. Show levels between them."
        )
    return np.asarray(np.linalg.inv(hessian))


def _hessian(loss, at: FloatArray) -> FloatArray:  # type: ignore[no-untyped-def]
    step = np.array([1e-4 * max(abs(at[0]), 1e-2), 1e-4])
    unit = np.diag(step)
    hessian = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            value = loss(at + unit[i] + unit[j]) - loss(at + unit[i] - unit[j])
            value += loss(at - unit[i] - unit[j]) - loss(at - unit[i] + unit[j])
            hessian[i, j] = value / (4 * step[i] * step[j])
    return hessian


def staircase_threshold(level: ArrayLike, *, rater: ArrayLike, skip: int = 2) -> Result[float]:
    """Return the mean over raters of the mean level at their staircases' reversals (Levitt 1971).

    ``level`` in the order of the trials; the first ``skip`` reversals of each rater are left out. The
    interval is Student's t over raters. Which share correct it tracks depends on the staircase's rule.
    """
    same_length(level=level, rater=rater)
    levels, who = numbers(level, "level"), encode(rater)
    kept = [reversals(levels[who.codes == code])[skip:] for code in range(who.size)]
    kept = [found for found in kept if len(found)]
    means = [float(found.mean()) for found in kept]
    if len(means) < 2:
        raise NotEstimableError(f"Fewer than two raters have more than {skip} reversals.")
    values = np.asarray(means)
    left_out = who.size - len(values)
    notes: tuple[str, ...] = (
        (f"{left_out} raters had too few reversals and are left out.",) if left_out else ()
    )
    error, own = float(values.std(ddof=1) / np.sqrt(len(values))), _error_within(kept)
    if is_alike(error**2, own**2):
        error = own
        notes += ("The raters' means agree exactly; their own reversals' spread is used.",)
    if error <= 1e-12 * float(np.ptp(levels)):
        raise NotEstimableError("All reversals are at one level: nothing is known about their spread.")
    return Result(
        estimate=float(values.mean()),
        standard_error=error,
        n=len(levels),
        method=f"mean of staircase reversals after the first {skip}",
        rule=Symmetric(len(values) - 1.0),
        clusters={"rater": len(values)},
        convention="Student t over raters",
        notes=notes,
    )


def _error_within(kept: list[FloatArray]) -> float:
    """Return the error of the mean of raters' means from the spread of reversals about their own means."""
    free = sum(len(found) - 1 for found in kept)
    spread = sum(float(((found - found.mean()) ** 2).sum()) for found in kept) / max(free, 1)
    return float(np.sqrt(spread * sum(1 / len(found) for found in kept))) / len(kept)


def reversals(level: FloatArray) -> FloatArray:
    """Return the levels at which a staircase turned."""
    steps = np.diff(level)
    moved = np.flatnonzero(steps != 0)
    signs = np.sign(steps[moved])
    turned = np.flatnonzero(signs[1:] != signs[:-1])
    return np.asarray(level[moved[turned + 1]])
