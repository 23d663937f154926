"""Intraclass correlations: which share of the variance of scores lies between items, not raters.

Variance components of the crossed design by Gao and Owen's (2017) moments, which need only sums over
items and over raters, take missing cells, and equal the analysis of variance on complete tables. Exact F
intervals (Shrout and Fleiss 1979; McGraw and Wong 1996) where the table is complete, else a jackknife.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse, stats

from humaneval.stats.alike import ALIKE_CONVENTION, UnitsAlike, alike_note, one_error
from humaneval.stats.bootstrap import chunks, multiplicities
from humaneval.stats.columns import cells, encode, numbers, present, same_length
from humaneval.stats.crossed_moments import CrossedSums, without_each_item, without_each_rater
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import percentile_of_clusters, quantile
from humaneval.stats.results import FloatArray, Interval, IntervalRule, Result
from humaneval.stats.tables import only_table

Form = Literal["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]
Convention = Literal["shrout_fleiss", "irr"]
_MISSING_NOTE = (
    "Some cells are missing: components are by moments, and the interval is a jackknife's, not exact."
)
LAST = 1 - 1e-9
"""A coefficient is taken for this at most on Fisher's scale, where 1 is infinite."""
_ONE_RATER = {"ICC1": "ICC(1,1)", "ICC2": "ICC(2,1)", "ICC3": "ICC(3,1)"}
_MEANING = {
    "ICC1": "raters differ from item to item",
    "ICC2": "raters drawn from a population, absolute agreement",
    "ICC3": "these raters only, consistency",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class IntraclassCorrelation(Result[float]):
    """An intraclass correlation; ``components`` are the variances "item", "rater" and "residual".

    ``raters_averaged`` is the number of raters whose mean the k-forms speak of (1 for single ratings).
    """

    form: Form
    components: dict[str, float]
    raters_averaged: float
    replicates: FloatArray | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class _Ratings:
    """Sparse items x raters matrices of answers and of which exist (1)."""

    answers: sparse.csr_matrix
    present: sparse.csr_matrix

    @property
    def complete(self) -> bool:
        return bool(self.present.nnz == np.prod(self.present.shape))


def icc(
    table: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    form: Form = "ICC2",
    convention: Convention = "shrout_fleiss",
    replicates: int = 1000,
    seed: int = 0,
) -> IntraclassCorrelation:
    """Return an intraclass correlation of an items x raters table (NaN where missing) or of votes.

    Forms: ICC1 (each item its own raters), ICC2 (raters are a sample, absolute agreement), ICC3 (these
    raters, consistency), and ICC1k, ICC2k, ICC3k for the mean of k raters. ``convention`` decides the
    interval of ICC2k, for which two are in use: Shrout and Fleiss, McGraw and Wong, SPSS and psych step up
    the limits of ICC2; R's irr takes its degrees of freedom from the averaged coefficient. All other
    forms agree. Tables with missing cells get a jackknife on Fisher's z with Student's quantile, over items
    and for ICC2 over raters (the larger counts; a percentile bootstrap over items, kept as ``replicates``,
    held the truth only 92 times in a hundred), and k is the harmonic mean of the raters an item.
    """
    form = _form_named(form)
    ratings = _read(table, rater, item, answer)
    components = components_of(ratings, np.ones((1, ratings.present.shape[0])), form)
    k = _raters_averaged(ratings) if form.endswith("k") else 1.0
    estimate = float(_combine(components, form, k)[0])
    if not np.isfinite(estimate):
        raise NotEstimableError("The answers do not vary enough: an intraclass correlation is undefined.")
    if ratings.complete and max(_mean_squares(ratings.answers.toarray())[::3]) < 1e-12:
        raise NotEstimableError("Each rater gave all items the same answer: items cannot be told apart.")
    draws = _replicates(ratings, form, k, replicates, seed)
    rule: IntervalRule = percentile_of_clusters(draws, ratings.present.shape[0], high=1.0)
    name, source = "percentile bootstrap over items", "bootstrap over items"
    notes: tuple[str, ...] = () if ratings.complete else (_MISSING_NOTE,)
    error = float(draws.std(ddof=1)) if len(draws) > 1 else 0.0
    left_out = None if ratings.complete else _jackknifed(ratings, form, k)
    if ratings.complete:
        name, rule = f"exact F, {convention}", _Exact(ratings.answers.toarray(), form, convention)
    elif left_out is not None:
        error, rule = left_out
        source = "jackknife over items" + (" or raters" if form.startswith("ICC2") else "")
        name = "Student t on Fisher's z"
    if estimate > 1 - 1e-9 or (error <= 1e-9 and not ratings.complete):
        items = int((np.asarray(ratings.present.sum(axis=1)).ravel() > 1).sum())
        rule, name = UnitsAlike(items, _chance_room(ratings)), ALIKE_CONVENTION
        notes += (alike_note(items),)
    return IntraclassCorrelation(
        estimate=estimate,
        standard_error=error if error > 1e-9 else one_error(rule, estimate),
        n=ratings.present.nnz,
        method=f"{_name(form)}: {_MEANING[form.removesuffix('k')]}; standard error by {source}",
        rule=rule,
        clusters={"item": ratings.present.shape[0], "rater": ratings.present.shape[1]},
        convention=name,
        notes=notes,
        form=form,
        components={name: float(value[0]) for name, value in components.items()},
        raters_averaged=k,
        replicates=draws,
    )


def _form_named(form: str) -> Form:
    """Return the form meant: ICC2k is also ICC(2,k) as Shrout and Fleiss write it, and ICC2 ICC(2,1)."""
    found = re.fullmatch(r"ICC([123])(?:,?(1|k))?", re.sub(r"[() ]", "", str(form)), re.IGNORECASE)
    if found is None:
        raise InputError(f"form is one of ICC1, ICC2, ICC3, ICC1k, ICC2k, ICC3k, not {form!r}.")
    averaged = (found[2] or "").lower() == "k"
    return f"ICC{found[1]}{'k' if averaged else ''}"  # type: ignore[return-value]


def _chance_room(ratings: _Ratings) -> float:
    """Return 1 over the chance that two answers drawn at random differ."""
    _, counts = np.unique(ratings.answers.toarray()[ratings.present.toarray() > 0], return_counts=True)
    share = counts / counts.sum()
    return float(1 / max(1 - share @ share, 1e-12))


def _name(form: str) -> str:
    single = _ONE_RATER[form.removesuffix("k")]
    return single.replace(",1", ",k") if form.endswith("k") else single


def _read(
    table: ArrayLike | None, rater: ArrayLike | None, item: ArrayLike | None, answer: ArrayLike | None
) -> _Ratings:
    if table is not None:
        only_table(rater=rater, item=item, answer=answer)
        matrix = np.asarray(table, dtype=np.float64)
        if matrix.ndim != 2:
            raise InputError("A table for icc is items x raters.")
        item, rater = np.nonzero(~np.isnan(matrix))
        answer = matrix[item, rater]
    if rater is None or item is None or answer is None:
        raise InputError("Give an items x raters table, or the votes (rater=, item=, answer=).")
    same_length(rater=rater, item=item, answer=answer)
    given = present(answer)
    rater, item, answer = (np.asarray(column)[given] for column in (rater, item, answer))
    items, raters, values = encode(item), encode(rater), numbers(answer, "answer")
    if items.size < 2 or raters.size < 2:
        raise NotEstimableError("An intraclass correlation needs at least two items and two raters.")
    if cells(items.codes, raters.codes, raters.size).size < len(values):
        raise InputError("Some rater answered the same item more than once; leave repeats out first.")
    shape = (items.size, raters.size)
    place = (items.codes, raters.codes)
    answered = sparse.csr_matrix((np.ones(len(values)), place), shape)
    if answered.sum(axis=1).max() < 2:
        raise NotEstimableError("No item was answered by two raters.")
    return _Ratings(sparse.csr_matrix((values, place), shape), answered)


def _raters_averaged(ratings: _Ratings) -> float:
    each = np.asarray(ratings.present.sum(axis=1)).ravel()
    return float(len(each) / (1 / each).sum())


def components_of(ratings: _Ratings, weight: FloatArray, form: str) -> dict[str, FloatArray]:
    """Return variance components for item weights (B, items); not finite where too few votes are left."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _components(ratings, weight, form)


def _components(ratings: _Ratings, weight: FloatArray, form: str) -> dict[str, FloatArray]:
    """Return variance components for item weights (B, items): one value a row of weights."""
    present, answers = ratings.present, ratings.answers
    each = np.asarray(present.sum(axis=1)).ravel()
    item_sum = np.asarray(answers.sum(axis=1)).ravel()
    item_square = np.asarray(answers.multiply(answers).sum(axis=1)).ravel()
    rater_each = np.asarray((present.T @ weight.T).T)
    rater_sum = np.asarray((answers.T @ weight.T).T)
    squares = weight @ item_square
    sums = CrossedSums(
        count=weight @ each,
        total=weight @ item_sum,
        squares=squares,
        items=weight.sum(axis=1),
        raters=(rater_each > 0).sum(axis=1),
        within_item=weight @ (item_square - item_sum**2 / each),
        within_rater=squares - np.where(rater_each > 0, rater_sum**2 / rater_each, 0).sum(axis=1),
        item_squared=weight @ each**2,
        rater_squared=(rater_each**2).sum(axis=1),
    )
    return _from_sums(sums, form)


def _from_sums(sums: CrossedSums, form: str) -> dict[str, FloatArray]:
    """Return variance components by Gao and Owen's moments."""
    everything = sums.count * sums.squares - sums.total**2
    pairs = sums.count**2 - sums.count
    item_room = sums.count**2 - sums.item_squared
    rater_residual = sums.within_item / (sums.count - sums.items)
    if form.startswith("ICC1"):
        item = (everything - rater_residual * pairs) / item_room
        return {"item": item, "rater": np.zeros_like(item), "residual": rater_residual}
    item_residual = sums.within_rater / (sums.count - sums.raters)
    rater_room = sums.count**2 - sums.rater_squared
    # everything = item·item_room + rater·rater_room + residual·pairs, with
    # rater = rater_residual - residual and item = item_residual - residual.
    known = item_residual * item_room + rater_residual * rater_room
    residual = (known - everything) / (item_room + rater_room - pairs)
    return {"item": item_residual - residual, "rater": rater_residual - residual, "residual": residual}


def _combine(components: dict[str, FloatArray], form: str, k: float) -> FloatArray:
    """Return the coefficient, cut at 1 (moments of missing cells may leave a residual below 0)."""
    item, rater, residual = components["item"], components["rater"], components["residual"]
    noise = residual + rater if form.startswith("ICC2") else residual
    whole = item + noise / k
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 1e-300, np.minimum(item / whole, 1.0), np.nan))


