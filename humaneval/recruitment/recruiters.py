"""What every panel can do for us, in one interface; nothing else knows panels by name.

A panel is called for an :class:`~humaneval.recruitment.models.Intent` that was stored before: ``prepare``
looks and changes nothing that matters, ``send`` acts, and ``find`` says afterwards whether a call whose
answer was lost has been acted on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.utils.functional import Promise

from humaneval.recruitment.models import Intent, IntentKind, LedgerKind, Posting, SubmissionState

LONGEST_WAIT = 3600.0
"""Seconds: a panel that asks for more is asked once an hour."""


class PanelRefused(Exception):
    """The panel has said no, for good; the text is a sentence for people."""


class NotSent(Exception):
    """The panel has certainly not acted, and may if asked again later: no connection, a rate limit.

    ``wait`` is for how many seconds the panel has asked us to leave it alone.
    """

    def __init__(self, text: str, wait: float = 0) -> None:
        super().__init__(text)
        self.wait = wait


def retry_after(header: str) -> float:
    """Return the seconds that a Retry-After header asks for, at most an hour; 0 for none, or a date."""
    text = header.strip()
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdecimal() else 0.0


class Unanswered(Exception):
    """The call left and no answer came that says whether the panel has acted."""


class Undecided(Exception):
    """The panel does not show yet whether it has acted on an earlier call."""


@dataclass(frozen=True)
class Outcome:
    """What a call has brought about: the panel's id of what it made, if any, and the fee it named."""

    external_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PanelSubmission:
    """One person's place as the panel lists it; ``bonuses`` are those it has paid."""

    external_id: str
    person: str
    state: SubmissionState
    entered_code: str = ""
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    bonuses: tuple[Decimal, ...] = ()


class Recruiter(Protocol):
    """One panel."""

    @property
    def name(self) -> str:
        """Name in the database."""

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def notice(self) -> str | Promise:
        """Return what staff must know before they use it; may be empty."""

    @property
    def is_standin(self) -> bool:
        """Whether it is a server on this machine, whose people are programs."""

    @property
    def publishing(self) -> tuple[IntentKind, ...]:
        """The calls, in order, that make a draft live."""

    @property
    def abilities(self) -> frozenset[IntentKind]:
        """All calls that it takes."""

    @property
    def bonuses_a_call(self) -> int:
        """Return how many bonuses one call can pay."""

    @property
    def bonus_states(self) -> frozenset[SubmissionState]:
        """States of a submission in which its person can be paid a bonus."""

    @property
    def rejection_rules(self) -> tuple[tuple[str, str | Promise], ...]:
        """Rules by which a submission may be rejected: the panel's word, and ours for people."""

    @property
    def shortest_rejection(self) -> int:
        """Fewest characters that a rejection's message may have."""

    def problems(self, posting: Posting) -> list[str]:
        """Return why a posting cannot be published as it is, in sentences."""

    def fee(self, posting: Posting, kind: LedgerKind, amount: Decimal) -> Decimal:
        """Return the panel's fee on a payment, exact to the cent."""

    def prepare(self, intent: Intent) -> dict[str, Any]:
        """Return how things stand before the call, to be kept as its evidence."""

    def send(self, intent: Intent) -> Outcome:
        """Act. Raises PanelRefused, NotSent or Unanswered."""

    def find(self, intent: Intent) -> Outcome | None:
        """Return what an earlier call of this intent did, None if it certainly did nothing.

        Raises Undecided when the panel cannot tell (yet), NotSent when it cannot be asked now.
        """

    def submissions(self, posting: Posting) -> Iterable[PanelSubmission]:
        """Return all submissions, page by page. Raises NotSent or PanelRefused."""

    def is_over(self, posting: Posting) -> bool:
        """Return whether the panel takes nobody more into this posting."""

    def listen(self) -> int:
        """Take messages that the panel has left for us to fetch; return how many there were."""


_registered: dict[str, Recruiter] = {}


def register(recruiter: Recruiter) -> None:
    """Make a panel known; one registered later under the same name takes its place."""
    _registered[recruiter.name] = recruiter


def get(name: str) -> Recruiter:
    """Return a panel; raises LookupError with the names there are."""
    try:
        return _registered[name]
    except KeyError:
        raise LookupError(f"No panel is called {name!r} (known: {', '.join(sorted(_registered))}).") from None


def all_of_them() -> list[Recruiter]:
    """Return the panels, in the order in which they were made known."""
    return list(_registered.values())


def choices() -> list[tuple[str, str]]:
    """Return the panels' names and titles."""
    return [(one.name, one.title) for one in _registered.values()]
