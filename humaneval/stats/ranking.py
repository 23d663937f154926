"""What may be said of an order: ranks with intervals, chances of being best, tiers, wins, influence."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from scipy.special import expit

from humaneval.stats.bradley_terry import BradleyTerry, Strengths
from humaneval.stats.intervals import Percentile
from humaneval.stats.results import FloatArray, Result

DRAWS = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """The order of conditions, with what is certain of it at ``level``.

    ``low`` and ``high`` bound each rank (1 is best) simultaneously: with probability ``level`` all are
    right. ``best`` is each condition's probability of being the strongest, ``tier`` numbers from 1:
    conditions in different tiers differ significantly, those in one may not.
    """

    labels: NDArray[Any]
    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    best: FloatArray
    tier: NDArray[np.int64]
    level: float
    method: str


def ranking(strengths: Strengths, *, level: float = 0.95, seed: int = 0) -> Ranking:
    """Return rank intervals, probabilities of being best and tiers of fitted strengths.

    All pairs are compared at once by the studentized range of the strengths' joint distribution (their
    covariance with Student's t, or the bootstrap): a rank's limits count the conditions certainly better
    and certainly worse (Mogstad et al. 2024). A new tier begins at the first condition certainly worse
    than the head of the tier before.
    """
    draws = joint_draws(strengths, seed=seed)
    better = _certainly_better(strengths, draws, level)
    k = len(strengths.labels)
    leader = np.bincount(np.argmax(draws, axis=1), minlength=k) / len(draws)
    return Ranking(
        labels=strengths.labels,
        rank=strengths.ranks,
        low=1 + better.sum(axis=0),
        high=k - better.sum(axis=1),
        best=leader,
        tier=_tiers(strengths.estimate, better),
        level=level,
        method="simultaneous comparisons of all pairs by the joint distribution of the strengths",
    )


def joint_draws(strengths: Strengths, *, seed: int = 0, draws: int = DRAWS) -> FloatArray:
    """Return draws from the strengths' joint distribution: bootstrap replicates, else multivariate t."""
    if strengths.replicates is not None:
        return strengths.replicates
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(strengths.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = rng.standard_normal((draws, len(values))) @ root.T
    if np.isfinite(strengths.degrees_of_freedom):
        noise *= _stretch(strengths.freedoms, rng.random((draws, 1)))
    return np.asarray(strengths.estimate + noise)


def _stretch(freedoms: FloatArray, share: FloatArray) -> FloatArray:
    """Return what makes normal noise Student's: by one chance, each condition's of its degrees of freedom."""
    finite = np.isfinite(freedoms)
    known = np.where(finite, freedoms, 1.0)
    scale = np.sqrt(known / (2 * special.gammaincinv(known / 2, share)))
    return np.asarray(np.where(finite, scale, 1.0))


def _certainly_better(strengths: Strengths, draws: FloatArray, level: float) -> NDArray[np.bool_]:
    """Return which condition (row) is better than which (column), all pairs simultaneously."""
    variance = np.diag(strengths.covariance)
    errors = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2 * strengths.covariance, 1e-300))
    np.fill_diagonal(errors, np.inf)
    centred = draws - strengths.estimate
    largest = np.zeros(len(draws))
    for index in range(len(strengths.labels)):
        largest = np.maximum(largest, (np.abs(centred - centred[:, [index]]) / errors[index]).max(axis=1))
    critical = np.quantile(largest, level)
    gaps = strengths.estimate[:, None] - strengths.estimate[None, :]
    return np.asarray(gaps / errors > critical)


def _tiers(estimate: FloatArray, better: NDArray[np.bool_]) -> NDArray[np.int64]:
    tiers = np.ones(len(estimate), dtype=np.int64)
    order = np.argsort(-estimate, kind="stable")
    head = order[0]
    for previous, index in pairwise(order):
        tiers[index] = tiers[previous]
        if better[head, index]:
            tiers[index] += 1
            head = index
    return tiers


@dataclass(frozen=True, kw_only=True, eq=False)
class WinRates(Result[FloatArray]):
    """Each condition's chance of winning against another one drawn evenly from the field."""

    labels: NDArray[Any]


def win_rate(strengths: BradleyTerry, *, seed: int = 0) -> WinRates:
    """Return each condition's mean win probability against the others, by the fitted model."""
    draws = joint_draws(strengths, seed=seed, draws=4000)
    values = _field_rates(draws)
    return WinRates(
        estimate=_field_rates(strengths.estimate[None])[0],
        standard_error=values.std(axis=0, ddof=1),
        n=strengths.n,
        method=f"mean win probability against the field, {strengths.method}",
        rule=Percentile(values, low=0.0, high=1.0),
        clusters=strengths.clusters,
        convention="percentile of the joint distribution of the strengths",
        notes=strengths.notes,
        labels=strengths.labels,
    )


def _field_rates(strengths: FloatArray) -> FloatArray:
    k = strengths.shape[1]
    total = np.zeros_like(strengths)
    for other in range(k):
        total += expit(strengths - strengths[:, [other]])
    return np.asarray((total - 0.5) / (k - 1))


def expected_ranks(strengths: Strengths, *, seed: int = 0) -> FloatArray:
    """Return each condition's mean rank over the strengths' joint distribution (1 is best)."""
    draws = joint_draws(strengths, seed=seed)
    return np.asarray(stats.rankdata(-draws, axis=1).mean(axis=0))
