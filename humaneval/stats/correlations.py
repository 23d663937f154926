"""Does one number follow another across systems: correlations with intervals, and their pitfalls.

scipy.stats computes the coefficients; the intervals are here because scipy has none for ranks, and exact
p-values because approximations fail for few systems (and give 0 at a perfect order).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from humaneval.stats.alike import one_error
from humaneval.stats.columns import numbers, same_length
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Fisher
from humaneval.stats.permutations import EXACT_UP_TO, PERMUTATIONS, Kind, permutation_pvalue
from humaneval.stats.results import FloatArray, Interval, IntervalRule, Tested

Test = Literal["auto", "permutation", "parametric"]
FEW_SYSTEMS = 10
FEWEST_FOR_ORDER = 4
PERFECT = 1e-12
_NAMES = {"pearson": "Pearson's r", "spearman": "Spearman's rho", "kendall": "Kendall's tau-b"}
_CONVENTIONS = {
    "pearson": "Fisher z",
    "spearman": "Fisher z, variance (1 + r²/2)/(n - 3)",
    "kendall": "Fisher z, variance 0.437/(n - 4)",
}
_PERFECT_NOTE = (
    "All systems fall into one order. That is no proof of a perfect relation: the interval holds every "
    "correlation under which so many independent pairs of systems would still all agree."
)


@dataclass(frozen=True)
class PerfectOrder:
    """Interval of a correlation of ±1 over ``systems``.

    Kendall's tau is 2p - 1, p the chance that two systems are in the same order by both columns. Systems
    make ⌊n/2⌋ independent pairs, all of which agreed: Clopper and Pearson's (1934) bound p ≥ (α/2)^(1/⌊n/2⌋)
    is exact and needs no distribution; it is cautious, for it uses these pairs only. For Spearman and
    Pearson the bound is carried over by the bivariate normal (r = sin(πτ/2), rho = 6/π asin(r/2)).
    """

    systems: int
    kind: Kind

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        tau = 2 * ((1 - level) / 2) ** (1 / (self.systems // 2)) - 1
        bound = tau if self.kind == "kendall" else float(np.sin(np.pi * tau / 2))
        if self.kind == "spearman":
            bound = float(6 / np.pi * np.arcsin(bound / 2))
        return Interval(bound, 1.0) if estimate > 0 else Interval(-1.0, -bound)


@dataclass(frozen=True, kw_only=True)
class Correlation(Tested[float]):
    """A correlation; ``n`` counts systems. ``weak`` is true where these are too few to say much."""

    kind: Kind
    weak: bool


def correlation(
    x: ArrayLike, y: ArrayLike, *, kind: Kind = "pearson", test: Test = "auto", seed: int = 0
) -> Correlation:
    """Return the correlation of two columns of numbers, one pair a system.

    Intervals on Fisher's z scale: Pearson with 1/(n - 3), Spearman after Bonett and Wright (2000),
    Kendall's tau-b after Fieller, Hartley and Pearson (1957). Under four systems (five for Kendall) the
    interval is the whole of [-1, 1]: nothing is known. At ±1 of four systems or more, where Fisher's scale
    would claim certainty, the interval is the exact and cautious one of :class:`PerfectOrder`.

    ``test="permutation"``: the p-value against no association is exact up to nine systems, beyond that from
    9,999 random orders (never 0). ``"parametric"`` is scipy's (R's cor.test): Student's t for Pearson and
    Spearman, for Kendall exact without ties. ``"auto"`` (default) takes permutations for up to nine systems
    and where the parametric one is 0, which no finite number of systems deserves. Raises NotEstimableError
    where a column is constant or there are fewer than two systems.
    """
    if test not in ("auto", "permutation", "parametric"):
        raise InputError(f"test is auto, permutation or parametric, not {test!r}.")
    if kind not in _NAMES:
        raise InputError(f"kind is pearson, spearman or kendall, not {kind!r}.")
    n = same_length(x=x, y=y)
    first, second = numbers(x, "x"), numbers(y, "y")
    check_varies(first, second)
    r, pvalue = coefficient_and_pvalue(first, second, kind)
    error_z = _error_of_z(r, n, kind)
    perfect = abs(r) > 1 - PERFECT and n >= FEWEST_FOR_ORDER
    how = "Student t" if kind != "kendall" else "exact or normal"
    if test == "permutation" or (test == "auto" and (n <= EXACT_UP_TO or pvalue == 0.0)):
        pvalue, exact = permutation_pvalue(first, second, kind, seed=seed)
        how = "all orders" if exact else f"{PERMUTATIONS} random orders, seed {seed}"
    rule: IntervalRule = PerfectOrder(n, kind) if perfect else Fisher(error_z)
    return Correlation(
        estimate=r,
        standard_error=_standard_error(r, error_z, rule),
        n=n,
        method=f"{_NAMES[kind]} over {n} systems, p-value against no association ({how})",
        rule=rule,
        convention="exact, from independent pairs of systems" if perfect else _CONVENTIONS[kind],
        notes=_few_notes(n) + ((_PERFECT_NOTE,) if perfect else ()),
        pvalue=pvalue,
        kind=kind,
        weak=n < FEW_SYSTEMS,
    )


def _standard_error(r: float, error_z: float, rule: IntervalRule) -> float:
    """Return the delta method's error; at ±1 half the 68% interval; 1 where nothing is known."""
    if isinstance(rule, PerfectOrder):
        return one_error(rule, r)
    if not np.isfinite(error_z):
        return 1.0
    return float((1 - r**2) * error_z)


def check_varies(*columns: FloatArray) -> None:
    """Raise unless every column has two values or more."""
    for column in columns:
        if len(column) < 2:
            raise NotEstimableError("A correlation needs at least two systems.")
        if np.ptp(column) <= 1e-13 * np.abs(column).max():
            raise NotEstimableError("One of the columns is the same for every system: no correlation exists.")


def coefficient_and_pvalue(x: FloatArray, y: FloatArray, kind: Kind) -> tuple[float, float]:
    """Return the coefficient and the p-value by scipy (1 where two systems allow no test)."""
    test = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[kind]
    if len(x) == 2:
        return float(np.sign((x[1] - x[0]) * (y[1] - y[0]))), 1.0
    found = test(x, y)
    return float(np.clip(found.statistic, -1, 1)), float(found.pvalue)


def _error_of_z(r: float, n: int, kind: Kind) -> float:
    if n < (5 if kind == "kendall" else 4):
        return float("inf")
    if kind == "pearson":
        return float(1 / np.sqrt(n - 3))
    if kind == "spearman":
        return float(np.sqrt((1 + r**2 / 2) / (n - 3)))
    return float(np.sqrt(0.437 / (n - 4)))


def _few_notes(n: int) -> tuple[str, ...]:
    if n >= FEW_SYSTEMS:
        return ()
    return (
        f"Only {n} systems: a correlation over so few says little, and its interval is approximate. "
        "Chance alone often gives a high value.",
    )
