"""Kendall's W: do raters who ordered the same items order them alike?

W of m raters is (1 + (m - 1) r)/m, r the mean of Spearman's rho over all pairs of raters (Kendall and
Babington Smith 1939). A bootstrap over raters repeats raters, who agree with themselves, and lies high; the
error of r, a mean over pairs, is the jackknife's over raters instead (Arvesen 1969).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from humaneval.stats.alike import UnitsAlike, one_error
from humaneval.stats.columns import cells, encode, numbers, same_length
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Given, quantile
from humaneval.stats.results import FloatArray, Interval, IntervalRule, Tested
from humaneval.stats.tables import only_table

_PERFECT_NOTE = (
    "All raters order the items alike. That is no proof of perfect agreement: the interval holds every W "
    "under which so many independent pairs of raters would still all agree."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Concordance(Tested[float]):
    """Kendall's W (0 none, 1 perfect), its chi-squared statistic and each item's mean rank.

    ``mean_correlation`` is the mean of Spearman's rho over all pairs of raters.
    """

    statistic: float
    mean_ranks: FloatArray
    mean_correlation: float


@dataclass(frozen=True)
class MeanCorrelation:
    """Interval of W from the mean correlation of so many raters, on Fisher's z scale with Student's t."""

    raters: int
    error_z: float
    degrees_of_freedom: float

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        m = self.raters
        z = np.arctanh((m * estimate - 1) / (m - 1))
        half = quantile(level, self.degrees_of_freedom) * self.error_z
        low, high = ((1 + (m - 1) * np.tanh(end)) / m for end in (z - half, z + half))
        return Interval(max(0.0, float(low)), float(high))


def kendall_w(
    table: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
) -> Concordance:
    """Return Kendall's W, corrected for ties, of a raters x items table or of votes.

    Each rater must have answered every item (for missing answers use krippendorff_alpha, ordinal). The
    p-value is Friedman's chi-squared, m(n - 1)W on n - 1 degrees of freedom. The interval is about the W that
    as many other raters of their population would have on these items: Fisher's z of the raters' mean
    correlation, its error by the jackknife over raters with Student's t; for two raters Spearman's own.
    """
    matrix = _complete(table, rater, item, answer)
    raters, items = matrix.shape
    ranks = stats.rankdata(matrix, axis=1)
    tied = np.array([_tie_correction(row) for row in ranks])
    value = _w(ranks.sum(axis=0)[None], np.array([tied.sum()]), np.array([raters]), items)[0]
    if np.isnan(value):
        raise NotEstimableError("Every rater gave all items the same answer: there is no order to agree on.")
    rule, error, convention, notes = _rule(float(value), ranks, tied)
    chi = float(raters * (items - 1) * value)
    return Concordance(
        estimate=float(value),
        standard_error=error,
        n=matrix.size,
        method="Kendall's W, jackknife over raters" if raters > 2 else "Kendall's W of two raters",
        rule=rule,
        clusters={"rater": raters, "item": items},
        convention=convention,
        notes=notes,
        pvalue=float(stats.chi2.sf(chi, items - 1)),
        statistic=chi,
        mean_ranks=ranks.mean(axis=0),
        mean_correlation=float((raters * value - 1) / (raters - 1)),
    )


def _rule(
    value: float, ranks: FloatArray, tied: FloatArray
) -> tuple[IntervalRule, float, str, tuple[str, ...]]:
    """Return the interval's rule, the standard error, the convention and what must be said."""
    raters, items = ranks.shape
    mean = (raters * value - 1) / (raters - 1)
    if abs(mean) > 1 - 1e-12:
        rule: IntervalRule = UnitsAlike(raters // 2, 2 * (raters - 1) / raters, low=0.0)
        return rule, one_error(rule, value), "exact, from independent pairs of raters", (_PERFECT_NOTE,)
    if raters == 2:
        error_z = float(np.sqrt((1 + mean**2 / 2) / (items - 3))) if items > 3 else np.inf
        notes: tuple[str, ...] = ("The interval is about these two raters, not about people.",)
        freedom = np.inf
    else:
        error_z, notes, freedom = _jackknife(ranks, tied) / max(1 - mean**2, 1e-12), (), raters - 1.0
    if not 1e-9 < error_z < np.inf:
        rule = Given(0.0, 1.0)
        return rule, 0.5, "the whole range", (*notes, "So few raters or items tell nothing of their spread.")
    error = (raters - 1) / raters * (1 - mean**2) * error_z
    return MeanCorrelation(raters, error_z, freedom), error, "Fisher z of the mean correlation", notes


def _jackknife(ranks: FloatArray, tied: FloatArray) -> float:
    """Return the jackknife's error of the raters' mean correlation."""
    raters, items = ranks.shape
    others = raters - 1
    left = _w(ranks.sum(axis=0) - ranks, tied.sum() - tied, np.full(raters, float(others)), items)
    means = (others * left[np.isfinite(left)] - 1) / (others - 1)
    return float(np.sqrt(others / raters * ((means - means.mean()) ** 2).sum()))


def _complete(
    table: ArrayLike | None, rater: ArrayLike | None, item: ArrayLike | None, answer: ArrayLike | None
) -> FloatArray:
    if table is not None:
        only_table(rater=rater, item=item, answer=answer)
        matrix = np.asarray(table, dtype=np.float64)
    elif rater is None or item is None or answer is None:
        raise InputError("Give a raters x items table, or the votes (rater=, item=, answer=).")
    else:
        same_length(rater=rater, item=item, answer=answer)
        who, what = encode(rater), encode(item)
        if cells(who.codes, what.codes, what.size).size < len(who.codes):
            raise InputError("Some rater answered the same item more than once; leave repeats out first.")
        matrix = np.full((who.size, what.size), np.nan)
        matrix[who.codes, what.codes] = numbers(answer, "answer")
    if matrix.ndim != 2 or np.isnan(matrix).any():
        raise InputError("Kendall's W needs every rater's answer to every item; else use krippendorff_alpha.")
    if min(matrix.shape) < 2:
        raise NotEstimableError("Kendall's W needs at least two raters and two items.")
    return matrix


def _tie_correction(ranks: FloatArray) -> float:
    _, count = np.unique(ranks, return_counts=True)
    return float((count**3 - count).sum())


def _w(rank_sums: FloatArray, tied: FloatArray, raters: FloatArray, items: int) -> FloatArray:
    """Return W of rank sums (..., items) with total tie corrections."""
    spread = ((rank_sums - rank_sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    room = raters**2 * (items**3 - items) - raters * tied
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(room > 0, 12 * spread / room, np.nan))
