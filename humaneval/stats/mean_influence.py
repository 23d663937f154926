"""How firmly does the highest mean stand: the fewest votes without which another one is higher.

Whether a challenger's mean is above the winner's depends on their own votes alone. Of so many votes to leave
out of each, the winner's highest and the challenger's lowest are the ones that move the means most; so it is
enough to try every number of the winner's with the fewest of the challenger's that then do, and the smallest
sum over all challengers is the least there is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.columns import encode, numbers, same_length, sums_by
from humaneval.stats.errors import InputError
from humaneval.stats.influence import WinnerInfluence
from humaneval.stats.results import FloatArray

CLEARLY = 1e-9
"""By how much a mean has to be above another: less may be rounding."""


def mean_influence_on_winner(answer: ArrayLike, *, condition: ArrayLike, rater: ArrayLike) -> WinnerInfluence:
    """Return how few votes, or which single rater, would change which condition has the highest mean.

    The number is the least there is, among those up to half of the votes of the two conditions. Where the
    lowest mean wins, give the negative answers.
    """
    n = same_length(answer=answer, condition=condition, rater=rater)
    values, groups, who = numbers(answer, "answer"), encode(condition), encode(rater)
    if groups.size < 2:
        raise InputError("Influence on the winner needs at least two conditions.")
    means = sums_by(groups.codes, values, groups.size) / sums_by(groups.codes, np.ones(n), groups.size)
    order = np.argsort(-means, kind="stable")
    first = int(order[0])
    tried = (_fewest(values, groups.codes, first, int(one)) for one in order[1:])
    best = min((found for found in tried if found is not None), key=len, default=None)
    leads = _leads(values, groups.codes, who.codes, (who.size, groups.size), first)
    names = [name.item() if hasattr(name, "item") else name for name in who.labels]
    by_rater = {name: float(lead) for name, lead in zip(names, leads, strict=True) if np.isfinite(lead)}
    return WinnerInfluence(
        winner=groups.labels[first],
        runner_up=groups.labels[order[1]],
        lead=float(means[first] - means[order[1]]),
        votes_to_change=None if best is None else len(best),
        votes=np.zeros(0, dtype=np.int64) if best is None else best,
        minimal=True,
        raters=tuple(name for name, lead in by_rater.items() if lead < 0),
        rater_leads=by_rater,
    )


def _fewest(
    values: FloatArray, codes: NDArray[np.int64], first: int, challenger: int
) -> NDArray[np.int64] | None:
    """Return the fewest votes without which the challenger's mean is above the first's."""
    own = _sorted_rows(-values, codes == first)
    other = _sorted_rows(values, codes == challenger)
    falling, rising = _means_without(values[own]), _means_without(values[other])
    rising = np.maximum.accumulate(rising)  # as it is, but for rounding
    needed = np.searchsorted(rising, falling + CLEARLY, side="right")
    total = np.where(needed < len(rising), np.arange(len(falling)) + needed, len(values))
    at = int(total.argmin())
    if total[at] > max((len(own) + len(other)) // 2, 1):
        return None
    return np.sort(np.concatenate([own[:at], other[: needed[at]]]))


def _sorted_rows(key: FloatArray, mine: NDArray[np.bool_]) -> NDArray[np.int64]:
    rows = np.flatnonzero(mine)
    return rows[np.argsort(key[rows], kind="stable")]


def _means_without(values: FloatArray) -> FloatArray:
    """Return the means of values without the first 0, 1, 2, ... of them; of at least one."""
    return np.asarray((np.cumsum(values[::-1]) / np.arange(1, len(values) + 1))[::-1])


def _leads(
    values: FloatArray, codes: NDArray[np.int64], who: NDArray[np.int64], shape: tuple[int, int], first: int
) -> FloatArray:
    """Return the winner's lead without each rater; NaN where it or all others are gone then."""
    key = who * shape[1] + codes
    sums = sums_by(key, values, shape[0] * shape[1]).reshape(shape)
    counts = sums_by(key, np.ones(len(values)), shape[0] * shape[1]).reshape(shape)
    left = counts.sum(axis=0) - counts
    means = np.full(shape, np.nan)
    np.divide(sums.sum(axis=0) - sums, left, out=means, where=left > 0.5)
    others = np.delete(means, first, axis=1)
    highest = np.where(np.isnan(others), -np.inf, others).max(axis=1)
    return np.asarray(np.where(np.isfinite(highest), means[:, first] - highest, np.nan))
