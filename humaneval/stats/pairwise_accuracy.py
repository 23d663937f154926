"""Does a metric order systems or samples as people do, ties included?

Pairwise accuracy with tie calibration (Deutsch, Foster and Freitag 2023, "Ties matter") and soft pairwise
accuracy (Thompson et al. 2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from humaneval.stats.alike import UnitsAlike, one_error
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.columns import numbers, same_length
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Percentile
from humaneval.stats.results import FloatArray, IntervalRule, Result

_ALIKE_NOTE = (
    "Every unit is right, or every one as right: that is no proof for units to come, and the interval holds "
    "every share under which so many independent ones would still be."
)


@dataclass(frozen=True, kw_only=True)
class PairwiseAccuracy(Result[float]):
    """The share of pairs that the metric orders as people do; ``pairs`` counts them.

    Metric scores at most ``epsilon`` apart are a tie.
    """

    pairs: int
    epsilon: float


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of one or more groups: who people prefer (-1, 0, 1), and the metric's difference."""

    human: np.ndarray
    metric: FloatArray


def _pairs_of(human: FloatArray, metric: FloatArray) -> _Pairs:
    above = np.triu(np.ones((len(human), len(human)), dtype=bool), 1)
    order = np.greater.outer(human, human).astype(np.int8) - np.less.outer(human, human)
    return _Pairs(order[above], np.subtract.outer(metric, metric)[above])


