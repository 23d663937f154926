"""What rating needs to know of a panel, and the panels that are known.

Panels live above this app, so each is registered from above when the platform starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from humaneval.rating.models import Session
from humaneval.studies.models import Study


class Ending(StrEnum):
    """How somebody's visit ended; a panel has its own code, and its own pay, for each."""

    COMPLETED = "completed"
    """All was answered."""
    FAILED_CHECKS = "failed_checks"
    """All was answered, the checks of attention not rightly."""
    SCREENED_OUT = "screened_out"
    """The device does not do, the instructions were not understood, or no image could be shown."""
    QUOTA_FULL = "quota_full"
    """Nothing was left to answer for this rater."""


@dataclass(frozen=True)
class Completion:
    """What a rater whose visit is over is given: a code to type, and where to go; "" for neither."""

    code: str
    url: str = ""


@dataclass(frozen=True)
class Pay:
    """What somebody gets for a session that they finish; ``currency`` is three letters, USD."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Recognised:
    """A person whom a panel knows: their id there, and what of the arrival may be stored beside them.

    The id itself is not stored, only its keyed hash: a panel leaves it out of ``arrival``. A panel that
    is a stand-in for tests and shows says so by ``simulated``.
    """

    person: str
    arrival: Mapping[str, str]
    simulated: bool = False


class Panel(Protocol):
    """A source of raters."""

    @property
    def name(self) -> str:
        """Name stored with each of its raters."""

    def recognise(self, study: Study, arrival: Mapping[str, str]) -> Recognised | None:
        """Return who arrived with these query parameters, or None for somebody who is not its own.

        Raises :class:`~humaneval.rating.refusals.Refusal` for somebody whom it keeps out.
        """

    def arrived(self, session: Session, arrival: Mapping[str, str]) -> None:
        """Note which session somebody has whom it recognised by these parameters; called at each arrival."""

    def completion(self, session: Session, ending: Ending) -> Completion:
        """Return what this session's rater is given at the end."""

    def pay(self, session: Session) -> Pay | None:
        """Return what the rater gets for the whole session; None where that is not known."""

    def turned_away(self, study: Study, arrival: Mapping[str, str], ending: Ending) -> Completion | None:
        """Return what somebody is given whom it recognised and who gets no session; None for nothing."""


_registered: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Make a panel known; one registered later under the same name takes its place."""
    _registered[panel.name] = panel


def recognise(study: Study, arrival: Mapping[str, str]) -> tuple[str, Recognised] | None:
    """Return the name of the panel that a rater came from and who they are there, or None for nobody's.

    Panels are asked in the order in which they were registered.
    """
    for panel in _registered.values():
        recognised = panel.recognise(study, arrival)
        if recognised is not None:
            return panel.name, recognised
    return None


def arrived(panel: str, session: Session, arrival: Mapping[str, str]) -> None:
    """Tell a panel which session somebody has whom it recognised by these parameters."""
    _registered[panel].arrived(session, arrival)


def completion(session: Session, ending: Ending) -> Completion:
    """Return what a rater is given at the end: by their panel, else the study's code alone."""
    panel = _registered.get(session.rater.panel)
    if panel is None:
        return Completion(code="" if ending == Ending.SCREENED_OUT else session.study.completion_code)
    return panel.completion(session, ending)


def turned_away(study: Study, arrival: Mapping[str, str], ending: Ending) -> Completion | None:
    """Return what somebody at the door is given who gets no session, by their panel; None for nobody's."""
    for panel in _registered.values():
        if panel.recognise(study, arrival) is not None:
            return panel.turned_away(study, arrival, ending)
    return None


def pay_of(session: Session) -> Pay | None:
    """Return what a rater gets for the whole session, where their panel knows."""
    panel = _registered.get(session.rater.panel)
    return None if panel is None else panel.pay(session)
