"""The smallest study that reaches a wanted interval or power: raters, trials, and votes a trial.

An estimate's variance has three parts: raters who differ (divided by the raters), images or prompts that
differ (divided by their number), and what is left (divided by the votes). What each estimate makes of them is
in :mod:`humaneval.stats.vote_size`, :mod:`humaneval.stats.order_size` and
:mod:`humaneval.stats.exposure_size`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from scipy import stats

from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.planning import MOST_RATERS

Aim = Literal["width", "power"]

LEAST_VOTES_A_TRIAL = 2
"""So that agreement between raters can be estimated at all."""
_SAWTOOTH = 25
"""How many sizes above the first one are looked at: the exact test's power is not monotone."""
FLATTENING = (16 * math.sqrt(3) / (15 * math.pi)) ** 2
"""By which a variance of logits flattens a logistic curve (Zeger, Liang and Albert 1988)."""
LEVEL = 0.95
"""Of intervals; tests are at the 5% level."""


class Estimand(Protocol):
    """What a study is to estimate, and what is expected of its votes."""

    def check(self, aim: Aim) -> None:
        """Raise InputError where what is expected cannot be, or leaves nothing to find."""

    def width(self, size: Size) -> float:
        """Return how wide (high - low) the 95% interval of a study of this size is expected to be."""

    def power(self, size: Size) -> float:
        """Return the chance that a study of this size finds the effect at 5%, two-sided."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """A study's size for one condition (for preferences, orders and exposures: all of it)."""

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

    @property
    def fewest(self) -> int:
        """The fewest raters that a study may have."""
        return 2

    def trials(self, size: Size) -> int:
        """Return how many trials such a study has: no fewer than a rater answers."""
        each = max(self.votes_per_trial, math.ceil(size.votes / size.items))
        return max(math.ceil(size.votes / each), size.votes_each)


@dataclass(frozen=True, kw_only=True)
class ListedSupply(Supply):
    """What a study can give whose trials are listed: all are asked, more raters give each more votes."""

    def size(self, raters: int) -> Size:
        """Return the study of so many raters."""
        return Size(raters=raters, votes_each=self.votes_each, items=self.images)

    @property
    def fewest(self) -> int:
        """The fewest raters that give every trial its votes."""
        return max(2, math.ceil(self.images * self.votes_per_trial / self.votes_each))

    def trials(self, size: Size) -> int:
        """Return how many trials are listed."""
        return size.items


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The smallest study that reaches its aim, and what it then has (a width, or a power)."""

    size: Size
    aim: Aim
    target: float
    achieved: float


def plan_size(expected: Estimand, supply: Supply, *, aim: Aim, target: float) -> Planned:
    """Return the smallest study whose interval is at most ``target`` wide, or whose power is at least that.

    Raises InputError for what cannot be asked, and NotEstimableError where no number of raters is enough.
    """
    if aim == "power" and not 1 - LEVEL < target < 1:
        raise InputError("Power lies between the significance level and 1.")
    if aim == "width" and target <= 0:
        raise InputError("A width is greater than 0.")
    expected.check(aim)
    measure = expected.width if aim == "width" else expected.power

    def reached(raters: int) -> bool:
        value = measure(supply.size(raters))
        return value <= target if aim == "width" else value >= target

    raters = _smallest(reached, supply.fewest)
    if raters is None:
        raise NotEstimableError(_out_of_reach(supply, aim, measure))
    size = supply.size(raters)
    return Planned(size=size, aim=aim, target=target, achieved=measure(size))


def some_effect(aim: Aim, effect: float, nothing: float) -> None:
    """Raise InputError where power is wanted to find no effect."""
    if aim == "power" and abs(effect - nothing) < 1e-9:
        raise InputError("Where there is no effect, none can be found: expect one, or plan for a width.")


def drawn_together(spread: float) -> float:
    """Return by what factor logits shrink that differ from vote to vote with this variance.

    The mean of logistic curves is nearly a flatter logistic curve (Zeger, Liang and Albert 1988).
    """
    return 1 / math.sqrt(1 + FLATTENING * spread)


def power_of_t(away: float, freedom: float) -> float:
    """Return the chance that Student's two-sided test finds an effect so many standard errors away from 0."""
    critical = stats.t.ppf(0.5 + LEVEL / 2, freedom)
    against = stats.nct.cdf(-critical, freedom, abs(away))  # SciPy has no number for some of the tiniest
    return float(stats.nct.sf(critical, freedom, abs(away)) + np.nan_to_num(against))


def _smallest(reached: Callable[[int], bool], fewest: int) -> int | None:
    """Return the fewest raters from which on the aim stays reached; None where it never is."""
    high = fewest
    while not reached(high):
        high *= 2
        if high > MOST_RATERS:
            return None
    low = max(high // 2, fewest - 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    misses = [raters for raters in range(high, high + _SAWTOOTH) if not reached(raters)]
    return misses[-1] + 1 if misses else high


def _out_of_reach(supply: Supply, aim: Aim, measure: Callable[[Size], float]) -> str:
    best = measure(supply.size(MOST_RATERS))
    words = f"an interval {best:.3g} wide" if aim == "width" else f"a power of {best:.2f}"
    more = " More images would help." if supply.size(MOST_RATERS).items == supply.images else ""
    return f"Out of reach: even {MOST_RATERS:,} raters come to {words} only.{more}"
