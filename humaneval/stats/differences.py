"""Differences between two conditions' means or rates, paired wherever raters or items answered both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.proportion import confint_proportions_2indep

from humaneval.stats.clusters import ClusterVariance, Influence, cluster_variance
from humaneval.stats.columns import encode, numbers, same_length, sums_by, weights
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Symmetric, two_sided
from humaneval.stats.items import as_items
from humaneval.stats.rates import zero_one
from humaneval.stats.results import FloatArray, Interval, IntervalRule, Tested
from humaneval.stats.tables import counts_table, only_counts, rows_and_columns

EXACT = 1e-9
"""Pairing may make a difference far surer than its parts; below this share of their variance it is 0."""


@dataclass(frozen=True, kw_only=True)
class Difference(Tested[float]):
    """The first condition's mean (or rate) minus the second's; ``pvalue`` tests a difference of 0."""

    conditions: tuple[Any, Any]
    means: tuple[float, float]


@dataclass(frozen=True)
class Newcombe:
    """Newcombe's (1998) hybrid score interval for independent rates; counts are yes, n, yes, n."""

    counts: tuple[float, float, float, float]

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval, by statsmodels."""
        low, high = confint_proportions_2indep(
            *self.counts, method="newcomb", compare="diff", alpha=1 - level
        )
        return Interval(float(low), float(high))


def rate_difference(
    answer: ArrayLike | None = None,
    *,
    condition: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    conditions: tuple[Any, Any] | None = None,
    method: Literal["clustered", "newcombe"] = "clustered",
) -> Difference:
    """Return the rate of one condition minus another's (``answer`` is 0/1, one value a vote).

    ``conditions`` names the two (default: the two present, in sorted order). Raters and items that answered
    for both are clusters across both, so that pairing narrows the interval as it should. ``newcombe`` is the
    hybrid score interval for independent votes, which a ready 2 x 2 table ``counts`` gets, too (rows: the two
    conditions; columns: yes, no).
    """
    if counts is not None:
        only_counts(answer=answer, condition=condition, rater=rater, item=item, weight=weight)
        table = counts_table(counts, "a 2 x 2 table (rows: conditions; columns: yes, no)", (2, 2))
        row, column = rows_and_columns(table)
        answer, condition, method = 1 - column, np.asarray(conditions or (0, 1))[row], "newcombe"
    if answer is None or condition is None:
        raise InputError("Give the votes (answer= and condition=), or their counts=.")
    pair = _pair_of(zero_one(answer), condition, rater, item, weight, conditions)
    if method == "newcombe":
        return _newcombe(pair, "difference of rates, independent votes (Newcombe)", (), 1.0)
    variance = pair.variance()
    if variance.variance <= EXACT * variance.independent or variance.degrees_of_freedom == 0:
        note = "The clusters do not differ within either condition; votes are taken as independent."
        return _newcombe(pair, "difference of rates, Newcombe", (*variance.notes, note), None)
    return pair.difference(variance, "difference of rates", 1.0)


def mean_difference(
    answer: ArrayLike,
    *,
    condition: ArrayLike,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    conditions: tuple[Any, Any] | None = None,
) -> Difference:
    """Return one condition's mean score minus another's, paired by the raters and items they share.

    As :func:`rate_difference`, for any numeric answer. Raises NotEstimableError where no vote differs from
    its condition's mean, for then nothing is known about the spread.
    """
    pair = _pair_of(numbers(answer, "answer"), condition, rater, item, weight, conditions)
    variance = pair.variance()
    if variance.independent <= 0:
        raise NotEstimableError(
            "The answers of each condition are all alike: the difference has no estimable uncertainty."
        )
    if variance.variance <= EXACT * variance.independent or variance.degrees_of_freedom == 0:
        variance = replace(variance, variance=0.0).or_independent()
    return pair.difference(variance, "difference of means", np.inf)


@dataclass(frozen=True, eq=False)
class _Pair:
    """The votes of two conditions, second ones marked."""

    values: FloatArray
    weight: FloatArray
    second: NDArray[np.bool_]
    names: tuple[Any, Any]
    rater: NDArray[Any] | None
    item: NDArray[Any] | None

    def totals(self) -> tuple[FloatArray, FloatArray]:
        """Return summed answers and weights of the two conditions."""
        group = self.second.astype(np.int64)
        return sums_by(group, self.weight * self.values, 2), sums_by(group, self.weight, 2)

    def means(self) -> tuple[float, float]:
        sums, totals = self.totals()
        return float(sums[0] / totals[0]), float(sums[1] / totals[1])

    def variance(self) -> ClusterVariance:
        group = self.second.astype(np.int64)
        share = self.weight / self.totals()[1][group]
        centred = self.values - np.asarray(self.means())[group]
        signed = np.where(self.second, -1.0, 1.0) * share * centred
        return cluster_variance(
            Influence(signed, share, group, 2),
            None if self.rater is None else encode(self.rater),
            as_items(self.item),
        )

    def difference(self, variance: ClusterVariance, what: str, bound: float) -> Difference:
        """Return the result with a t interval cut at ±bound."""
        means = self.means()
        estimate, error = means[0] - means[1], float(np.sqrt(variance.variance))
        freedom = variance.degrees_of_freedom or np.inf
        return Difference(
            estimate=estimate,
            standard_error=error,
            n=len(self.values),
            method=f"{what}, {variance.method}",
            rule=Symmetric(freedom, -bound, bound),
            clusters=variance.clusters,
            convention="Student t",
            notes=variance.notes,
            design_effect=variance.design_effect,
            pvalue=two_sided(estimate, error, freedom),
            conditions=self.names,
            means=means,
        )


def _pair_of(
    values: FloatArray,
    condition: ArrayLike,
    rater: ArrayLike | None,
    item: ArrayLike | None,
    weight: ArrayLike | None,
    conditions: tuple[Any, Any] | None,
) -> _Pair:
    n = same_length(answer=values, condition=condition, rater=rater, item=item, weight=weight)
    column = np.asarray(condition)
    present = np.unique(column).tolist()
    if conditions is None:
        if len(present) != 2:
            raise InputError(
                f"A difference is between two conditions; there are {len(present)}: name two of them."
            )
        conditions = (present[0], present[1])
    first, second = column == conditions[0], column == conditions[1]
    for name, votes in zip(conditions, (first, second), strict=True):
        if not votes.any():
            raise NotEstimableError(f"Condition {name} has no votes.")
    keep = first | second
    return _Pair(
        values[keep],
        weights(weight, n)[keep],
        second[keep],
        conditions,
        None if rater is None else np.asarray(rater)[keep],
        None if item is None else np.asarray(item)[keep],
    )


def _newcombe(pair: _Pair, method: str, notes: tuple[str, ...], design_effect: float | None) -> Difference:
    sums, totals = pair.totals()
    p = sums / totals
    pooled = sums.sum() / totals.sum()
    null_error = np.sqrt(pooled * (1 - pooled) * (1 / totals).sum())
    estimate = float(p[0] - p[1])
    rule: IntervalRule = Newcombe((float(sums[0]), float(totals[0]), float(sums[1]), float(totals[1])))
    return Difference(
        estimate=estimate,
        standard_error=float(np.sqrt((p * (1 - p) / totals).sum())),
        n=len(pair.values),
        method=method,
        rule=rule,
        convention="Newcombe hybrid score",
        notes=notes,
        design_effect=design_effect,
        pvalue=two_sided(estimate, float(null_error)),
        conditions=pair.names,
        means=(float(p[0]), float(p[1])),
    )
