"""How far a session is, and how long it will be."""

from __future__ import annotations

from dataclasses import dataclass

from humaneval.rating.history import History
from humaneval.rating.models import Session
from humaneval.rating.places import Places


@dataclass(frozen=True)
class Progress:
    """Assignments answered, of how many in all."""

    done: int
    total: int


def progress_of(session: Session, *, answered: int) -> Progress:
    """Return how far a session is; ``total`` shrinks once fewer are left than the study gives to each."""
    total = full_length(session) if session.allotment is None else session.allotment
    return Progress(answered, max(answered, total))


def full_length(session: Session) -> int:
    """Return how many assignments a session has when the study runs short of nothing."""
    return Places(session.study, session).length(_fresh_length(session))


def fresh_wanted(session: Session, history: History) -> int:
    """Return how many assignments, repeats aside, the session is still to be handed."""
    return max(0, _fresh_length(session) - history.fresh_count)


def _fresh_length(session: Session) -> int:
    return min(session.study.assignments_per_session, session.study.trial_count)
