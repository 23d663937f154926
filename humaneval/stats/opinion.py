"""Likert scales and sliders: mean opinion scores and the answers behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.alike import one_error
from humaneval.stats.clusters import ClusterVariance, cluster_variance, mean_influence
from humaneval.stats.columns import encode, numbers, same_length, sums_by, weights
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Given, Symmetric
from humaneval.stats.items import Repeating, as_items
from humaneval.stats.results import FloatArray, IntervalRule, Result


@dataclass(frozen=True, kw_only=True)
class MeanOpinionScore(Result[float]):
    """The mean answer; ``standard_deviation`` is that of single answers, ``points`` the scale's ends."""

    standard_deviation: float
    points: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class AnswerDistribution:
    """How the answers fall: ``categories`` (sorted), their ``counts`` and ``shares`` (they sum to 1)."""

    categories: FloatArray
    counts: FloatArray
    shares: FloatArray
    n: int

    def top_box(self, boxes: int = 1) -> float:
        """Return the share of answers in the highest ``boxes`` categories (for an interval: ``rate``)."""
        return float(self.shares[len(self.shares) - boxes :].sum())


def mean_opinion_score(
    answer: ArrayLike,
    *,
    rater: ArrayLike | None = None,
    item: Repeating | None = None,
    weight: ArrayLike | None = None,
    points: tuple[float, float] | None = None,
) -> MeanOpinionScore:
    """Return the mean answer with a Student t interval clustered by rater and item.

    ``points`` gives the ends of the scale, for example (1, 5): the interval is cut there, and where the
    votes say nothing about their spread (one vote, or all alike) it is the whole scale. Without
    ``points`` such votes raise NotEstimableError. Raters who agree exactly get the variance of independent
    votes, and ``notes`` say so. Two-way clustering where items (one a vote, or several) repeat across raters,
    else by rater (CR2 with Satterthwaite degrees of freedom, Bell and McCaffrey 2002).
    """
    n = same_length(answer=answer, rater=rater, item=item, weight=weight)
    votes, weight_of = numbers(answer, "answer"), weights(weight, n)
    _check_points(votes, points)
    mean, influence = mean_influence(votes, weight_of)
    variance = cluster_variance(
        influence, None if rater is None else encode(rater), as_items(item)
    ).or_independent()
    rule, notes = _mean_rule(variance, points)
    return MeanOpinionScore(
        estimate=mean,
        standard_error=float(np.sqrt(variance.variance)) or one_error(rule, mean),
        n=n,
        method=f"mean, {variance.method}",
        rule=rule,
        clusters=variance.clusters,
        convention="Student t" if not isinstance(rule, Given) else "the whole scale",
        notes=variance.notes + notes,
        design_effect=variance.design_effect,
        standard_deviation=_standard_deviation(votes, weight_of, mean),
        points=points,
    )


def _check_points(votes: FloatArray, points: tuple[float, float] | None) -> None:
    if points is not None and (votes.min() < points[0] or votes.max() > points[1]):
        raise InputError(
            f"Answers from {votes.min():g} to {votes.max():g} do not fit a scale "
            f"from {points[0]:g} to {points[1]:g}."
        )


def _mean_rule(
    variance: ClusterVariance, points: tuple[float, float] | None
) -> tuple[IntervalRule, tuple[str, ...]]:
    low, high = points if points is not None else (-np.inf, np.inf)
    if variance.variance > 0:
        freedom = variance.degrees_of_freedom if variance.degrees_of_freedom > 0 else np.inf
        return Symmetric(freedom, low, high), ()
    if points is None:
        raise NotEstimableError(
            "The answers do not vary, so nothing is known about their spread: collect more "
            "votes, or give points= (the ends of the scale) for an interval over the whole scale."
        )
    note = "The answers do not vary, so the interval is the whole scale."
    return Given(low, high), (note,)


def _standard_deviation(votes: FloatArray, weight: FloatArray, mean: float) -> float:
    total = weight.sum()
    squares = float(weight @ (votes - mean) ** 2)
    return float(np.sqrt(squares / (total - 1))) if total > 1 else 0.0


def answer_distribution(
    answer: ArrayLike, *, categories: ArrayLike | None = None, weight: ArrayLike | None = None
) -> AnswerDistribution:
    """Return counts and shares of each category (``categories`` also lists those never chosen)."""
    n = same_length(answer=answer, weight=weight)
    votes = numbers(answer, "answer")
    known = np.unique(votes) if categories is None else np.unique(numbers(categories, "categories"))
    if not np.isin(votes, known).all():
        raise InputError("Some answers are not among the categories.")
    counts = sums_by(np.searchsorted(known, votes), weights(weight, n), len(known))
    return AnswerDistribution(categories=known, counts=counts, shares=counts / counts.sum(), n=n)
