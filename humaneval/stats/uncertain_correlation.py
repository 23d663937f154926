"""Correlations over systems when both columns are uncertain and the systems are few.

Three sources of chance: which raters and items were asked, how noisy the score is, and which systems happened
to be compared. The first two are drawn from what is known of them (the joint distribution of the human
estimates, the score's standard error); with them alone the interval is about *these* systems. For systems
*like* these the interval for the sampling of so few (:func:`humaneval.stats.correlation`) is joined to it,
which holds its level where redrawing five or six systems does not (redrawn ones repeat, and look like
agreement).

Noise draws a correlation towards 0, and drawing noise anew does so again: the draws lie nearer to 0 than the
estimate, and the estimate nearer than what it estimates, the correlation of what people and score would say
without noise. So an end away from 0 is divided by the highest correlation that such noise lets be seen
(Spearman 1904's attenuation); the end towards 0 stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata

from humaneval.stats.columns import numbers, same_length
from humaneval.stats.correlations import correlation
from humaneval.stats.errors import InputError
from humaneval.stats.permutations import Kind
from humaneval.stats.results import FloatArray, Interval

FEWEST_SYSTEMS = {"pearson": 4, "spearman": 4, "kendall": 5}
"""Below these nothing is known of systems like these: the interval is all of [-1, 1]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class UncertainCorrelation:
    """A correlation with two intervals and a p-value.

    ``these`` is about the very systems compared (people and score redrawn), ``like_these`` about systems like
    them. ``positive`` is the share of draws above 0. ``pvalue`` is that of no association over systems.
    """

    estimate: float
    these: Interval[float]
    like_these: Interval[float]
    positive: float
    pvalue: float
    systems: int
    kind: Kind
    method: str
    notes: tuple[str, ...] = ()
    draws: FloatArray = field(repr=False)


def uncertain_correlation(
    human: ArrayLike,
    score: ArrayLike,
    *,
    human_draws: ArrayLike,
    score_error: ArrayLike | None = None,
    kind: Kind = "spearman",
    level: float = 0.95,
    seed: int = 0,
) -> UncertainCorrelation:
    """Return the correlation of human estimates and scores, one a system.

    ``human_draws`` (draws, systems) come from the joint distribution of the estimates; ``score_error`` holds
    standard errors (NaN where unknown). Raises NotEstimableError where a column does not vary.
    """
    n = same_length(human=human, score=score, score_error=score_error)
    people, scores = numbers(human, "human"), numbers(score, "score")
    drawn = np.asarray(human_draws, dtype=np.float64)
    if drawn.ndim != 2 or drawn.shape[1] != n:
        raise InputError(f"human_draws has a row a draw and {n} columns, one a system.")
    found = correlation(people, scores, kind=kind)
    given = np.full(n, np.nan) if score_error is None else np.asarray(score_error, dtype=float)
    errors = np.where(np.isfinite(given), given, 0.0)
    noisy = scores + errors * np.random.default_rng(seed).standard_normal(drawn.shape)
    draws = rowwise_correlations(drawn, noisy, kind)
    kept = draws[np.isfinite(draws)]
    low, high = np.quantile(kept, [0.5 - level / 2, 0.5 + level / 2]) if len(kept) > 1 else (-1.0, 1.0)
    ceiling = _ceiling(people, drawn, scores, errors)
    sampled, these = found.confidence_interval(level), Interval(float(low), float(high))
    like_these = _widened(found.estimate, sampled, these, known=n >= FEWEST_SYSTEMS[kind])
    return UncertainCorrelation(
        estimate=found.estimate,
        these=_outward(these, ceiling),
        like_these=_outward(like_these, ceiling),
        positive=float((kept > 0).mean()) if len(kept) else float("nan"),
        pvalue=float(found.pvalue),
        systems=n,
        kind=kind,
        method=(
            f"{found.method}; people redrawn from their joint distribution and {_redrawn(given)} "
            f"({len(drawn)} draws, seed {seed}), joined with the sampling of systems (MOVER), ends away from "
            "0 divided by what noise lets be seen of a perfect correlation"
        ),
        notes=found.notes,
        draws=draws,
    )


def _redrawn(given: FloatArray) -> str:
    """Return in words how much of a score was redrawn: only what has a standard error can be."""
    known = int(np.isfinite(given).sum())
    if known == len(given):
        return "the score with its standard error"
    if not known:
        return "the score as it is, its standard error not being known"
    return f"the score with its standard error where one is known ({known} of {len(given)})"


def _widened(estimate: float, *intervals: Interval[float], known: bool) -> Interval[float]:
    """Return the interval of independent errors together: MOVER, by Zou and Donner (2008).

    On each side the distances from the estimate to the separate intervals' ends are joined as a root of
    squares; that keeps their asymmetry, and stays finite where every draw agrees. All of [-1, 1] where
    nothing is known.
    """
    if not known:
        return Interval(-1.0, 1.0)
    below = math.hypot(*(max(estimate - one.low, 0.0) for one in intervals))
    above = math.hypot(*(max(one.high - estimate, 0.0) for one in intervals))
    return Interval(max(estimate - below, -1.0), min(estimate + above, 1.0))


def _ceiling(people: FloatArray, drawn: FloatArray, scores: FloatArray, errors: FloatArray) -> float:
    """Return the root of both columns' reliability: the shares of their variance that are not noise."""
    of_people = _noise(drawn - people) / float(people.var(ddof=1))
    of_scores = float((errors**2).mean()) / float(scores.var(ddof=1))
    return math.sqrt(max(0.0, 1 - of_people) * max(0.0, 1 - of_scores))


def _noise(away: FloatArray) -> float:
    """Return the expected variance over systems (columns) of noise that was drawn so (a row a draw).

    What moves all systems alike is no noise here. Draws may have Student's tails (few raters), whose own
    variance is larger than the noise's or infinite: so variances are taken from quartiles.
    """
    apart = away - away.mean(axis=1, keepdims=True)
    low, high = np.quantile(apart, [0.25, 0.75], axis=0)
    deviation = (high - low) / (2 * norm.ppf(0.75))
    return float((deviation**2).sum() / (len(deviation) - 1))


def _outward(ends: Interval[float], ceiling: float) -> Interval[float]:
    """Return an interval with its ends away from 0 divided by the ceiling, within [-1, 1]."""
    low = max(-1.0, ends.low / ceiling if ceiling > 0 else -1.0) if ends.low < 0 else ends.low
    high = min(1.0, ends.high / ceiling if ceiling > 0 else 1.0) if ends.high > 0 else ends.high
    return Interval(low, high)


def rowwise_correlations(x: FloatArray, y: FloatArray, kind: Kind) -> FloatArray:
    """Return the correlation of each row of ``x`` with the same row of ``y``; NaN where one does not vary."""
    if kind == "kendall":
        return _rowwise_tau(x, y)
    if kind == "spearman":
        x, y = rankdata(x, axis=1), rankdata(y, axis=1)
    a, b = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    room = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.asarray(_ratio((a * b).sum(axis=1), room))


def _rowwise_tau(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return Kendall's tau-b of each row."""
    first, second = np.triu_indices(x.shape[1], 1)
    a, b = np.sign(x[:, first] - x[:, second]), np.sign(y[:, first] - y[:, second])
    room = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.asarray(_ratio((a * b).sum(axis=1), room))


def _ratio(top: FloatArray, room: NDArray[np.floating]) -> FloatArray:
    return np.asarray(np.divide(top, room, out=np.full(len(top), np.nan), where=room > 1e-300))