@dataclass(frozen=True)
class _OnFisherScale:
    """Student's t about the coefficient's Fisher z."""

    error: float
    degrees_of_freedom: float

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        centre = np.arctanh(np.clip(estimate, -LAST, LAST))
        half = quantile(level, self.degrees_of_freedom) * self.error
        return Interval(
            float(min(np.tanh(centre - half), estimate)), float(max(np.tanh(centre + half), estimate))
        )


def _jackknifed(ratings: _Ratings, form: str, k: float) -> tuple[float, _OnFisherScale] | None:
    """Return the standard error and the interval's rule of a table with missing cells.

    Items are left out one at a time and, where the coefficient speaks of raters to come (ICC2), raters too;
    the larger of the two variances counts. None where nothing varies.
    """
    votes = ratings.answers.tocoo(), ratings.present.tocoo()
    place = (votes[1].row.astype(np.int64), votes[1].col.astype(np.int64))
    answer = np.asarray(ratings.answers[place]).ravel()
    sides = [without_each_item] + ([without_each_rater] if form.startswith("ICC2") else [])
    found = []
    for without in sides:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = _combine(_from_sums(without(*place, answer, ratings.present.shape), form), form, k)
        values = values[np.isfinite(values)]
        z = np.arctanh(np.clip(values, -LAST, LAST))
        found.append((*(_spread_left_out(one) for one in (z, values)), len(values) - 1.0))
    on_z, plain, freedom = max(found)
    return None if on_z <= 1e-9 else (plain, _OnFisherScale(on_z, freedom))


