"""What a study is expected to take of raters: time, and money where a posting says what a session pays.

How long trials take and what panels charge is known above this app; who knows is registered from there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from humaneval.studies.models import Study

Words = Any
"""Text that is translated when it is shown, as form fields take it."""
STRETCH = 10
"""Trials among which a study's number of gold trials stand."""
CENT, HALF_A_MINUTE = Decimal("0.01"), 0.5
AMPLE, SPARE = 1.5, 5
"""Places beyond the needed sessions that are no mistake: half of them again, and always five."""


@dataclass(frozen=True)
class Pace:
    """How long raters are taken to need: seconds a trial and minutes besides, and where that comes from.

    A trial's seconds are those of all its ``questions``.
    """

    seconds: float
    besides: float
    source: Words
    questions: int = 1


@dataclass(frozen=True)
class PostedPay:
    """What the places of a posting cost; ``minutes`` is how long it says that a session takes."""

    panel: str
    places: int
    minutes: int
    reward: Decimal
    fees: Decimal
    currency: str

    @property
    def rewards(self) -> Decimal:
        """What all people get."""
        return self.reward * self.places

    @property
    def total(self) -> Decimal:
        """Rewards and fees."""
        return self.rewards + self.fees


@dataclass(frozen=True)
class Offer:
    """A posting's pay, and what it comes to for an hour if a session takes as long as is expected."""

    pay: PostedPay
    minutes: float | None

    @property
    def wage(self) -> Decimal | None:
        """What an hour pays, to the cent; None where nobody knows how long a session takes."""
        if not self.minutes:
            return None
        return (self.pay.reward * 60 / Decimal(self.minutes)).quantize(CENT, ROUND_HALF_UP)

    @property
    def is_short(self) -> bool:
        """Whether the posting promises a shorter session than is expected, by half a minute and more."""
        return self.minutes is not None and self.pay.minutes + HALF_A_MINUTE <= self.minutes


@dataclass(frozen=True)
class Expectation:
    """What is to be expected; ``trials`` are those of a session, repeats and gold trials among them."""

    sessions: int
    trials: int
    pace: Pace | None = None
    pays: list[PostedPay] = field(default_factory=list)

    @property
    def minutes(self) -> float | None:
        """How long a session takes."""
        return None if self.pace is None else self.pace.besides + self.trials * self.pace.seconds / 60

    @property
    def hours(self) -> float | None:
        """How many hours all sessions take together."""
        return None if self.total_minutes is None else self.total_minutes / 60

    @property
    def total_minutes(self) -> float | None:
        """How long all sessions take together."""
        return None if self.minutes is None else self.sessions * self.minutes

    @property
    def offers(self) -> list[Offer]:
        """What each posting pays, beside the time that is expected."""
        return [Offer(pay, self.minutes) for pay in self.pays]

    @property
    def has_spare_places(self) -> bool:
        """Whether postings have far more places than make up for raters who drop out or are left out."""
        return self.places > max(AMPLE * self.sessions, self.sessions + SPARE)

    @property
    def places(self) -> int:
        """How many places all postings have."""
        return sum(pay.places for pay in self.pays)

    @property
    def totals(self) -> list[tuple[str, Decimal]]:
        """What all postings cost, fees included, by currency."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for pay in self.pays:
            sums[pay.currency] += pay.total
        return sorted(sums.items())


PaceTeller = Callable[[Study], Pace | None]
PayTeller = Callable[[Study], list[PostedPay]]
_pace: list[PaceTeller] = []
_pays: list[PayTeller] = []


def register_pace(teller: PaceTeller) -> None:
    """Make known who tells how long raters need; one registered later takes its place."""
    _pace[:] = [teller]


def register_pay(teller: PayTeller) -> None:
    """Make known who tells what a study's postings cost; one registered later takes its place."""
    _pays[:] = [teller]


def expect(study: Study, sessions: int) -> Expectation:
    """Return what so many sessions of a study are expected to take."""
    return Expectation(
        sessions=sessions,
        trials=_trials_a_session(study),
        pace=next((teller(study) for teller in _pace), None),
        pays=[pay for teller in _pays for pay in teller(study)],
    )


def _trials_a_session(study: Study) -> int:
    """Return how many trials a rater meets who answers as many as the study lets them."""
    fresh = min(study.assignments_per_session, study.trial_count)
    others = fresh + min(study.repeats_per_session, fresh)
    gold = others * study.gold_per_block // (STRETCH - study.gold_per_block)
    return others + min(gold, study.gold_drawn + study.goldtrials.count())
