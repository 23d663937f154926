"""How much raters' exposures differ, and how steeply they come to see, measured from a pilot's timed votes.

Each rater has a threshold of their own, normal on log exposure, and all have one slope: a logistic mixed
model by maximum likelihood, over raters' thresholds by quadrature. The likelihood holds for staircases too,
whose exposures follow from the answers before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import logsumexp

from humaneval.stats.columns import encode, numbers, same_length, sums_by
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.psychometric import SMALLEST_RISE
from humaneval.stats.results import FloatArray

GUESS = 0.5
_STEP = 0.01
"""Exposures are pooled to a hundredth of their logarithm."""
_NODES = np.linspace(-4, 4, 161)
_STEEPEST = 50.0


@dataclass(frozen=True, kw_only=True)
class PilotExposures:
    """The mean and the deviation of raters' log exposures at 75% right, and the slope of each one's curve."""

    threshold: float
    deviation: float
    slope: float


def exposures_of_pilot(correct: ArrayLike, *, level: ArrayLike, rater: ArrayLike) -> PilotExposures:
    """Return how raters' thresholds on ``level`` (log exposures) lie; ``correct`` is 1 or 0.

    Raises NotEstimableError where one rater voted, or where raters are not right more often the longer they
    look.
    """
    same_length(correct=correct, level=level, rater=rater)
    right, at, who = (
        numbers(correct, "correct"),
        encode(np.round(numbers(level, "level") / _STEP)),
        encode(rater),
    )
    if who.size < 2:
        raise NotEstimableError("The pilot has fewer than two raters: it does not say how much they differ.")
    cell = who.codes * at.size + at.codes
    shape = (who.size, at.size)
    yes, no = (sums_by(cell, part, who.size * at.size).reshape(shape) for part in (right, 1 - right))
    levels = at.labels * _STEP

    def loss(parameters: FloatArray) -> float:
        threshold, deviation, slope = parameters[0], *np.exp(parameters[1:])
        own = threshold + deviation * _NODES
        chance = GUESS + (1 - GUESS) / (1 + np.exp(-np.clip(slope * (levels[:, None] - own), -30, 30)))
        log_chance = yes @ np.log(chance) + no @ np.log1p(-chance)
        return -float(logsumexp(log_chance - _NODES**2 / 2, axis=1).sum())

    start = [np.array([float(np.median(levels)), np.log(0.3), np.log(slope)]) for slope in (1.0, 3.0, 9.0)]
    options = {"xatol": 1e-5, "fatol": 1e-7, "maxiter": 2000}
    best = optimize.minimize(loss, min(start, key=loss), method="Nelder-Mead", options=options).x
    slope = float(np.exp(best[2]))
    if _flat_loss(right, who.size) - loss(best) < SMALLEST_RISE or slope > _STEEPEST:
        raise NotEstimableError("The pilot's raters are not right more often the longer they look.")
    return PilotExposures(threshold=float(best[0]), deviation=float(np.exp(best[1])), slope=slope)


def _flat_loss(right: FloatArray, raters: int) -> float:
    """Return the negative log-likelihood of one chance for all, at least the guess, over the same nodes."""
    chance = float(np.clip(right.mean(), GUESS, 1 - 1e-12))
    alone = float(right.sum() * np.log(chance) + (1 - right).sum() * np.log1p(-chance))
    return -alone - raters * float(logsumexp(-(_NODES**2) / 2))
