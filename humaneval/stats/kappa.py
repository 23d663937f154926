"""Cohen's kappa of two raters, plain or weighted.

The large-sample error is Fleiss, Cohen and Everitt's (1969); the interval is a bootstrap over items, all
replicates at once on the k x k table. (psych's error of weighted kappa differs from the delta method.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.agreement import Weights, agreement_weights, weights_named
from humaneval.stats.alike import ALIKE_CONVENTION, UnitsAlike, alike_note, one_error
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.columns import encode, encode_together, present, same_length, sums_by
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import percentile_of_clusters
from humaneval.stats.results import FloatArray, IntervalRule, Result
from humaneval.stats.tables import counts_table, only_counts


@dataclass(frozen=True, kw_only=True, eq=False)
class CohenKappa(Result[float]):
    """Kappa of two raters; ``confusion[i, j]`` counts items that one called i and the other j."""

    observed: float
    expected: float
    confusion: FloatArray = field(repr=False)
    replicates: FloatArray = field(repr=False)


def cohen_kappa(
    confusion: ArrayLike | None = None,
    *,
    counts: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    raters: tuple[Any, Any] | None = None,
    weights: Weights = "identity",
    replicates: int = 1000,
    seed: int = 0,
) -> CohenKappa:
    """Return Cohen's kappa from a k x k confusion, or from the votes of two raters on their common items.

    The confusion is the first argument or ``counts=``; ``counts[i, j]`` items that one called i, the other j.

    ``weights`` is identity (plain kappa), linear or quadratic, by the categories' places in order.
    ``standard_error`` is Fleiss, Cohen and Everitt's; the interval the percentile bootstrap over items. It
    speaks of these two raters: for a crowd use krippendorff_alpha or fleiss_kappa.
    """
    if confusion is not None and counts is not None:
        raise InputError("Give the confusion once: as the first argument or as counts=.")
    ready = counts if confusion is None else confusion
    if ready is not None:
        only_counts(rater=rater, item=item, answer=answer, raters=raters)
        table = _square(ready)
    else:
        table = _confusion(rater, item, answer, raters)
    weights = weights_named(weights)
    weight = agreement_weights(np.arange(len(table), dtype=np.float64), weights)
    observed, expected = _parts(table[None], weight)
    if not table.sum():
        raise NotEstimableError("The two raters have no item in common.")
    if expected[0] > 1 - 1e-12:
        raise NotEstimableError("Both raters gave one and the same answer throughout: kappa is undefined.")
    draws = _replicates(table, weight, replicates, seed)
    kappa, items = float((observed[0] - expected[0]) / (1 - expected[0])), round(float(table.sum()))
    rule: IntervalRule = percentile_of_clusters(draws, items, high=1.0)
    convention = "percentile, widened for few items; the error is Fleiss, Cohen and Everitt's (1969)"
    notes: tuple[str, ...] = ("The interval is about these two raters, not about people.",)
    if kappa > 1 - 1e-12 or len(draws) < 2 or np.ptp(draws) <= 1e-12:
        rule, convention = UnitsAlike(items, 1 / (1 - float(expected[0]))), ALIKE_CONVENTION
        notes += (alike_note(items),)
    error = _standard_error(table, weight, float(observed[0]), float(expected[0]))
    return CohenKappa(
        estimate=kappa,
        standard_error=error if error > 1e-9 else one_error(rule, kappa),
        n=round(2 * float(table.sum())),
        method=f"Cohen's kappa ({weights} weights), bootstrap over items ({replicates}, seed {seed})",
        rule=rule,
        clusters={"item": items, "rater": 2},
        convention=convention,
        notes=notes,
        observed=float(observed[0]),
        expected=float(expected[0]),
        confusion=table,
        replicates=draws,
    )


def _square(confusion: ArrayLike) -> FloatArray:
    table = counts_table(confusion, "a square confusion of counts", (None, None))
    if table.shape[0] != table.shape[1]:
        raise InputError("A confusion is a square table of counts.")
    return table


def _confusion(
    rater: ArrayLike | None, item: ArrayLike | None, answer: ArrayLike | None, raters: tuple[Any, Any] | None
) -> FloatArray:
    if rater is None or item is None or answer is None:
        raise InputError("Give a confusion, or the votes (rater=, item=, answer=).")
    same_length(rater=rater, item=item, answer=answer)
    given = present(answer)
    who, what, said = (np.asarray(column)[given] for column in (rater, item, answer))
    seen = np.unique(who)
    if raters is None:
        if len(seen) != 2:
            raise InputError(
                f"Cohen's kappa is for two raters and there are {len(seen)}: name two, "
                "or use krippendorff_alpha or fleiss_kappa."
            )
        raters = (seen[0], seen[1])
    first, second = who == raters[0], who == raters[1]
    for chosen in (first, second):
        if len(np.unique(what[chosen])) < chosen.sum():
            raise InputError("Some rater answered the same item more than once; leave repeats out first.")
    common, one, two = np.intersect1d(what[first], what[second], return_indices=True)
    if not len(common):
        raise NotEstimableError("The two raters have no item in common.")
    k = encode(said[first | second]).size
    codes, _ = encode_together(said[first], said[second])
    return sums_by(codes[0][one] * k + codes[1][two], np.ones(len(common)), k * k).reshape(k, k)


def _parts(tables: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return observed and chance agreement of tables (..., k, k)."""
    share = tables / np.maximum(tables.sum(axis=(-1, -2), keepdims=True), 1e-300)
    observed = (share * weight).sum(axis=(-1, -2))
    expected = np.einsum("...i,ij,...j->...", share.sum(axis=-1), weight, share.sum(axis=-2))
    return observed, expected


def _standard_error(table: FloatArray, weight: FloatArray, observed: float, expected: float) -> float:
    """Return Fleiss, Cohen and Everitt's (1969) large-sample error."""
    n = float(table.sum())
    share = table / n
    kappa = (observed - expected) / (1 - expected)
    rows, columns = weight @ share.sum(axis=0), weight.T @ share.sum(axis=1)
    slope = weight - (rows[:, None] + columns[None, :]) * (1 - kappa)
    variance = float((share * slope**2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    return float(np.sqrt(max(variance, 0.0) / n)) / (1 - expected)


def _replicates(table: FloatArray, weight: FloatArray, replicates: int, seed: int) -> FloatArray:
    frequency = np.round(table).astype(np.int64).ravel()
    draws = multiplicities(int(frequency.sum()), replicates, np.random.default_rng(seed), frequency)
    observed, expected = _parts(draws.reshape(replicates, *table.shape), weight)
    defined = expected < 1 - 1e-12
    return np.asarray((observed[defined] - expected[defined]) / (1 - expected[defined]))
