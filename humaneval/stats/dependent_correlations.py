"""Does one metric follow people better than another? Correlations that share the human side.

Tests and intervals from the three correlations (Williams 1959; Steiger 1980; Zou 2007), and permutation
tests that need no normality (PERM-BOTH: Deutsch, Dror and Roth 2021). Not in scipy or statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from humaneval.stats.columns import numbers, same_length
from humaneval.stats.correlations import PERFECT, PerfectOrder, check_varies, coefficient_and_pvalue
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Fisher
from humaneval.stats.permutations import Kind, permutation_pvalue
from humaneval.stats.results import FloatArray, Interval, Tested

Test = Literal["williams", "steiger", "zou"]


@dataclass(frozen=True, kw_only=True)
class CorrelationDifference(Tested[float]):
    """r(human, first) - r(human, second); ``correlations`` are these two and r(first, second)."""

    statistic: float
    correlations: tuple[float, float, float]


@dataclass(frozen=True)
class Zou:
    """Zou's (2007) interval of the difference of two overlapping correlations."""

    r12: float
    r13: float
    r23: float
    n: int

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval; the logical range [-2, 2] for fewer than four systems."""
        if self.n < 4:
            return Interval(-2.0, 2.0)
        (low1, high1), (low2, high2) = (_alone(r, self.n, level) for r in (self.r12, self.r13))
        shared = _correlation_of_correlations(self.r12, self.r13, self.r23)
        below = (self.r12 - low1) ** 2 + (high2 - self.r13) ** 2
        below -= 2 * shared * (self.r12 - low1) * (high2 - self.r13)
        above = (high1 - self.r12) ** 2 + (self.r13 - low2) ** 2
        above -= 2 * shared * (high1 - self.r12) * (self.r13 - low2)
        difference = self.r12 - self.r13
        return Interval(
            float(difference - np.sqrt(max(below, 0.0))), float(difference + np.sqrt(max(above, 0.0)))
        )


def _alone(r: float, n: int, level: float) -> Interval[float]:
    """Return Fisher's interval of one correlation, at ±1 the exact one."""
    rule = PerfectOrder(n, "pearson") if abs(r) > 1 - PERFECT else Fisher(1 / np.sqrt(n - 3))
    return rule(r, 0.0, level)


def _correlation_of_correlations(r12: float, r13: float, r23: float) -> float:
    """Return the correlation of r12 and r13 (Pearson and Filon 1898)."""
    top = (r23 - 0.5 * r12 * r13) * (1 - r12**2 - r13**2 - r23**2) + r23**3
    room = (1 - r12**2) * (1 - r13**2)
    return float(top / room) if room > 1e-12 else 0.0


def compare_correlations(
    human: ArrayLike | None = None,
    first: ArrayLike | None = None,
    second: ArrayLike | None = None,
    *,
    r12: float | None = None,
    r13: float | None = None,
    r23: float | None = None,
    n: int | None = None,
    kind: Kind = "pearson",
    test: Test = "williams",
) -> CorrelationDifference:
    """Return how much better ``first`` than ``second`` correlates with ``human``, one value a system.

    Or give the correlations ``r12`` (human, first), ``r13`` (human, second), ``r23`` (first, second) over
    ``n`` systems. The p-value is Williams' t (default), Steiger's z with pooled correlations, or with "zou"
    1 - the level at which Zou's interval just reaches 0; the interval is Zou's. For rank
    correlations the same formulas are approximate.
    """
    if human is not None and first is not None and second is not None:
        r12, r13, r23, n = _three(human, first, second, kind)
    if r12 is None or r13 is None or r23 is None or n is None:
        raise InputError("Give human, first and second, or r12=, r13=, r23= and n=.")
    if test not in ("williams", "steiger", "zou"):
        raise InputError(f"test is williams, steiger or zou, not {test!r}.")
    if max(abs(r12), abs(r13), abs(r23)) > 1:
        raise InputError("A correlation lies between -1 and 1.")
    if n < 4:
        raise NotEstimableError(f"Comparing correlations needs at least four systems; there are {n}.")
    statistic, pvalue = {"williams": _williams, "steiger": _steiger, "zou": _zou}[test](r12, r13, r23, n)
    rule = Zou(r12, r13, r23, n)
    low, high = rule(0.0, 0.0, 0.6826894921)
    return CorrelationDifference(
        estimate=r12 - r13,
        standard_error=(high - low) / 2,
        n=n,
        method=f"difference of dependent correlations ({kind}), {test.capitalize()}",
        rule=rule,
        convention="Zou (2007); the standard error is half its 68% interval",
        notes=() if n >= 10 else (f"Only {n} systems: even large differences may be chance.",),
        pvalue=pvalue,
        statistic=statistic,
        correlations=(r12, r13, r23),
    )


def _three(
    human: ArrayLike, first: ArrayLike, second: ArrayLike, kind: Kind
) -> tuple[float, float, float, int]:
    n = same_length(human=human, first=first, second=second)
    columns = [
        numbers(values, name) for values, name in ((human, "human"), (first, "first"), (second, "second"))
    ]
    check_varies(*columns)
    pairs = ((0, 1), (0, 2), (1, 2))
    r12, r13, r23 = (coefficient_and_pvalue(columns[a], columns[b], kind)[0] for a, b in pairs)
    return r12, r13, r23, n


