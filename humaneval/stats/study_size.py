"""The smallest study that reaches a wanted interval or power: raters, trials, and votes a trial.

An estimate's variance has three parts: raters who differ (divided by the raters), images or prompts that
differ (divided by their number), and what is left (divided by the votes). Kish's (1965) design effect says
it for rates, whose power is the exact binomial test's on votes / design effect; mean scores take Student's t
with as many degrees of freedom as the scarcer cluster allows; strengths of pairwise preferences take the
information of Bradley and Terry's model, at strengths drawn together by what differs (Zeger, Liang and
Albert 1988).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats
from scipy.special import expit

from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Score
from humaneval.stats.planning import MOST_RATERS, Kind, binomial_power, design_effect

Aim = Literal["width", "power"]

LEAST_VOTES_A_TRIAL = 2
"""So that agreement between raters can be estimated at all."""
_SAWTOOTH = 25
"""How many sizes above the first one are looked at: the exact test's power is not monotone."""
_LOGIT_TO_PROBIT = 16 * math.sqrt(3) / (15 * math.pi)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is expected of the votes.

    ``effect``: a rate between 0 and 1; points between two mean scores; logits between two strengths.
    ``rater`` and ``item``: for a rate the correlations of two votes by one rater and on one image; for scores
    and strengths the standard deviations, in points or logits, by which raters and images differ (for power:
    in the difference between two conditions). ``deviation``: of single scores besides that, in points.
    """

    kind: Kind
    effect: float
    rater: float
    item: float
    null: float = 0.5
    deviation: float = 1.0
    conditions: int = 2
    significance: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Size:
    """A study's size for one condition (for preferences: all of it)."""

    raters: int
    votes_each: int
    items: int

    @property
    def votes(self) -> int:
        """Votes in all."""
        return self.raters * self.votes_each


