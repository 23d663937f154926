"""The states of a study, how one leads to another, and what may change in each."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class StudyState(models.TextChoices):
    DRAFT = "draft", _("draft")
    LAUNCHING = "launching", _("launching")
    OPEN = "open", _("open")
    PAUSED = "paused", _("paused")
    CLOSED = "closed", _("closed")


@dataclass(frozen=True)
class Move:
    """One way a study changes its state."""

    sources: frozenset[StudyState]
    target: StudyState


MOVES: dict[str, Move] = {
    "launch": Move(frozenset({StudyState.DRAFT}), StudyState.LAUNCHING),
    "return_to_draft": Move(frozenset({StudyState.LAUNCHING}), StudyState.DRAFT),
    "open_launched": Move(frozenset({StudyState.LAUNCHING}), StudyState.OPEN),
    "pause": Move(frozenset({StudyState.OPEN}), StudyState.PAUSED),
    "resume": Move(frozenset({StudyState.PAUSED}), StudyState.OPEN),
    "close": Move(frozenset({StudyState.OPEN, StudyState.PAUSED}), StudyState.CLOSED),
    "close_with_archive": Move(frozenset({StudyState.DRAFT, StudyState.CLOSED}), StudyState.CLOSED),
}
"""All there are; each is a function of the same name in :mod:`humaneval.studies.lifecycle`."""

_RUNNING = frozenset(
    {
        "name",
        "owner",
        "votes_per_trial",
        "strata",
        "assignments_per_session",
        "raters_at_most",
        "sessions_per_rater",
        "stop_rule",
        "stop_goal",
        "lease_minutes",
    }
)
CHANGEABLE: dict[StudyState, frozenset[str] | None] = {
    StudyState.DRAFT: None,
    StudyState.LAUNCHING: frozenset({"name", "owner"}),
    StudyState.OPEN: _RUNNING,
    StudyState.PAUSED: _RUNNING,
    StudyState.CLOSED: frozenset({"name", "owner"}),
}
"""Fields of a study that may be edited in each state; None: all of them.

What raters see and what trials are made from is fixed at launch, so that all votes of a study answer
one question; what only steers the collecting of votes stays open while it runs.
"""

DELETABLE = frozenset({StudyState.DRAFT, StudyState.CLOSED})
"""States in which a study may be deleted; one that raters came to is kept by the database besides."""


def may_change(state: str, field: str) -> bool:
    """Return whether a field of a study may be edited in a state."""
    allowed = CHANGEABLE[StudyState(state)]
    return allowed is None or field in allowed


def may_move(state: str, move: str) -> bool:
    """Return whether a study in a state can make a move of :data:`MOVES`."""
    return StudyState(state) in MOVES[move].sources


def is_draft(study: object) -> bool:
    """Return whether a study, or what is to become one, is in draft."""
    return getattr(study, "state", StudyState.DRAFT) == StudyState.DRAFT


def is_launching(study: object) -> bool:
    """Return whether a study is being launched."""
    return getattr(study, "state", None) == StudyState.LAUNCHING