def _williams(r12: float, r13: float, r23: float, n: int) -> tuple[float, float]:
    """Return Williams' (1959) t and its two-sided p-value on n - 3 degrees of freedom."""
    determinant = 1 - r12**2 - r13**2 - r23**2 + 2 * r12 * r13 * r23
    average = (r12 + r13) / 2
    room = 2 * (n - 1) / (n - 3) * determinant + average**2 * (1 - r23) ** 3
    if room <= 1e-15:
        return 0.0, 1.0
    t = (r12 - r13) * np.sqrt((n - 1) * (1 + r23) / room)
    return float(t), float(2 * stats.t.sf(abs(t), n - 3))


def _steiger(r12: float, r13: float, r23: float, n: int) -> tuple[float, float]:
    """Return Steiger's (1980) z with the pooled correlation (his equation 14)."""
    pooled = (r12 + r13) / 2
    covariance = r23 * (1 - 2 * pooled**2) - 0.5 * pooled**2 * (1 - 2 * pooled**2 - r23**2)
    shared = covariance / (1 - pooled**2) ** 2
    bounded = np.clip([r12, r13], -1 + 1e-15, 1 - 1e-15)
    z = (
        (np.arctanh(bounded[0]) - np.arctanh(bounded[1]))
        * np.sqrt(n - 3)
        / np.sqrt(max(2 - 2 * shared, 1e-12))
    )
    return float(z), float(2 * stats.norm.sf(abs(z)))


def _zou(r12: float, r13: float, r23: float, n: int) -> tuple[float, float]:
    """Return the normal quantile and 1 - level of Zou's (2007) interval that just reaches 0."""
    difference, rule = r12 - r13, Zou(r12, r13, r23, n)
    if difference == 0:
        return 0.0, 1.0

    def reach(z: float) -> float:
        low, high = rule(0.0, 0.0, 1 - 2 * float(stats.norm.sf(z)))
        return float(low if difference > 0 else -high)

    widest = 8.0
    if reach(widest) > 0:
        return float(np.copysign(widest, difference)), float(2 * stats.norm.sf(widest))
    z = float(optimize.brentq(reach, 0.0, widest, xtol=1e-12))
    return float(np.copysign(z, difference)), float(2 * stats.norm.sf(z))


def permutation_test(
    x: ArrayLike, y: ArrayLike, *, kind: Kind = "pearson", permutations: int = 9999, seed: int = 0
) -> float:
    """Return the two-sided permutation p-value of no association.

    Exact up to nine systems; beyond, from ``permutations`` random orders by the +1 rule, so never 0.
    """
    if kind not in ("pearson", "spearman", "kendall"):
        raise InputError(f"kind is pearson, spearman or kendall, not {kind!r}.")
    same_length(x=x, y=y)
    first, second = numbers(x, "x"), numbers(y, "y")
    check_varies(first, second)
    return permutation_pvalue(first, second, kind, permutations=permutations, seed=seed)[0]


def permutation_both(
    human: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    permutations: int = 1000,
    seed: int = 0,
) -> CorrelationDifference:
    """Return PERM-BOTH: is ``first`` better correlated with people than ``second``, at the system level?

    All three are systems x inputs tables of scores. The metrics are standardised; under the null their
    scores are exchangeable for each system and input, so that random swaps give the difference's
    distribution. Systems' means are correlated (Pearson). Two-sided, +1 rule.
    """
    tables = [np.asarray(table, dtype=np.float64) for table in (human, first, second)]
    if len({table.shape for table in tables}) > 1 or tables[0].ndim != 2:
        raise InputError("human, first and second are systems x inputs tables of one shape.")
    if min(tables[0].shape) < 1:
        raise NotEstimableError("There are no scores to compare.")
    if not all(np.isfinite(table).all() for table in tables):
        raise InputError("human, first and second must have a finite score in every cell.")
    if min(float(np.ptp(table)) for table in tables[1:]) == 0:
        raise NotEstimableError("One of the metrics is the same everywhere: no correlation exists.")
    person, one, two = tables[0], *[(table - table.mean()) / table.std() for table in tables[1:]]
    target = person.mean(axis=1)
    check_varies(target, one.mean(axis=1), two.mean(axis=1))
    observed = _row_correlation(one.mean(axis=1)[None], target)[0]
    observed -= _row_correlation(two.mean(axis=1)[None], target)[0]
    rng = np.random.default_rng(seed)
    gap = two - one
    draws = np.empty(permutations)
    for number in range(permutations):
        moved = (gap * (rng.random(gap.shape) < 0.5)).mean(axis=1)
        both = np.stack([one.mean(axis=1) + moved, two.mean(axis=1) - moved])
        r = _row_correlation(both, target)
        draws[number] = r[0] - r[1]
    pvalue = (1 + (np.abs(draws) >= abs(observed) - 1e-12).sum()) / (permutations + 1)
    n = len(target)
    r12, r13, r23 = (
        float(_row_correlation(a[None], b)[0])
        for a, b in (
            (one.mean(axis=1), target),
            (two.mean(axis=1), target),
            (one.mean(axis=1), two.mean(axis=1)),
        )
    )
    return CorrelationDifference(
        estimate=float(observed),
        standard_error=float(draws.std(ddof=1)),
        n=n,
        method=f"PERM-BOTH, {permutations} permutations (seed {seed}); the standard error is the null's",
        rule=Zou(r12, r13, r23, n),
        convention="Zou (2007)",
        pvalue=float(pvalue),
        statistic=float(observed),
        correlations=(r12, r13, r23),
    )


def _row_correlation(rows: FloatArray, target: FloatArray) -> FloatArray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    other = target - target.mean()
    return np.asarray(centred @ other / np.sqrt((centred**2).sum(axis=1) * (other**2).sum()))
