"""Estimates of conditions in which reliable raters count more, with the doubt about who is reliable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.alike import COVARIANCE_NOTE, smoothed
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.clusters import cluster_variance, mean_influence
from humaneval.stats.columns import Codes, encode, numbers, same_length, sums_by
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.intervals import SymmetricEach, percentile_of_clusters
from humaneval.stats.items import as_items
from humaneval.stats.results import FloatArray, Result

ROUNDS = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightedMeans(Result[FloatArray]):
    """Means of conditions (in the order of ``labels``) with raters weighted by their precision.

    ``rater_weight`` is 1 on average, ``rater_deviation`` each rater's noise around the items' means;
    ``replicates`` (where asked for) are bootstrap means of the conditions.
    """

    labels: NDArray[Any]
    rater_labels: NDArray[Any]
    rater_weight: FloatArray
    rater_deviation: FloatArray
    replicates: FloatArray | None = field(default=None, repr=False)


def reliability_weighted_means(
    *,
    answer: ArrayLike,
    condition: ArrayLike,
    rater: ArrayLike,
    item: ArrayLike,
    replicates: int = 0,
    seed: int = 0,
) -> WeightedMeans:
    """Return condition means with each rater weighted by the inverse of their noise variance.

    The noise of a rater is how far their answers, less their own offset, lie from the items' weighted means
    (as in ITU-T P.913's and Li and Bampis' (2017) subject models), shrunk towards the crowd's by two
    pseudo-votes. The interval is Student's t on a sandwich clustered by rater and item (CR2 with the degrees
    of freedom of Bell and McCaffrey 2002, fewer the more few raters weigh), as for an unweighted mean: what
    a rater's noise is says nothing of the side on which they err, so that not knowing it well adds nothing
    of first order. With ``replicates`` it is a bootstrap over raters that estimates the weights anew each
    time; it speaks of these very items. Own code: no library weights raters and clusters.
    """
    n = same_length(answer=answer, condition=condition, rater=rater, item=item)
    votes, who, what, group = numbers(answer, "answer"), encode(rater), encode(item), encode(condition)
    if who.size < 2:
        raise NotEstimableError("Weights for raters need at least two of them.")
    spread, weight = _precisions(votes, who, what, np.ones(who.size))
    estimate = _means(votes, group, weight[who.codes])
    independent = _independent(votes, group, estimate)
    made: dict[str, Any]
    if replicates:
        made = _by_bootstrap(votes, (who, what, group), estimate, independent, replicates, seed)
    else:
        made = _by_sandwich(votes, (who, what, group), weight[who.codes])
    return WeightedMeans(
        estimate=estimate,
        n=n,
        clusters={"rater": who.size, "item": what.size},
        labels=group.labels,
        rater_labels=who.labels,
        rater_weight=weight / weight.mean(),
        rater_deviation=np.sqrt(spread),
        **made,
    )


def _by_sandwich(
    votes: FloatArray, columns: tuple[Codes, Codes, Codes], weight: FloatArray
) -> dict[str, Any]:
    who, what, group = columns
    found = []
    for code in range(group.size):
        own = group.codes == code
        _, influence = mean_influence(votes[own], weight[own])
        clustered = cluster_variance(influence, encode(who.codes[own]), as_items(what.codes[own]))
        found.append(clustered.or_independent())
    freedom = np.array([variance.degrees_of_freedom or np.inf for variance in found])
    if min(variance.variance for variance in found) <= 0:
        raise NotEstimableError(
            "A condition has one vote, or votes that are all alike: nothing is known about their spread."
        )
    methods = sorted({variance.method for variance in found})
    return {
        "standard_error": np.sqrt([variance.variance for variance in found]),
        "method": f"reliability-weighted means, {'; '.join(methods)}",
        "rule": SymmetricEach(freedom),
        "convention": "Student t",
        "notes": tuple(dict.fromkeys(note for variance in found for note in variance.notes)),
    }


def _by_bootstrap(
    votes: FloatArray,
    columns: tuple[Codes, Codes, Codes],
    estimate: FloatArray,
    independent: FloatArray,
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    who, what, group = columns
    draws = multiplicities(who.size, replicates, np.random.default_rng(seed))
    values = np.full((replicates, group.size), np.nan)
    for number, times in enumerate(draws):
        _, again = _precisions(votes, who, what, times)
        values[number] = _means(votes, group, (again * times)[who.codes])
    values = values[np.isfinite(values).all(axis=1)]
    if len(values) < 2:
        raise NotEstimableError("Hardly any draw of raters has votes on every condition: there are too few.")
    growth = who.size / (who.size - 1)
    values, covariance, raised = smoothed(values, independent, growth, seed)
    return {
        "standard_error": np.sqrt(np.maximum(np.diag(covariance), 0.0)),
        "method": f"reliability-weighted means, bootstrap over raters ({replicates} replicates, seed {seed})",
        "rule": percentile_of_clusters(values, who.size),
        "convention": "percentile, widened for few raters",
        "notes": (COVARIANCE_NOTE,) if raised else (),
        "replicates": values,
    }


def _independent(votes: FloatArray, group: Codes, means: FloatArray) -> FloatArray:
    """Return the covariance of the means for independent votes of one common spread."""
    spread = float(((votes - means[group.codes]) ** 2).sum()) / max(len(votes) - group.size, 1)
    if spread <= 1e-24 * float((votes**2).sum() + 1):
        raise NotEstimableError(
            "The answers of each condition are all alike: nothing is known about their spread."
        )
    return np.diag(spread / sums_by(group.codes, np.ones(len(votes)), group.size))


def _means(votes: FloatArray, group: Codes, weight: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        total = sums_by(group.codes, weight, group.size)
        return np.asarray(
            sums_by(group.codes, weight * votes, group.size) / np.where(total > 0, total, np.nan)
        )


def _precisions(
    votes: FloatArray, who: Codes, what: Codes, times: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return each rater's noise variance and weight, by alternating items' means and raters' residuals.

    A vote is compared with the mean of the others on its item: compared with a mean that holds it, the
    heaviest rater would look ever more exact, and end as the only one who counts.
    """
    weight, offset = np.ones(who.size), np.zeros(who.size)
    for _ in range(ROUNDS):
        others, paired = _means_of_others(votes - offset[who.codes], (weight * times)[who.codes], what)
        each = np.maximum(sums_by(who.codes, paired.astype(float), who.size), 1)
        gap = np.where(paired, votes - others, 0.0)
        offset = sums_by(who.codes, gap, who.size) / each
        squares = sums_by(who.codes, np.where(paired, gap - offset[who.codes], 0.0) ** 2, who.size)
        pooled = float((times * squares).sum() / max(float((times * each).sum()), 1e-12))
        variance = (squares + 2 * pooled) / (each + 2)
        new = 1 / np.maximum(variance, 1e-9)
        new = new / new.mean()
        if np.abs(new - weight).max() < 1e-9:
            return variance, new
        weight = new
    return variance, weight


def _means_of_others(votes: FloatArray, per: FloatArray, what: Codes) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return for each vote the weighted mean of the others on its item, and whether there are any."""
    total = sums_by(what.codes, per, what.size)[what.codes] - per
    summed = sums_by(what.codes, per * votes, what.size)[what.codes] - per * votes
    paired = total > 1e-9
    return np.divide(summed, total, out=np.zeros(len(votes)), where=paired), paired
