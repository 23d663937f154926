"""Means of several conditions together: how they vary with each other, since raters and items are shared.

A mean's own interval says nothing of differences; ranks, chances of being best and correlations with a score
need the covariance of all means at once: :mod:`humaneval.stats.multiway`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.columns import Codes, encode, numbers, same_length, sums_by
from humaneval.stats.intervals import SymmetricEach
from humaneval.stats.items import Repeating, as_items
from humaneval.stats.multiway import Clustered, Told, crossed_covariance, freedom_in_words


def condition_means(
    answer: ArrayLike,
    *,
    condition: ArrayLike,
    rater: ArrayLike | None = None,
    item: Repeating | None = None,
) -> Strengths:
    """Return the mean answer of each condition with the joint covariance, as :func:`ranking` takes it.

    Two-way by rater and item (one a vote, or several) where items repeat across raters, else by rater, else
    by vote. No variance, of a mean, a difference or any other combination, is below that of clustering by
    either alone.
    """
    n = same_length(answer=answer, condition=condition, rater=rater, item=item)
    values, groups = numbers(answer, "answer"), encode(condition)
    size = sums_by(groups.codes, np.ones(n), groups.size)
    means = sums_by(groups.codes, values, groups.size) / size
    share = 1.0 / size[groups.codes]
    each = np.eye(groups.size)
    model = Told(groups.codes, each, each, share * (values - means[groups.codes]), share)
    found, how = _clustered(model, rater, item)
    return Strengths(
        estimate=means,
        standard_error=np.sqrt(np.diag(found.covariance)),
        n=n,
        method=f"mean of each condition, {how}",
        rule=SymmetricEach(found.freedoms),
        clusters=found.clusters,
        convention=freedom_in_words(found.freedoms),
        labels=groups.labels,
        covariance=found.covariance,
        freedoms=found.freedoms,
        unbounded={},
    )


def _clustered(model: Told, rater: ArrayLike | None, item: Repeating | None) -> tuple[Clustered, str]:
    raters, items = None if rater is None else encode(rater), as_items(item)
    bread = np.eye(len(model.scores))
    found = crossed_covariance(model, bread, raters, items)
    if found is not None:
        two_way = "two-way " if len(found.clusters) > 1 else ""
        return found, f"clustered {two_way}by {found.by}"
    every = np.arange(len(model))
    alone = crossed_covariance(model, bread, Codes(every, every), None)
    if alone is None:  # a single vote
        nothing = np.zeros_like(bread)
        return Clustered(nothing, np.ones(len(bread)), {}), "independent votes"
    return Clustered(alone.covariance, alone.freedoms, {}), "independent votes"
