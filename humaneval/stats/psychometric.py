"""Thresholds: how long must people look, or how strong must the flaw be, before they notice?

A psychometric function P(correct | level) = guess + (1 - guess - lapse) F(slope · (level - threshold)),
fitted by maximum likelihood to constant stimuli or a staircase's trials; the mean of reversals for
staircases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import expit, ndtr

from humaneval.stats.alike import is_alike
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.clusters import ALIKE_NOTE
from humaneval.stats.columns import IntArray, cells, encode, numbers, same_length, sums_by
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


def _density(z: FloatArray, shape: Shape) -> FloatArray:
    if shape == "normal":
        return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
    return np.asarray(expit(z) * expit(-z))


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

    def scores(self, parameters: FloatArray) -> FloatArray:
        """Return each row's derivatives of the log-likelihood by (threshold, log slope)."""
        slope = float(np.exp(parameters[1]))
        z = slope * (self.level - parameters[0])
        rise = 1 - self.guess - self.lapse
        p = np.clip(self.guess + rise * _cumulative(z, self.shape), 1e-12, 1 - 1e-12)
        by_chance = (self.correct - self.total * p) / (p * (1 - p)) * rise * _density(z, self.shape)
        return np.stack([-by_chance * slope, by_chance * z], axis=1)

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
    replicates: int = 0,
    seed: int = 0,
) -> Psychometric:
    """Return the threshold and slope of a rising psychometric function.

    ``correct`` is 0/1 a trial, or the number correct of ``total`` at each ``level`` (take logarithms of
    exposure times first). ``guess`` is the chance level (1/m for m alternatives, 0 for yes/no).
    With ``rater`` errors are a sandwich's clustered by rater, times G/(G - 1), with Student's quantile; with
    ``replicates`` too the interval is a bootstrap over raters; without raters, errors are the likelihood's.
    Raises NotEstimableError where performance does not rise with the level, or rises in a single step.
    Wichmann and Hill (2001). Own code: psignifit fits one observer, and clusters nothing.
    """
    same_length(correct=correct, level=level, total=total, rater=rater)
    levels, right = numbers(level, "level"), numbers(correct, "correct")
    trials = np.ones(len(right)) if total is None else numbers(total, "total")
    if (right < 0).any() or (right > trials).any():
        raise InputError("correct lies between 0 and total.")
    curve: dict[str, Any] = {"guess": guess, "lapse": lapse, "shape": shape}
    data = _pooled(levels, right, trials, **curve)[0]
    at = data.fit(_start(data, levels))
    slope = float(np.exp(at[1]))
    if data.flat_loss() - data.loss(at) < SMALLEST_RISE or slope * float(np.ptp(levels)) > 1e4:
        raise NotEstimableError("Performance does not rise measurably with the level: there is no threshold.")
    covariance = _covariance(data, at)
    spread = _likelihoods(covariance)
    if rater is not None and encode(rater).size > 1:
        raters = encode(rater).size
        by_rater, codes = _pooled(levels, right, trials, encode(rater).codes, **curve)
        spread = _clustered(by_rater, at, codes, covariance)
        if replicates and not spread.notes:
            draws = _bootstrap(by_rater, at, codes, replicates, seed)
            spread = _bootstrapped(draws, raters, spread, f"{replicates} replicates, seed {seed}")
    return Psychometric(
        estimate=float(at[0]),
        standard_error=float(np.sqrt(spread.covariance[0, 0])),
        n=round(float(trials.sum())),
        method=f"psychometric function ({shape}), {spread.method}",
        rule=spread.rule,
        clusters=spread.clusters,
        convention=spread.convention,
        notes=spread.notes,
        design_effect=float(spread.covariance[0, 0] / covariance[0, 0]),
        slope=slope,
        slope_error=slope * float(np.sqrt(spread.covariance[1, 1])),
        guess=guess,
        lapse=lapse,
        log_likelihood=-data.loss(at),
        shape=shape,
    )


def _pooled(
    level: FloatArray, right: FloatArray, trials: FloatArray, rater: IntArray | None = None, **curve: Any
) -> tuple[_Data, IntArray]:
    """Return the trials of one level (and rater) as one row, of the same likelihood; and whose each is."""
    at = encode(level)
    cell = cells(np.zeros(len(level), dtype=np.int64) if rater is None else rater, at.codes, at.size)
    correct, total = (sums_by(cell.codes, column, cell.size) for column in (right, trials))
    return _Data(at.labels[cell.labels % at.size], correct, total, **curve), cell.labels // at.size


@dataclass(frozen=True, eq=False)
class _Spread:
    """The covariance of (threshold, log slope) and what its interval is."""

    covariance: FloatArray
    rule: IntervalRule
    method: str
    convention: str
    clusters: dict[str, int]
    notes: tuple[str, ...] = ()


def _likelihoods(covariance: FloatArray) -> _Spread:
    note = "Trials are taken as independent; those of one rater are not."
    return _Spread(covariance, Symmetric(), "maximum likelihood", "normal", {}, (note,))


def _clustered(data: _Data, at: FloatArray, rater: np.ndarray, covariance: FloatArray) -> _Spread:
    """Return the sandwich over raters, or where they are alike the likelihood's covariance, and say so."""
    raters = int(rater.max()) + 1
    scores = data.scores(at)
    sums = np.stack([np.bincount(rater, column, raters) for column in scores.T], axis=1)
    sandwich = covariance @ (sums.T @ sums) @ covariance * raters / (raters - 1)
    rule, clusters = Symmetric(raters - 1.0), {"rater": raters}
    if is_alike(float(sandwich[0, 0]), float(covariance[0, 0])):
        method = "maximum likelihood, for raters are alike"
        return _Spread(covariance, rule, method, "Student t over raters", clusters, (ALIKE_NOTE,))
    return _Spread(sandwich, rule, "clustered by rater", "Student t over raters", clusters)


def _bootstrapped(draws: FloatArray, raters: int, sandwich: _Spread, how: str) -> _Spread:
    """Return a bootstrap's percentiles for the threshold; the slope keeps the sandwich's error."""
    rule = percentile_of_clusters(draws, raters)
    covariance = sandwich.covariance.copy()
    covariance[0, 0] = float(draws.var(ddof=1)) * rule.stretch**2
    convention = "percentile, widened for few raters"
    return _Spread(covariance, rule, f"bootstrap over raters ({how})", convention, {"rater": raters})


def _start(data: _Data, levels: FloatArray) -> FloatArray:
    """Return the best of a few parameters about the levels of the trials."""
    spread = max(float(levels.std()), 1e-12)
    grid = [
        np.array([threshold, np.log(slope / spread)])
        for threshold in np.quantile(levels, [0.1, 0.3, 0.5, 0.7, 0.9])
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