@dataclass(frozen=True, kw_only=True)
class Supply:
    """What the study can give: ``votes_each`` of a rater, and at most so many different images or prompts.

    ``votes_per_trial`` is the least; where images are scarce, each is voted on more often.
    """

    votes_each: int
    images: int
    votes_per_trial: int = LEAST_VOTES_A_TRIAL

    def __post_init__(self) -> None:
        if min(self.votes_each, self.images, self.votes_per_trial) < 1:
            raise InputError("A study has at least one vote a rater, one image and one vote a trial.")
        if self.votes_each > self.images:
            raise InputError(
                f"A rater cannot answer {self.votes_each} different trials on {self.images} images: "
                "take shorter sessions or more images."
            )

    def size(self, raters: int) -> Size:
        """Return the study of so many raters: as many different images as its votes can use."""
        items = min(self.images, math.ceil(raters * self.votes_each / self.votes_per_trial))
        return Size(raters=raters, votes_each=self.votes_each, items=max(items, self.votes_each))


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The smallest study that reaches its aim, and what it then has (a width, or a power)."""

    size: Size
    aim: Aim
    target: float
    achieved: float


def expected_width(expected: Expected, size: Size) -> float:
    """Return how wide (high - low) the interval of one condition is expected to be.

    For a rate, of that rate; for scores, of a mean; for preferences, of a difference of strengths (logits).
    """
    level = 1 - expected.significance
    if expected.kind == "rate":
        low, high = Score(_effective(expected, size), size.raters - 1.0)(expected.effect, 0.0, level)
        return float(high - low)
    error = _mean_error(expected, size) if expected.kind == "likert" else _strength(expected, size)[1]
    return float(2 * stats.t.ppf(0.5 + level / 2, _freedom(expected, size)) * error)


def expected_power(expected: Expected, size: Size) -> float:
    """Return the chance that the effect is found, at ``significance``, two-sided.

    For a rate, that it differs from ``null``; for scores and preferences, that two conditions differ.
    """
    if expected.kind == "rate":
        effective = max(1, math.floor(_effective(expected, size)))
        return binomial_power(
            effective, rate=expected.effect, null=expected.null, significance=expected.significance
        )
    if expected.kind == "likert":
        shift, error = expected.effect, _difference_error(expected, size)
    else:
        shift, error = _strength(expected, size)
    freedom = _freedom(expected, size)
    critical, away = stats.t.ppf(1 - expected.significance / 2, freedom), abs(shift) / error
    return float(stats.nct.sf(critical, freedom, away) + stats.nct.cdf(-critical, freedom, away))


def plan_size(expected: Expected, supply: Supply, *, aim: Aim, target: float) -> Planned:
    """Return the smallest study whose interval is at most ``target`` wide, or whose power is at least that.

    Raises InputError for what cannot be asked, and NotEstimableError where no number of raters is enough.
    """
    _check(expected, aim, target)
    measure = expected_width if aim == "width" else expected_power

    def reached(raters: int) -> bool:
        value = measure(expected, supply.size(raters))
        return value <= target if aim == "width" else value >= target

    raters = _smallest(reached)
    if raters is None:
        raise NotEstimableError(_out_of_reach(expected, supply, aim, measure))
    size = supply.size(raters)
    return Planned(size=size, aim=aim, target=target, achieved=measure(expected, size))


def _check(expected: Expected, aim: Aim, target: float) -> None:
    if expected.kind == "rate" and not 0 < expected.effect < 1:
        raise InputError("An expected rate lies between 0 and 1.")
    if aim == "power" and not expected.significance < target < 1:
        raise InputError("Power lies between the significance level and 1.")
    if aim == "width" and target <= 0:
        raise InputError("A width is greater than 0.")
    nothing = expected.null if expected.kind == "rate" else 0.0
    if aim == "power" and abs(expected.effect - nothing) < 1e-9:
        raise InputError("Where there is no effect, none can be found: expect one, or plan for a width.")


def _smallest(reached: Callable[[int], bool]) -> int | None:
    """Return the fewest raters from which on the aim stays reached; None where it never is."""
    high = 2
    while not reached(high):
        high *= 2
        if high > MOST_RATERS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    high = max(high, 2)
    misses = [raters for raters in range(high, high + _SAWTOOTH) if not reached(raters)]
    return misses[-1] + 1 if misses else high


def _out_of_reach(
    expected: Expected, supply: Supply, aim: Aim, measure: Callable[[Expected, Size], float]
) -> str:
    best = measure(expected, supply.size(MOST_RATERS))
    words = f"an interval {best:.3g} wide" if aim == "width" else f"a power of {best:.2f}"
    more = " More images would help." if supply.size(MOST_RATERS).items == supply.images else ""
    return f"Out of reach: even {MOST_RATERS:,} raters come to {words} only.{more}"


# --- variances ------------------------------------------------------------------------------------------


def _effective(expected: Expected, size: Size) -> float:
    effect = design_effect(
        votes_each=size.votes_each,
        rater_correlation=expected.rater,
        votes_an_item=size.votes / size.items,
        item_correlation=expected.item,
    )
    return size.votes / effect


def _mean_error(expected: Expected, size: Size) -> float:
    parts = expected.rater**2 / size.raters + expected.item**2 / size.items
    return math.sqrt(parts + expected.deviation**2 / size.votes)


def _difference_error(expected: Expected, size: Size) -> float:
    parts = expected.rater**2 / size.raters + expected.item**2 / size.items
    return math.sqrt(parts + 2 * expected.deviation**2 / size.votes)


def _strength(expected: Expected, size: Size) -> tuple[float, float]:
    """Return the difference of strengths that a fit finds on average, and its standard error (logits)."""
    spread = expected.rater**2 + expected.item**2
    drawn = 1 / math.sqrt(1 + _LOGIT_TO_PROBIT**2 * spread)
    k = expected.conditions
    truth = np.linspace(expected.effect / 2, -expected.effect / 2, k) * drawn
    chance = expit(truth[:, None] - truth[None, :])
    weight = chance * (1 - chance) * size.votes / (k * (k - 1) / 2)
    np.fill_diagonal(weight, 0.0)
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    noise = inverse[0, 0] + inverse[-1, -1] - 2 * inverse[0, -1]
    raters = expected.rater**2 * (1 / size.raters - 1 / size.votes)
    items = expected.item**2 * max(1 / size.items - 1 / size.votes, 0.0)
    return expected.effect * drawn, math.sqrt(noise + drawn**2 * (raters + items))


def _freedom(expected: Expected, size: Size) -> float:
    scarcer = min(size.raters, size.items) if expected.item > 0 else size.raters
    return float(max(scarcer - 1, 1))
