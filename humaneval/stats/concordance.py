"""Kendall's W: do raters who ordered the same items order them alike?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.columns import cells, encode, numbers, same_length
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Percentile
from humaneval.stats.results import FloatArray, Tested


@dataclass(frozen=True, kw_only=True, eq=False)
class Concordance(Tested[float]):
    """Kendall's W (0 none, 1 perfect), its chi-squared statistic and each item's mean rank."""

    statistic: float
    mean_ranks: FloatArray
    replicates: FloatArray = field(repr=False)


def kendall_w(
    table: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> Concordance:
    """Return Kendall's W, corrected for ties, of a raters x items table or of votes.

    Each rater must have answered every item (for missing answers use krippendorff_alpha, ordinal). The
    p-value is Friedman's chi-squared, m(n - 1)W on n - 1 degrees of freedom; the interval a bootstrap over
    raters. Kendall and Babington Smith (1939).
    """
    matrix = _complete(table, rater, item, answer)
    raters, items = matrix.shape
    ranks = stats.rankdata(matrix, axis=1)
    tied = np.array([_tie_correction(row) for row in ranks])
    value = _w(ranks.sum(axis=0)[None], np.array([tied.sum()]), np.array([raters]), items)[0]
    if np.isnan(value):
        raise NotEstimableError("Every rater gave all items the same answer: there is no order to agree on.")
    draws = multiplicities(raters, replicates, np.random.default_rng(seed))
    values = _w(draws @ ranks, draws @ tied, draws.sum(axis=1), items)
    values = values[np.isfinite(values)]
    chi = float(raters * (items - 1) * value)
    return Concordance(
        estimate=float(value),
        standard_error=float(values.std(ddof=1)),
        n=matrix.size,
        method=f"Kendall's W, bootstrap over raters ({replicates} replicates, seed {seed})",
        rule=Percentile(values, low=0.0, high=1.0),
        clusters={"rater": raters, "item": items},
        convention="percentile",
        notes=("A bootstrap over raters repeats raters, who agree with themselves: the interval lies high.",),
        pvalue=float(stats.chi2.sf(chi, items - 1)),
        statistic=chi,
        mean_ranks=ranks.mean(axis=0),
        replicates=values,
    )


def _complete(
    table: ArrayLike | None, rater: ArrayLike | None, item: ArrayLike | None, answer: ArrayLike | None
) -> FloatArray:
    if table is not None:
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
