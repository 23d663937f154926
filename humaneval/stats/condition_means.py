"""Means of several conditions together: how they vary with each other, since raters and items are shared.

A mean's own interval says nothing of differences; ranks, chances of being best and correlations with a score
need the covariance of all means at once. Contributions within a cluster are summed by condition and
multiplied (the sandwich), two-way by rater and item after Cameron, Gelbach and Miller (2011), each cluster's
sums divided by sqrt(1 - its share) as Bell and McCaffrey (2002).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.clusters import crossed
from humaneval.stats.columns import Codes, cells, encode, numbers, same_length, sums_by
from humaneval.stats.intervals import Symmetric
from humaneval.stats.results import FloatArray


def condition_means(
    answer: ArrayLike,
    *,
    condition: ArrayLike,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
) -> Strengths:
    """Return the mean answer of each condition with the joint covariance, as :func:`ranking` takes it.

    Two-way by rater and item where items repeat across raters, else by rater, else by vote. The covariance
    is never below that of clustering by raters alone on the diagonal.
    """
    n = same_length(answer=answer, condition=condition, rater=rater, item=item)
    values, groups = numbers(answer, "answer"), encode(condition)
    size = sums_by(groups.codes, np.ones(n), groups.size)
    means = sums_by(groups.codes, values, groups.size) / size
    share = 1.0 / size[groups.codes]
    contribution = share * (values - means[groups.codes])
    covariance, name, clusters = _clustered(contribution, share, groups, rater, item)
    fewest = min(clusters.values(), default=n)
    rule = Symmetric(max(fewest - 1.0, 1.0))
    return Strengths(
        estimate=means,
        standard_error=np.sqrt(np.diag(covariance)),
        n=n,
        method=f"mean of each condition, {name}",
        rule=rule,
        clusters=clusters,
        convention="Student t",
        labels=groups.labels,
        covariance=covariance,
        degrees_of_freedom=max(fewest - 1.0, 1.0),
        unbounded={},
    )


def _clustered(
    contribution: FloatArray,
    share: FloatArray,
    groups: Codes,
    rater: ArrayLike | None,
    item: ArrayLike | None,
) -> tuple[FloatArray, str, dict[str, int]]:
    every = Codes(np.arange(len(share)), np.arange(len(share)))
    raters = encode(rater) if rater is not None else every
    if rater is None or raters.size < 2:
        return _outer(contribution, share, groups, every), "independent votes", {}
    by_rater = _outer(contribution, share, groups, raters)
    items = None if item is None else encode(item)
    if items is None or items.size < 2 or not crossed(raters, items):
        return by_rater, "clustered by rater", {"rater": raters.size}
    pairs = cells(raters.codes, items.codes, items.size)
    both = by_rater + _outer(contribution, share, groups, items)
    both -= _outer(contribution, share, groups, pairs)
    name = "clustered two-way by rater and item"
    return _at_least(both, by_rater), name, {"rater": raters.size, "item": items.size}


def _outer(contribution: FloatArray, share: FloatArray, groups: Codes, clusters: Codes) -> FloatArray:
    """Return the sum over clusters of the outer product of their (adjusted) contributions by condition."""
    place, shape = (clusters.codes, groups.codes), (clusters.size, groups.size)
    sums = sparse.coo_matrix((contribution, place), shape).tocsr()
    shares = sparse.coo_matrix((share, place), shape).tocsr()
    room = 1.0 - shares.data
    sums.data = np.where(room > 1e-12, sums.data / np.sqrt(np.maximum(room, 1e-12)), 0.0)
    return np.asarray((sums.T @ sums).toarray())


def _at_least(both: FloatArray, by_rater: FloatArray) -> FloatArray:
    """Return ``both`` as a covariance whose variances are at least those by rater alone."""
    wanted = np.maximum(np.diag(both), np.diag(by_rater))
    values, vectors = np.linalg.eigh((both + both.T) / 2)
    positive = (vectors * np.maximum(values, 0.0)) @ vectors.T
    had = np.sqrt(np.maximum(np.diag(positive), 1e-300))
    scale = np.where(np.diag(positive) > 1e-300, np.sqrt(wanted) / had, 0.0)
    return np.asarray(positive * scale[:, None] * scale[None, :])
