"""How well can people tell real from generated, apart from how readily they say "real".

Signal detection theory (Green and Swets 1966; Hautus, Macmillan and Creelman 2021). d' is 0 when real and
generated cannot be told apart. Where a rate is 0 or 1 the log-linear rule (Hautus 1995) corrects it, unless
asked otherwise. Errors come from the clustered errors of the rates by the delta method.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

from humaneval.stats.alike import is_alike
from humaneval.stats.clusters import ALIKE_NOTE, Influence, cluster_variance
from humaneval.stats.columns import encode, same_length, sums_by
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Symmetric
from humaneval.stats.items import as_items
from humaneval.stats.ordinal import cumulative_link
from humaneval.stats.rates import rate, zero_one
from humaneval.stats.results import Interval, Result
from humaneval.stats.tables import counts_table, only_counts, right_of, rows_and_columns

Correction = Literal["extremes", "loglinear", "half", "none"]
Task = Literal["yes_no", "two_afc", "m_afc"]
_GRID = np.linspace(-9, 9, 721)
_GRID_WEIGHT = stats.norm.pdf(_GRID) * (_GRID[1] - _GRID[0])
"""Trapezoids over a normal density, exact to rounding."""


@dataclass(frozen=True, kw_only=True)
class Sensitivity(Result[float]):
    """d', with the criterion c (positive: readier to say no) and log bias; both None for forced choice.

    ``hit_rate`` and ``false_alarm_rate`` are after correction; for forced choice ``hit_rate`` is the
    proportion correct and the other None.
    """

    criterion: float | None
    log_bias: float | None
    hit_rate: float
    false_alarm_rate: float | None


def dprime(
    answer: ArrayLike | None = None,
    *,
    signal: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    task: Task = "yes_no",
    alternatives: int = 2,
    hits: float | None = None,
    misses: float | None = None,
    false_alarms: float | None = None,
    correct_rejections: float | None = None,
    successes: float | None = None,
    trials: float | None = None,
    counts: ArrayLike | None = None,
    correction: Correction = "extremes",
) -> Sensitivity:
    """Return d'.

    yes_no: ``answer`` is 1 for "yes, signal", ``signal`` 1 where there was one (say, yes means "real"); or
    ready ``hits``, ``misses``, ``false_alarms``, ``correct_rejections``, or these as the 2 x 2 table
    ``counts`` (rows: signal, none; columns: yes, no). two_afc and m_afc:
    ``answer`` is 1 for a correct choice; or ``successes`` of ``trials``, or ``counts`` (right, wrong). d' is
    √2 z(p) for two alternatives, and the solution of p = ∫ φ(x - d')Φ(x)^(m-1) dx for more.

    ``correction``: "extremes" adds 0.5 to each cell where a rate is 0 or 1 and leaves all others as they
    are counted, "loglinear" adds it always (Hautus 1995; a little towards 0), "half" replaces only the rate
    of 0 or 1 by half a vote from it (Macmillan and Kaplan 1985), "none" raises NotEstimableError there.
    """
    if counts is not None:
        only_counts(
            answer=answer, signal=signal, rater=rater, item=item, hits=hits, misses=misses, trials=trials,
            false_alarms=false_alarms, correct_rejections=correct_rejections, successes=successes,
        )  # fmt: skip
        if task == "yes_no":
            table = counts_table(counts, "a 2 x 2 table (rows: signal, none; columns: yes, no)", (2, 2))
            return _from_table(table[0, 0], table[0, 1], table[1, 0], table[1, 1], correction)
        answer, successes, trials = None, *right_of(counts)
    if task == "yes_no":
        if answer is None:
            return _from_table(hits, misses, false_alarms, correct_rejections, correction)
        return _yes_no(answer, signal, rater, item, correction)
    choices = 2 if task == "two_afc" else alternatives
    if choices < 2:
        raise InputError("A forced choice has at least two alternatives.")
    found = rate(answer, rater=rater, item=item, successes=successes, trials=trials)
    return _forced_choice(found.estimate, found.n, found, choices, correction)


def _corrected(
    successes: tuple[float, ...], trials: tuple[float, ...], correction: Correction
) -> tuple[float, ...]:
    """Return the rates that go together, corrected together: Hautus' rule is about the whole table."""
    if min(trials) <= 0:
        raise NotEstimableError("d' needs trials with and without a signal.")
    counted = list(zip(successes, trials, strict=True))
    extreme = any(right in (0, total) for right, total in counted)
    if correction == "loglinear" or (correction == "extremes" and extreme):
        return tuple((right + 0.5) / (total + 1) for right, total in counted)
    if correction == "half":
        return tuple(float(np.clip(right / total, 0.5 / total, 1 - 0.5 / total)) for right, total in counted)
    if correction not in ("extremes", "none"):
        raise InputError(f"correction is extremes, loglinear, half or none, not {correction!r}.")
    if extreme:
        raise NotEstimableError("A rate of 0 or 1 gives an infinite d'; use correction='extremes'.")
    return tuple(right / total for right, total in counted)


def _from_table(
    hits: float | None,
    misses: float | None,
    false_alarms: float | None,
    rejections: float | None,
    correction: Correction,
) -> Sensitivity:
    if hits is None or misses is None or false_alarms is None or rejections is None:
        raise InputError("Give answer= and signal=, or hits, misses, false_alarms, correct_rejections.")
    signals, noises = hits + misses, false_alarms + rejections
    hit, alarm = _corrected((hits, false_alarms), (signals, noises), correction)
    variance = _delta_variance(hit, alarm, hit * (1 - hit) / signals, alarm * (1 - alarm) / noises)
    note = ("Votes are taken as independent; votes of one rater are not.",)
    n = round(signals + noises)
    return _sensitivity(hit, alarm, variance, np.inf, n, "independent votes", {}, note, 1.0)


def _delta_variance(hit: float, alarm: float, hit_variance: float, alarm_variance: float) -> float:
    """Return the variance of z(hit) - z(alarm) (Gourevitch and Galanter 1967)."""
    slope_hit = 1 / stats.norm.pdf(stats.norm.ppf(hit))
    slope_alarm = 1 / stats.norm.pdf(stats.norm.ppf(alarm))
    return float(slope_hit**2 * hit_variance + slope_alarm**2 * alarm_variance)


def _sensitivity(
    hit: float,
    alarm: float,
    variance: float,
    freedom: float,
    n: int,
    method: str,
    clusters: dict[str, int],
    notes: tuple[str, ...],
    design_effect: float | None = None,
) -> Sensitivity:
    z_hit, z_alarm = float(stats.norm.ppf(hit)), float(stats.norm.ppf(alarm))
    criterion = -(z_hit + z_alarm) / 2
    return Sensitivity(
        estimate=z_hit - z_alarm,
        standard_error=float(np.sqrt(variance)),
        n=n,
        method=f"d' (yes/no), {method}",
        rule=Symmetric(freedom),
        clusters=clusters,
        convention="delta method, Student t" if np.isfinite(freedom) else "delta method, normal",
        notes=notes,
        design_effect=design_effect,
        criterion=criterion,
        log_bias=criterion * (z_hit - z_alarm),
        hit_rate=hit,
        false_alarm_rate=alarm,
    )


def _yes_no(
    answer: ArrayLike,
    signal: ArrayLike | None,
    rater: ArrayLike | None,
    item: ArrayLike | None,
    correction: Correction,
) -> Sensitivity:
    if signal is None:
        raise InputError("d' of yes/no answers needs signal= (1 where there was one).")
    same_length(answer=answer, signal=signal, rater=rater, item=item)
    votes, present = zero_one(answer), zero_one(signal)
    group = (1 - present).astype(np.int64)
    total = sums_by(group, np.ones(len(votes)), 2)
    yes = sums_by(group, votes, 2)
    hit, alarm = _corrected((yes[0], yes[1]), (total[0], total[1]), correction)
    slopes = 1 / stats.norm.pdf(stats.norm.ppf([hit, alarm])) * np.array([1.0, -1.0])
    share = 1 / total[group]
    influence = Influence(slopes[group] * share * (votes - (yes / total)[group]), share, group, 2)
    variance = cluster_variance(influence, None if rater is None else encode(rater), as_items(item))
    at_least = _delta_variance(hit, alarm, hit * (1 - hit) / total[0], alarm * (1 - alarm) / total[1])
    value, freedom = variance.variance, variance.degrees_of_freedom
    notes = variance.notes
    effect = variance.design_effect
    if variance.silent or is_alike(value, at_least):
        value, freedom = max(value, at_least), freedom if freedom > 0 else np.inf
        effect = value / at_least
        notes += (ALIKE_NOTE,)
    return _sensitivity(
        hit,
        alarm,
        value,
        freedom,
        len(votes),
        variance.method,
        variance.clusters,
        notes,
        effect,
    )


def forced_choice_probability(d: float, alternatives: int) -> float:
    """Return the chance of a correct choice among ``alternatives`` with sensitivity ``d``."""
    if alternatives == 2:
        return float(stats.norm.cdf(d / np.sqrt(2)))
    value = _GRID_WEIGHT @ special.ndtr(_GRID + d) ** (alternatives - 1)
    return float(value)


def forced_choice_dprime(p: float, alternatives: int) -> float:
    """Return the sensitivity that gives proportion correct ``p`` (strictly between 0 and 1)."""
    if alternatives == 2:
        return float(np.sqrt(2) * stats.norm.ppf(p))
    return float(
        optimize.brentq(lambda d: forced_choice_probability(d, alternatives) - p, -8, 12, xtol=1e-12)
    )


def _forced_choice(
    p: float, n: int, found: Result[float], alternatives: int, correction: Correction
) -> Sensitivity:
    (corrected,) = _corrected((round(p * n, 9),), (n,), correction)
    d = forced_choice_dprime(corrected, alternatives)
    step = 1e-4
    slope = (
        forced_choice_probability(d + step, alternatives) - forced_choice_probability(d - step, alternatives)
    ) / (2 * step)
    error = found.standard_error or np.sqrt(corrected * (1 - corrected) / n)
    return Sensitivity(
        estimate=d,
        standard_error=float(error / slope),
        n=n,
        method=f"d' ({alternatives} alternatives), {found.method}",
        rule=_Mapped(found, alternatives),
        clusters=found.clusters,
        convention=f"the rate's interval mapped to d': {found.convention}",
        notes=found.notes,
        design_effect=found.design_effect,
        criterion=None,
        log_bias=None,
        hit_rate=corrected,
        false_alarm_rate=None,
    )


@dataclass(frozen=True)
class _Mapped:
    """The interval of a proportion correct carried over to d'."""

    found: Result[float]
    alternatives: int

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        low, high = self.found.confidence_interval(level)
        return Interval(
            forced_choice_dprime(float(np.clip(low, 1e-9, 1 - 1e-9)), self.alternatives),
            forced_choice_dprime(float(np.clip(high, 1e-9, 1 - 1e-9)), self.alternatives),
        )


@dataclass(frozen=True, kw_only=True)
class OrdinalSensitivity(Result[float]):
    """d' from confidence ratings, with the criteria between them and the area under the ROC curve."""

    criteria: tuple[float, ...]
    area: float


def ordinal_dprime(
    rating: ArrayLike | None = None,
    *,
    signal: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    counts: ArrayLike | None = None,
) -> OrdinalSensitivity:
    """Return d' from ordered ratings (higher: surer of a signal), by ordered probit (Dorfman and Alf 1969).

    Equal-variance normal sensations with one criterion between neighbouring ratings; it uses every
    rating, so that it is sharper than d' of yes/no. ``area`` is Φ(d'/√2). Or give ``counts``, the 2 x k table
    of ratings with a signal (first row) and without (second), lowest rating first.
    """
    if counts is not None:
        only_counts(rating=rating, signal=signal, rater=rater, item=item)
        row, rating = rows_and_columns(counts_table(counts, "a 2 x k table of ratings", (2, None)))
        signal = 1 - row
    if rating is None or signal is None:
        raise InputError("Give the ratings and signal= (1 where there was one), or their counts=.")
    same_length(rating=rating, signal=signal, rater=rater, item=item)
    present = zero_one(signal)
    if present.min() == present.max():
        raise NotEstimableError("d' needs trials with and without a signal.")
    found = cumulative_link(rating, x=present, rater=rater, item=item, link="probit")
    d = float(found.estimate[0])
    return OrdinalSensitivity(
        estimate=d,
        standard_error=float(found.standard_error[0]),
        n=found.n,
        method=f"d' from ratings, {found.method}",
        rule=Symmetric(found.degrees_of_freedom),
        clusters=found.clusters,
        convention=found.convention,
        notes=found.notes,
        design_effect=found.design_effect,
        criteria=tuple(float(cut) for cut in found.thresholds),
        area=float(stats.norm.cdf(d / np.sqrt(2))),
    )
