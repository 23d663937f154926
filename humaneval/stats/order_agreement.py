"""Do raters who put the same few things in order put them alike: Kendall's tau over pairs of raters.

Each set (the images of one screen) has its own raters, two or more; tau-b of two raters is the cosine of
their orders' signs over all pairs of things, so that the mean over a set's pairs of raters follows from the
sum of its orders. 0 is what random orders give, whatever the number of raters; of Kendall's W it is one over
that number. The error adds to that between sets what a rater's orders of several sets have in common, by
jackknives over raters and single orders (as Cameron, Gelbach and Miller 2011 do with sandwiches): a bootstrap
that draws a rater twice has pairs that agree with themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.alike import UnitsAlike, one_error
from humaneval.stats.columns import Codes, cells, encode, same_length, sums_by
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Fisher, Given
from humaneval.stats.results import FloatArray, IntervalRule, Result

_ALIKE_NOTE = (
    "Raters and sets do not differ, which is no proof that others would not: the interval holds every value "
    "under which so many independent pairs of raters, or sets, could still all be alike."
)
_TWO_RATERS_NOTE = "The interval is about these two raters, not about people."
_ONE_SET_NOTE = "All orders are of one set: the interval is about that set alone."
_NOTHING_NOTE = "So few raters and sets tell nothing of their spread."


@dataclass(frozen=True, kw_only=True, eq=False)
class OrderAgreement(Result[float]):
    """The mean over sets of Kendall's tau-b between two raters of one set (1 the same order, 0 chance).

    ``concordance`` is the mean over sets of Kendall's W, ``chance_concordance`` what it is for random orders;
    ``sets`` counts those with two orders or more. ``tied`` tells whether some order has ties: without any,
    two raters put two things in the same order with frequency (1 + tau)/2.
    """

    concordance: float
    chance_concordance: float
    sets: int
    tied: bool


def order_agreement(ranks: ArrayLike, *, rater: ArrayLike, item: ArrayLike) -> OrderAgreement:
    """Return how far two raters of one set agree on its order, averaged over sets that two or more ordered.

    ``ranks`` has a row for each order with the rank of each thing (the best has the least, equal ranks are
    ties, NaN is not in the set); ``item`` names the set, in whose rows a column means the same thing. The
    interval is on Fisher's z scale with Student's t, on one fewer degrees of freedom than there are raters,
    or sets where these are fewer. Kendall (1970), Rank Correlation Methods, chapters 3 and 6.
    """
    table, who, what = _checked(ranks, rater, item)
    signs, places = _signs(table), _centred(table)
    taus, counts = _by_set(signs, what)
    value = float(taus.mean())
    spread, notes = _variance(signs, who, what)
    raters, sets = who.size, len(taus)
    error = float(np.sqrt(spread))
    alike = min(sets, raters // 2)
    if not np.isfinite(spread):
        rule: IntervalRule = Given(-1.0, 1.0)
        error, convention, notes = 1.0, "the whole range", (*notes, _NOTHING_NOTE)
    elif error < 1e-9 or 1 - abs(value) < 1e-12:
        rule = UnitsAlike(alike)
        error, notes = one_error(rule, value), (*notes, _ALIKE_NOTE)
        convention = "exact, from independent pairs or sets that are all alike"
    else:
        rule = Fisher(error / (1 - value**2), min(part - 1.0 for part in (raters, sets) if part > 1))
        convention = "Fisher z, Student t"
    agreeing, _ = _by_set(places, what)
    return OrderAgreement(
        estimate=value,
        standard_error=error,
        n=len(table),
        method="mean over sets of Kendall's tau-b between raters, jackknife over raters and sets",
        rule=rule,
        clusters={"rater": raters, "item": sets},
        convention=convention,
        notes=notes,
        concordance=float(((1 + (counts - 1) * agreeing) / counts).mean()),
        chance_concordance=float((1 / counts).mean()),
        sets=sets,
        tied=_has_ties(table),
    )


def _checked(ranks: ArrayLike, rater: ArrayLike, item: ArrayLike) -> tuple[FloatArray, Codes, Codes]:
    """Return the orders of sets that two raters or more ordered, who gave each, and of what."""
    table = np.asarray(ranks, dtype=np.float64)
    if table.ndim != 2:
        raise InputError("Orders are a table: a row an order, a column a thing, ranks in the cells.")
    same_length(ranks=table, rater=rater, item=item)
    who, what = encode(rater), encode(item)
    if cells(who.codes, what.codes, what.size).size < len(table):
        raise InputError("Some rater ordered the same set more than once; leave repeats out first.")
    ordered = np.fmax.reduce(table, axis=1) > np.fmin.reduce(table, axis=1)
    shared = sums_by(what.codes, ordered.astype(np.float64), what.size)[what.codes] > 1
    kept = ordered & shared
    if not kept.any():
        raise NotEstimableError("No set was put in order by two raters: there is nothing to agree on.")
    return table[kept], encode(who.codes[kept]), encode(what.codes[kept])


def _signs(table: FloatArray) -> FloatArray:
    """Return each order's signs over all pairs of things, as unit vectors: their products are tau-b."""
    first, second = np.triu_indices(table.shape[1], 1)
    signs = np.nan_to_num(np.sign(table[:, second] - table[:, first]))
    return np.asarray(signs / np.linalg.norm(signs, axis=1, keepdims=True))


