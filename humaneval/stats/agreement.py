"""Do raters agree beyond chance: coefficients for any number of raters, missing answers allowed.

Every coefficient here is a function of sums over units, so that one bootstrap over units (drawn as
multinomial counts of their patterns) serves all of them. Where raters are known, the interval is widened
by what the raters' own variety adds (how the effects of one rater's votes go together across units), with
Student's quantile for few raters: a bootstrap over units alone speaks of these raters only.

krippendorff (PyPI) computes alpha one table at a time, without intervals; R's irr::kripp.alpha is wrong for
complete data of three or more raters; statsmodels' fleiss_kappa takes complete tables only. Hence our own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats import units as unit_tables
from humaneval.stats.alike import ALIKE_CONVENTION, UnitsAlike, alike_note, one_error
from humaneval.stats.bootstrap import chunks, multiplicities
from humaneval.stats.columns import sums_by
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Percentile
from humaneval.stats.results import FloatArray, IntervalRule, Result
from humaneval.stats.tables import only_counts, only_table
from humaneval.stats.units import Units

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Weights = Literal["identity", "linear", "quadratic"]
ComplexArray = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class AgreementResult(Result[float]):
    """An agreement coefficient (1 is perfect; 0 is chance, but for percent agreement).

    ``observed`` and ``expected`` are its two ingredients: agreement, or for alpha disagreement.
    ``units`` counts the units with at least two answers, ``replicates`` holds the bootstrap.
    """

    observed: float
    expected: float
    units: int
    replicates: FloatArray = field(repr=False)


class Coefficient(ABC):
    """A coefficient of the form f(sum over units of terms(unit))."""

    name: str
    low: float = -1.0
    high: float = 1.0

    @abstractmethod
    def terms(self, patterns: FloatArray) -> FloatArray:
        """Return the (P, q) terms of units with these counts."""

    @abstractmethod
    def parts(self, sums: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Return observed and expected (dis)agreement of summed terms (..., q)."""

    def room(self, sums: FloatArray) -> float:
        """Return how far below 1 the coefficient would be if no unit's answers agreed."""
        return float(1 / np.maximum(1 - self.parts(sums)[1], 1e-12))

    def value(self, sums: ComplexArray) -> ComplexArray:
        """Return the coefficient; NaN where expected agreement leaves no room for more."""
        observed, expected = self.parts(sums)
        room = 1 - expected
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(np.abs(room) > 1e-12, (observed - expected) / room, np.nan)


def _pair_agreement(patterns: FloatArray, weight: FloatArray) -> FloatArray:
    """Return each unit's weighted share of agreeing pairs of raters (0 for single answers)."""
    m = patterns.sum(axis=1)
    pairs = np.einsum("pc,cd,pd->p", patterns, weight, patterns) - patterns @ np.diag(weight)
    return np.divide(pairs, m * (m - 1), out=np.zeros(len(m)), where=m > 1)


def weights_named(weights: str | None) -> Weights:
    """Return the weights meant by one of their names: ours, or scikit-learn's (None) and R's irr."""
    if weights in (None, "identity", "unweighted"):
        return "identity"
    if weights in ("linear", "equal"):
        return "linear"
    if weights in ("quadratic", "squared"):
        return "quadratic"
    raise InputError(f"weights is identity, linear or quadratic, not {weights!r}.")


def agreement_weights(values: FloatArray, weights: str | None) -> FloatArray:
    """Return the (k, k) weights of two answers: identity, 1 - distance/range, or 1 - its square."""
    weights = weights_named(weights)
    if weights == "identity":
        return np.eye(len(values))
    spread = values.max() - values.min()
    distance = np.abs(values[:, None] - values[None, :]) / (spread if spread > 0 else 1.0)
    return 1 - distance if weights == "linear" else 1 - distance**2


