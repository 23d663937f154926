"""One estimate a condition, in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.columns import encode, same_length

Estimate = TypeVar("Estimate")


def by_condition(
    estimator: Callable[..., Estimate],
    *,
    condition: ArrayLike,
    answer: ArrayLike,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    signal: ArrayLike | None = None,
    **options: Any,
) -> dict[Any, Estimate]:
    """Return each condition's estimate by its own votes, for example ``by_condition(rate, ...)["GAN"]``.

    ``estimator`` is any function of votes here (rate, mean_opinion_score, dprime, krippendorff_alpha, ...);
    columns are cut to the condition's votes, ``options`` handed on as they are. Conditions come sorted.
    Intervals of two conditions that overlap do not tell whether they differ, for the same raters and items
    may lie behind both: ask rate_difference or mean_difference.
    """
    given = {"answer": answer, "rater": rater, "item": item, "weight": weight, "signal": signal}
    same_length(condition=condition, **given)
    columns = {name: np.asarray(column) for name, column in given.items() if column is not None}
    groups = encode(condition)
    order = np.argsort(groups.codes, kind="stable")
    ends = np.cumsum(np.bincount(groups.codes, minlength=groups.size))[:-1]
    return {
        label.item() if hasattr(label, "item") else label: estimator(
            **{name: column[rows] for name, column in columns.items()}, **options
        )
        for label, rows in zip(groups.labels, np.split(order, ends), strict=True)
    }