def _centred(table: FloatArray) -> FloatArray:
    """Return each order's centred mid-ranks as unit vectors: their products are Spearman's rho."""
    below = (table[:, None, :] < table[:, :, None]).sum(axis=2)
    above = (table[:, None, :] > table[:, :, None]).sum(axis=2)
    centred = np.where(np.isnan(table), 0.0, (below - above) / 2)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True))


def _has_ties(table: FloatArray) -> bool:
    first, second = np.triu_indices(table.shape[1], 1)
    return bool((table[:, second] == table[:, first]).any())


def _by_set(vectors: FloatArray, what: Codes) -> tuple[FloatArray, FloatArray]:
    """Return the mean product over pairs of each set's vectors, and how many vectors it has."""
    count = sums_by(what.codes, np.ones(len(vectors)), what.size)
    return _mean_product((_totals(vectors, what) ** 2).sum(axis=1), count), count


def _totals(vectors: FloatArray, what: Codes) -> FloatArray:
    return np.stack([sums_by(what.codes, column, what.size) for column in vectors.T], axis=1)


def _mean_product(squared: FloatArray, count: FloatArray) -> FloatArray:
    """Return the mean product over pairs of unit vectors whose sum has this squared length; 0 for no pair."""
    pairs = count * (count - 1)
    return np.divide(squared - count, pairs, out=np.zeros_like(squared), where=pairs > 0)


def _variance(signs: FloatArray, who: Codes, what: Codes) -> tuple[float, tuple[str, ...]]:
    """Return the variance of the mean of sets' taus, from leaving out sets, raters and single orders."""
    taus, count = _by_set(signs, what)
    sets, raters, of = len(taus), who.size, what.codes
    rest = _totals(signs, what)[of] - signs
    left = _mean_product((rest**2).sum(axis=1), count[of] - 1)
    falls, gone = taus[of] - left, (count[of] == 2).astype(np.float64)
    by_set = float(taus.var(ddof=1) / sets) if sets > 1 else np.nan
    by_rater = _jackknife(taus.sum(), sets, *(sums_by(who.codes, one, raters) for one in (falls, gone)))
    by_order = _jackknife(taus.sum(), sets, falls, gone)
    if raters < 3:
        return by_set, (_TWO_RATERS_NOTE,)
    if sets < 2:
        return by_rater, (_ONE_SET_NOTE,)
    together = by_rater - by_order  # what a rater's orders of several sets have in common
    return by_set + (max(0.0, together) if np.isfinite(together) else 0.0), ()


def _jackknife(total: float, sets: int, falls: FloatArray, gone: FloatArray) -> float:
    """Return the jackknife's variance of a mean over sets; each part takes a sum and some sets with it."""
    some = gone < sets
    means = (total - falls[some]) / (sets - gone[some])
    size = len(means)
    return float((size - 1) / size * ((means - means.mean()) ** 2).sum()) if size > 1 else float("nan")