class Percent(Coefficient):
    """The mean over units of the share of pairs of raters who gave the same answer."""

    name = "percent agreement"
    low = 0.0

    def __init__(self, weight: FloatArray) -> None:
        self.weight = weight

    def terms(self, patterns: FloatArray) -> FloatArray:
        """Return (share of agreeing pairs, 1) of units with two answers or more."""
        pairable = (patterns.sum(axis=1) > 1).astype(np.float64)
        return np.stack([_pair_agreement(patterns, self.weight) * pairable, pairable], axis=1)

    def parts(self, sums: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Return the mean share, and 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return sums[..., 0] / sums[..., 1], np.zeros_like(sums[..., 0])


class Fleiss(Percent):
    """Fleiss (1971): chance agreement from the pooled shares of the categories."""

    name = "Fleiss' kappa"
    low = -1.0

    def terms(self, patterns: FloatArray) -> FloatArray:
        """Return percent's terms and the counts of units with two answers or more."""
        base = super().terms(patterns)
        return np.concatenate([base, patterns * base[:, 1:]], axis=1)

    def parts(self, sums: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Return observed and chance agreement."""
        observed, _ = super().parts(sums)
        counts = sums[..., 2:]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = counts / counts.sum(axis=-1, keepdims=True)
        return observed, np.einsum("...c,cd,...d->...", share, self.weight, share)


class Gwet(Percent):
    """Gwet (2008) AC1, with weights AC2: chance agreement only among raters who guess."""

    name = "Gwet's AC1"
    low = -1.0

    def __init__(self, weight: FloatArray) -> None:
        super().__init__(weight)
        if not np.array_equal(weight, np.eye(len(weight))):
            self.name = "Gwet's AC2"

    def terms(self, patterns: FloatArray) -> FloatArray:
        """Return percent's terms and each unit's shares of the categories."""
        m = patterns.sum(axis=1, keepdims=True)
        shares = np.divide(patterns, m, out=np.zeros_like(patterns), where=m > 0)
        return np.concatenate([super().terms(patterns), shares], axis=1)

    def parts(self, sums: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Return observed and chance agreement."""
        observed, _ = super().parts(sums)
        k = sums.shape[-1] - 2
        with np.errstate(divide="ignore", invalid="ignore"):
            share = sums[..., 2:] / sums[..., 2:].sum(axis=-1, keepdims=True)
        if k < 2:
            return observed, np.zeros_like(observed)
        return observed, self.weight.sum() / (k * (k - 1)) * (share * (1 - share)).sum(axis=-1)


class Alpha(Coefficient):
    """Krippendorff's (2011) alpha: 1 - observed/expected disagreement, one difference for each level."""

    def __init__(self, values: FloatArray, level: Level) -> None:
        if level not in ("nominal", "ordinal", "interval", "ratio"):
            raise InputError(f"level is nominal, ordinal, interval or ratio, not {level!r}.")
        if level == "ratio" and (values < 0).any():
            raise InputError("A ratio scale has no negative answers.")
        self.level, self.values = level, values
        self.name = f"Krippendorff's alpha ({level})"

    def terms(self, patterns: FloatArray) -> FloatArray:
        """Return each unit's (flattened) coincidence matrix, or its disagreement and counts.

        The ordinal difference depends on all answers' ranks, hence the matrix; the others are fixed.
        """
        m = patterns.sum(axis=1)
        pairable = np.where(m > 1, 1.0, 0.0)
        per = pairable / np.maximum(m - 1, 1)
        if self.level == "ordinal":
            k = patterns.shape[1]
            matrices = patterns[:, :, None] * patterns[:, None, :]
            matrices[:, np.arange(k), np.arange(k)] -= patterns
            return (matrices * per[:, None, None]).reshape(len(patterns), k * k)
        difference = self._fixed_difference()
        disagreement = np.einsum("pc,cd,pd->p", patterns, difference, patterns) * per
        return np.concatenate([disagreement[:, None], patterns * pairable[:, None]], axis=1)

    def _fixed_difference(self) -> FloatArray:
        a, b = self.values[:, None], self.values[None, :]
        if self.level == "nominal":
            return (a != b).astype(np.float64)
        if self.level == "interval":
            return np.asarray((a - b) ** 2)
        return np.divide(a - b, a + b, out=np.zeros(np.broadcast(a, b).shape), where=(a + b) > 0) ** 2

    def parts(self, sums: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Return observed and expected disagreement."""
        if self.level == "ordinal":
            return self._ordinal_parts(sums)
        counts = sums[..., 1:]
        total = counts.sum(axis=-1)
        expected = np.einsum("...c,cd,...d->...", counts, self._fixed_difference(), counts)
        with np.errstate(divide="ignore", invalid="ignore"):
            return sums[..., 0] / total, expected / (total * (total - 1))

    def _ordinal_parts(self, sums: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Use mid-ranks: the ordinal difference is the interval difference of mid-ranks."""
        k = len(self.values)
        matrix = sums.reshape(*sums.shape[:-1], k, k)
        counts = matrix.sum(axis=-1)
        total = counts.sum(axis=-1)
        rank = np.cumsum(counts, axis=-1) - counts / 2
        difference = (rank[..., :, None] - rank[..., None, :]) ** 2
        expected = np.einsum("...c,...cd,...d->...", counts, difference, counts)
        with np.errstate(divide="ignore", invalid="ignore"):
            observed = (matrix * difference).sum(axis=(-1, -2)) / total
            return observed, expected / (total * (total - 1))

    def room(self, sums: FloatArray) -> float:
        """Return 1 over the chance that two answers drawn at random differ, by however much."""
        k = len(self.values)
        counts = sums.reshape(k, k).sum(axis=1) if self.level == "ordinal" else sums[1:]
        share = counts / counts.sum()
        return float(1 / (1 - share @ share))

    def value(self, sums: ComplexArray) -> ComplexArray:
        """Return alpha; NaN where all answers are alike."""
        observed, expected = self.parts(sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(np.abs(expected) > 1e-12, 1 - observed / expected, np.nan)


def estimate(
    coefficient: Coefficient, units: Units, *, replicates: int = 1000, seed: int = 0
) -> AgreementResult:
    """Return a coefficient with its interval: bootstrap over units, widened for raters where known.

    Raises NotEstimableError where no unit has two answers, or where chance leaves nothing to agree on
    (all answers alike).
    """
    if units.pairable == 0:
        raise NotEstimableError("No item was answered by two raters: agreement cannot be estimated.")
    terms = coefficient.terms(units.patterns)
    sums = units.frequency @ terms
    value = float(coefficient.value(sums))
    if np.isnan(value):
        raise NotEstimableError(
            f"All answers are alike: {coefficient.name} compares with chance and is undefined."
        )
    observed, expected = coefficient.parts(sums)
    draws, lost = _replicates(coefficient, terms, units, replicates, seed)
    deviation = float(draws.std(ddof=1)) if len(draws) > 1 else 0.0
    stretch, freedom, clusters, notes = _rater_stretch(coefficient, units, terms, sums)
    rule: IntervalRule = Percentile(draws, stretch, coefficient.low, coefficient.high, freedom)
    convention = "percentile" if stretch == 1 else f"percentile, stretched by {stretch:.3f} for raters"
    convention += f", Student's quantile on {freedom:.3g} degrees of freedom" if np.isfinite(freedom) else ""
    if lost:
        notes += (f"{lost} of {replicates} bootstrap replicates had all answers alike and are left out.",)
    if value > 1 - 1e-12 or deviation <= 1e-12:
        rule = UnitsAlike(units.pairable, coefficient.room(sums), coefficient.low)
        convention = ALIKE_CONVENTION
        notes += (alike_note(units.pairable),)
    error = deviation * stretch if deviation > 1e-12 else one_error(rule, value)
    return AgreementResult(
        estimate=value,
        standard_error=error,
        n=units.n,
        method=f"{coefficient.name}, bootstrap over items ({replicates} replicates, seed {seed})"
        + (", widened for raters" if stretch > 1 else ""),
        rule=rule,
        clusters=clusters,
        convention=convention,
        notes=notes,
        observed=float(observed),
        expected=float(expected),
        units=units.pairable,
        replicates=draws,
    )


def _replicates(
    coefficient: Coefficient, terms: FloatArray, units: Units, replicates: int, seed: int
) -> tuple[FloatArray, int]:
    """Return bootstrap values over units, and how many replicates were undefined."""
    rng = np.random.default_rng(seed)
    parts = []
    for count in chunks(replicates, 8 * (3 * len(terms) + 4 * terms.shape[1])):
        draws = multiplicities(units.items, count, rng, units.frequency)
        parts.append(coefficient.value(draws @ terms))
    values = np.concatenate(parts)
    kept = values[~np.isnan(values)]
    return kept, len(values) - len(kept)


def _rater_stretch(
    coefficient: Coefficient, units: Units, terms: FloatArray, sums: FloatArray
) -> tuple[float, float, dict[str, int], tuple[str, ...]]:
    """Return by how much raters widen the spread over units, degrees of freedom, the clusters, and notes.

    The variance is item + rater - cell, never below the items'. The raters' sum alone is no lower bound
    here: a pair of answers is in the effect of two raters, so that it counts the units' noise twice.
    """
    clusters = {"item": units.pairable}
    if units.rater is None or units.unit is None or units.category is None:
        return 1.0, np.inf, clusters, ("Raters are not known: the interval is about these raters only.",)
    raters = clusters["rater"] = units.rater.size
    gradient = _gradient(coefficient, sums)
    by_unit = (terms @ gradient)[units.unit_pattern]
    vote = _vote_effects(coefficient, units, terms, gradient)
    by_rater = sums_by(units.rater.codes, vote, raters)
    item = float((by_unit**2).sum())
    if raters == 2:
        note = "Two raters do not show how raters differ: the interval speaks of these two."
        return 1.0, max(units.pairable - 1.0, 1.0), clusters, (note,)
    together = float((by_rater**2).sum()) * raters / max(raters - 1, 1)
    if item <= 0:
        return 1.0, np.inf, clusters, ()
    both = item + max(together - float((vote**2).sum()), 0.0)
    # Satterthwaite: what is uncertain in the variance is the raters' whole sum, also where it adds nothing.
    freedom = both**2 / (together**2 / max(raters - 1, 1) + item**2 / max(units.pairable - 1, 1))
    return float(np.sqrt(both / item)), max(freedom, raters - 1.0), clusters, ()


def _gradient(coefficient: Coefficient, sums: FloatArray) -> FloatArray:
    """Return the coefficient's derivatives by the summed terms (complex step, exact to rounding)."""
    q, step = len(sums), 1e-20
    parts = []
    for start in range(0, q, 256):
        rows = np.repeat(sums[None, :].astype(np.complex128), min(256, q - start), axis=0)
        rows[np.arange(len(rows)), start + np.arange(len(rows))] += 1j * step
        parts.append(np.imag(coefficient.value(rows)) / step)
    return np.concatenate(parts)


def _vote_effects(
    coefficient: Coefficient, units: Units, terms: FloatArray, gradient: FloatArray
) -> FloatArray:
    """Return, to first order, by how much the coefficient falls when a single vote is left out."""
    k = units.patterns.shape[1]
    effect = np.zeros((len(units.patterns), k))
    whole = terms @ gradient
    for category in range(k):
        has = units.patterns[:, category] > 0
        without = units.patterns[has].copy()
        without[:, category] -= 1
        effect[has, category] = whole[has] - coefficient.terms(without) @ gradient
    return effect[units.unit_pattern[units.unit], units.category]


def require_order(units: Units, scale: str) -> None:
    """Raise unless the answers are numbers, where ``scale`` needs them in order."""
    if scale not in ("nominal", "identity") and not units.ordered:
        raise InputError(
            f"{scale} needs answers that are numbers; text has no order. Code the answers first."
        )


def units_of(
    table: ArrayLike | None,
    rater: ArrayLike | None,
    item: ArrayLike | None,
    answer: ArrayLike | None,
    counts: ArrayLike | None = None,
    values: ArrayLike | None = None,
) -> Units:
    """Return units from a raters x units table, a units x categories table of counts, or votes."""
    if counts is not None:
        only_counts(table=table, rater=rater, item=item, answer=answer)
        return unit_tables.from_counts(counts, values)
    if values is not None:
        raise InputError("values= names the columns of counts=.")
    if table is not None:
        only_table(rater=rater, item=item, answer=answer)
        return unit_tables.from_table(table)
    if item is None or answer is None:
        raise InputError("Give a raters x units table, or the votes (rater=, item=, answer=).")
    return unit_tables.from_votes(item=item, answer=answer, rater=rater)


def percent_agreement(
    table: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    values: ArrayLike | None = None,
    weights: Weights = "identity",
    replicates: int = 1000,
    seed: int = 0,
) -> AgreementResult:
    """Return the mean over items of the share of pairs of raters that agree.

    ``table`` is raters x units with NaN where missing, ``counts`` units x categories. It is not corrected for
    chance: 0.5 is what coin flips give on a yes/no question.
    """
    units = units_of(table, rater, item, answer, counts, values)
    weights = weights_named(weights)
    require_order(units, weights)
    coefficient = Percent(agreement_weights(units.values, weights))
    return estimate(coefficient, units, replicates=replicates, seed=seed)


def krippendorff_alpha(
    table: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    values: ArrayLike | None = None,
    level: Level = "nominal",
    replicates: int = 1000,
    seed: int = 0,
) -> AgreementResult:
    """Return Krippendorff's alpha of a raters x units table (NaN where missing) or of votes.

    Or of ``counts``, units x categories, whose columns are the answers 0, 1, ... or ``values``.
    ``level`` is the scale: nominal for yes/no and choices, ordinal or interval for Likert scales, ratio
    for amounts with a true zero. Krippendorff (2011), Computing Krippendorff's alpha-reliability.
    """
    units = units_of(table, rater, item, answer, counts, values)
    require_order(units, level)
    return estimate(Alpha(units.values, level), units, replicates=replicates, seed=seed)


def fleiss_kappa(
    counts: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> AgreementResult:
    """Return Fleiss' (1971) kappa of a units x categories table of counts, or of votes.

    Units may have different numbers of answers; those with one are left out, and each unit weighs alike.
    """
    units = units_of(None, rater, item, answer, counts)
    coefficient = Fleiss(agreement_weights(units.values, "identity"))
    return estimate(coefficient, units, replicates=replicates, seed=seed)


def gwet_ac(
    table: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    values: ArrayLike | None = None,
    weights: Weights = "identity",
    replicates: int = 1000,
    seed: int = 0,
) -> AgreementResult:
    """Return Gwet's (2008, 2014) AC1, or AC2 with linear or quadratic weights, of a table or of votes.

    Or of ``counts``, units x categories. Steadier than kappa where nearly all answers fall into one category.
    """
    units = units_of(table, rater, item, answer, counts, values)
    weights = weights_named(weights)
    require_order(units, weights)
    coefficient = Gwet(agreement_weights(units.values, weights))
    return estimate(coefficient, units, replicates=replicates, seed=seed)