def _spread_left_out(values: FloatArray) -> float:
    """Return the jackknife's standard error from the values with each part left out."""
    size = len(values)
    return float(np.sqrt((size - 1) / size * ((values - values.mean()) ** 2).sum())) if size > 1 else 0.0


def _replicates(ratings: _Ratings, form: str, k: float, replicates: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    items, raters = ratings.present.shape
    parts = []
    for count in chunks(replicates, 24 * (items + raters)):
        weight = multiplicities(items, count, rng)
        parts.append(_combine(components_of(ratings, weight, form), form, k))
    values = np.concatenate(parts)
    return values[np.isfinite(values)]


@dataclass(frozen=True, eq=False)
class _Exact:
    """Exact F limits of a complete items x raters table."""

    table: FloatArray
    form: Form
    convention: Convention

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        tail = (1 - level) / 2
        n, k = self.table.shape
        between, within, rater, error = _mean_squares(self.table)
        if self.form.startswith("ICC1"):
            return self._from_ratio(between / max(within, 1e-300), n - 1, n * (k - 1), tail)
        if self.form.startswith("ICC3"):
            return self._from_ratio(between / max(error, 1e-300), n - 1, (n - 1) * (k - 1), tail)
        if self.form == "ICC2k" and self.convention == "irr":
            return self._averaged(between, rater, error, float(estimate), tail)
        low, high = self._single(between, rater, error, tail)
        if self.form == "ICC2":
            return Interval(low, high)
        return Interval(low * k / (1 + low * (k - 1)), high * k / (1 + high * (k - 1)))

    def _from_ratio(self, ratio: float, df1: float, df2: float, tail: float) -> Interval[float]:
        k = self.table.shape[1]
        low = ratio / stats.f.ppf(1 - tail, df1, df2)
        high = ratio * stats.f.ppf(1 - tail, df2, df1)
        if self.form.endswith("k"):
            return Interval(float(1 - 1 / low), float(1 - 1 / high))
        return Interval(float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1)))

    def _freedom(self, rater: float, error: float, rho: float) -> float:
        """Satterthwaite's degrees of freedom of the denominator (McGraw and Wong 1996, table 7)."""
        n, k = self.table.shape
        odds = rho / max(1 - rho, 1e-12)
        from_rater = k * odds / n * rater
        from_error = (1 + k * (n - 1) * odds / n) * error
        parts = from_rater**2 / (k - 1) + from_error**2 / ((n - 1) * (k - 1))
        return float((from_rater + from_error) ** 2 / parts)

    def _single(self, between: float, rater: float, error: float, tail: float) -> tuple[float, float]:
        n, k = self.table.shape
        rho = (between - error) / (between + (k - 1) * error + k * (rater - error) / n)
        v = self._freedom(rater, error, rho)
        upper, lower = stats.f.ppf(1 - tail, n - 1, v), stats.f.ppf(1 - tail, v, n - 1)
        mixed = k * rater + (k * n - k - n) * error
        low = n * (between - upper * error) / (upper * mixed + n * between)
        high = n * (lower * between - error) / (mixed + n * lower * between)
        return float(low), float(high)

    def _averaged(
        self, between: float, rater: float, error: float, rho: float, tail: float
    ) -> Interval[float]:
        n = len(self.table)
        v = self._freedom(rater, error, rho)
        upper, lower = stats.f.ppf(1 - tail, n - 1, v), stats.f.ppf(1 - tail, v, n - 1)
        low = n * (between - upper * error) / (upper * (rater - error) + n * between)
        high = n * (lower * between - error) / (rater - error + n * lower * between)
        return Interval(float(low), float(high))


def _mean_squares(table: FloatArray) -> tuple[float, float, float, float]:
    """Return mean squares: between items, within items, raters, error."""
    n, k = table.shape
    mean = table.mean()
    items = k * ((table.mean(axis=1) - mean) ** 2).sum()
    raters = n * ((table.mean(axis=0) - mean) ** 2).sum()
    total = ((table - mean) ** 2).sum()
    error = (total - items - raters) / ((n - 1) * (k - 1))
    within = (total - items) / (n * (k - 1))
    return float(items / (n - 1)), float(within), float(raters / (k - 1)), float(error)