def pairwise_accuracy(
    human: ArrayLike,
    metric: ArrayLike,
    *,
    group: ArrayLike | None = None,
    calibrate: bool = True,
    epsilon: float = 0.0,
    replicates: int = 0,
    seed: int = 0,
) -> PairwiseAccuracy:
    """Return the share of pairs on which metric and people agree: same order, or both tied.

    One value a sample. ``group`` compares only within its groups (samples of one prompt), all pairs pooled.
    Or two systems x inputs tables, as :func:`soft_pairwise_accuracy` takes them: the systems are compared
    within each input (Deutsch et al. group by item); cells with NaN in either table are left out.
    ``calibrate`` finds the ``epsilon`` with the highest accuracy, which lets a continuous metric predict
    ties; calibrated on the same data it is slightly optimistic (say so, or give an epsilon from elsewhere).
    ``replicates`` > 0 bootstraps over groups (over samples where there is one group) with epsilon kept.
    """
    human, metric, group = _within_inputs(human, metric, group)
    n = same_length(human=human, metric=metric, group=group)
    person, scores = numbers(human, "human"), numbers(metric, "metric")
    groups = _group_rows(group, n)
    parts = [_pairs_of(person[rows], scores[rows]) for rows in groups]
    if not sum(len(part.human) for part in parts):
        raise NotEstimableError("There are no two samples to compare.")
    said = np.concatenate([part.human for part in parts])
    gaps = np.concatenate([part.metric for part in parts])
    best = tie_threshold(said, gaps) if calibrate else (epsilon, _accuracy(said, gaps, epsilon))
    draws = _replicates(parts, person, scores, best[0], replicates, seed)
    notes: tuple[str, ...] = ("The tie threshold was calibrated on these same pairs.",) if calibrate else ()
    error = float(draws.std(ddof=1)) if len(draws) > 1 else float(np.sqrt(best[1] * (1 - best[1]) / n))
    rule: IntervalRule = Percentile(
        draws if len(draws) > 1 else _normal_draws(best[1], error), low=0.0, high=1.0
    )
    convention = f"percentile bootstrap ({replicates})" if replicates else "normal, samples independent"
    if error <= 1e-12:
        rule, convention = _all_alike(len(groups) if len(groups) > 1 else n // 2)
        error = one_error(rule, best[1])
        notes += (_ALIKE_NOTE,)
    return PairwiseAccuracy(
        estimate=best[1],
        standard_error=error,
        n=n,
        method="pairwise accuracy" + (", tie threshold calibrated" if calibrate else ""),
        rule=rule,
        clusters={"group": len(groups)} if group is not None else {"sample": n},
        convention=convention,
        notes=notes,
        pairs=len(said),
        epsilon=best[0],
    )


def _within_inputs(
    human: ArrayLike, metric: ArrayLike, group: ArrayLike | None
) -> tuple[ArrayLike, ArrayLike, ArrayLike | None]:
    """Return systems x inputs tables as columns grouped by input; columns as they are."""
    if np.ndim(human) != 2 and np.ndim(metric) != 2:
        return human, metric, group
    if np.shape(human) != np.shape(metric) or group is not None:
        raise InputError("human and metric are two systems x inputs tables of one shape (without group=).")
    person, scores = np.asarray(human, dtype=np.float64), np.asarray(metric, dtype=np.float64)
    judged = ~(np.isnan(person) | np.isnan(scores))
    return person[judged], scores[judged], np.nonzero(judged)[1]


def _all_alike(units: int) -> tuple[IntervalRule, str]:
    """Return the exact rule where all of so many independent units are right (or all wrong)."""
    return UnitsAlike(max(units, 1), low=0.0), "exact, from independent units that are all alike"


def _normal_draws(centre: float, error: float) -> FloatArray:
    return np.asarray(centre + error * ndtri((np.arange(4000) + 0.5) / 4000))


def _group_rows(group: ArrayLike | None, n: int) -> list[np.ndarray]:
    if group is None:
        return [np.arange(n)]
    names, inverse = np.unique(np.asarray(group), return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    return np.split(order, np.cumsum(np.bincount(inverse.ravel(), minlength=len(names)))[:-1])


def _accuracy(said: np.ndarray, gaps: FloatArray, epsilon: float) -> float:
    ordered = np.where(np.abs(gaps) <= epsilon, 0, np.sign(gaps))
    return float((ordered == said).mean())


def tie_threshold(said: np.ndarray, gaps: FloatArray) -> tuple[float, float]:
    """Return the tie threshold with the highest accuracy (the smallest such), and that accuracy.

    Raising the threshold past a pair predicts it a tie: a gain where people tie, a loss where its order
    was right, nothing else. So the best threshold is 0 or the gap of a pair that people tie, and two sorted
    lists tell the balance at each.
    """
    size = np.abs(gaps)
    tied = np.sort(size[said == 0])
    right = np.sort(size[(np.sign(gaps) == said) & (said != 0)])
    gained = np.searchsorted(tied, tied, side="right") - np.searchsorted(right, tied, side="right")
    at_zero = int(np.searchsorted(tied, 0.0, side="right"))
    best = int(np.argmax(gained)) if len(tied) else 0
    if not len(tied) or gained[best] <= at_zero:
        return 0.0, (len(right) + at_zero) / len(said)
    return float(tied[best]), (len(right) + int(gained[best])) / len(said)


def _replicates(
    parts: list[_Pairs], human: FloatArray, metric: FloatArray, epsilon: float, replicates: int, seed: int
) -> FloatArray:
    if not replicates:
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    if len(parts) > 1:
        right = np.array(
            [_accuracy(p.human, p.metric, epsilon) * len(p.human) if len(p.human) else 0 for p in parts]
        )
        count = np.array([len(part.human) for part in parts], dtype=float)
        draws = multiplicities(len(parts), replicates, rng)
        return _shares(draws @ right, draws @ count)
    agree = np.sign(human[:, None] - human[None, :])
    gaps = metric[:, None] - metric[None, :]
    same = (np.where(np.abs(gaps) <= epsilon, 0, np.sign(gaps)) == agree).astype(float)
    np.fill_diagonal(same, 0)
    draws = multiplicities(len(human), replicates, rng)
    right = np.einsum("bi,bi->b", draws @ same, draws)
    total = draws.sum(axis=1) ** 2 - (draws**2).sum(axis=1)
    return _shares(right, total)


def _shares(right: FloatArray, total: FloatArray) -> FloatArray:
    """Return the accuracy of each replicate that drew any pair at all."""
    return np.asarray(right[total > 0] / total[total > 0])


def soft_pairwise_accuracy(
    human: ArrayLike,
    metric: ArrayLike,
    *,
    permutations: int = 1000,
    seed: int = 0,
) -> PairwiseAccuracy:
    """Return soft pairwise accuracy of systems x inputs tables: 1 - mean |p_human - p_metric| over pairs.

    Each p is the one-sided paired permutation p-value that the first system is better (signs of the
    inputs' differences flipped at random, the same flips for every pair), so that a pair on which people
    are unsure costs a metric little (Thompson et al. 2024). Where there are no more than ``permutations``
    ways to flip, each is used once and the p-values are exact. Human cells may be NaN where not judged.
    """
    person, scores = np.asarray(human, dtype=np.float64), np.asarray(metric, dtype=np.float64)
    if person.shape != scores.shape or person.ndim != 2:
        raise InputError("human and metric are systems x inputs tables of one shape.")
    systems, inputs = person.shape
    if systems < 2 or inputs < 2:
        raise NotEstimableError("Soft pairwise accuracy needs at least two systems and two inputs.")
    rng = np.random.default_rng(seed)
    flips = _sign_flips(inputs, permutations, rng)
    first, second = np.triu_indices(systems, 1)
    gaps = np.abs(_pvalues(person, first, second, flips) - _pvalues(scores, first, second, flips))
    value = float(1 - gaps.mean())
    draws = _leave_out_systems(gaps, first, second, systems, rng)
    rule: IntervalRule = Percentile(draws, low=0.0, high=1.0)
    notes: tuple[str, ...] = ()
    error, convention = float(draws.std(ddof=1)), "percentile bootstrap over systems"
    if error <= 1e-12:
        rule, convention = _all_alike(systems // 2)
        error, notes = one_error(rule, value), (_ALIKE_NOTE,)
    return PairwiseAccuracy(
        estimate=value,
        standard_error=error,
        n=int(np.isfinite(person).sum()),
        method=f"soft pairwise accuracy, {len(flips)} permutations (seed {seed})",
        rule=rule,
        clusters={"system": systems, "input": inputs},
        convention=convention,
        notes=notes,
        pairs=len(first),
        epsilon=0.0,
    )


def _sign_flips(inputs: int, permutations: int, rng: np.random.Generator) -> FloatArray:
    """Return rows of ±1: all there are if these are few enough, else drawn at random."""
    if inputs < 60 and 2**inputs <= permutations:
        return 1.0 - 2.0 * ((np.arange(2**inputs)[:, None] >> np.arange(inputs)) & 1)
    return rng.integers(0, 2, (permutations, inputs)) * 2.0 - 1.0


def _pvalues(table: FloatArray, first: np.ndarray, second: np.ndarray, flips: FloatArray) -> FloatArray:
    """Return one-sided permutation p-values of each pair's difference being 0 (small: first better)."""
    gaps = table[first] - table[second]
    gaps = np.where(np.isfinite(gaps), gaps, 0.0)
    observed = gaps.sum(axis=1)
    result = np.empty(len(first))
    for begin in range(0, len(first), 512):
        rows = slice(begin, begin + 512)
        drawn = flips @ gaps[rows].T
        result[rows] = (drawn >= observed[rows] - 1e-9 * np.abs(observed[rows])).mean(axis=0)
    return result


def _leave_out_systems(
    gaps: FloatArray, first: np.ndarray, second: np.ndarray, systems: int, rng: np.random.Generator
) -> FloatArray:
    draws = multiplicities(systems, 1000, rng)
    weight = draws[:, first] * draws[:, second]
    total = weight.sum(axis=1)
    kept = total > 0
    return np.asarray(1 - (weight[kept] @ gaps) / total[kept])
