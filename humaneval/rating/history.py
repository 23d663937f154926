"""What a session has been handed so far, read in one query for each request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from humaneval.rating.models import Assignment, Session


@dataclass(frozen=True)
class Handed:
    """One assignment of a session, and the vote that it got (``vote_key`` is None while it has none)."""

    id: UUID
    trial_id: int
    opening_id: int | None
    position: int
    order: list[int]
    cells: list[list[int]]
    parameters: dict[str, Any] | None
    is_repeat: bool
    lapsed: bool
    lease_until: datetime
    vote_key: UUID | None
    vote_outcome: str | None
    vote_late: bool | None

    @property
    def is_fresh(self) -> bool:
        """Whether it is to fill an opening: neither a repeat nor a gold trial."""
        return self.opening_id is not None

    @classmethod
    def from_assignment(cls, assignment: Assignment) -> Handed:
        """Return the row of an assignment that has just been made."""
        return cls(
            id=assignment.id,
            trial_id=assignment.trial_id,
            opening_id=assignment.opening_id,
            position=assignment.position,
            order=assignment.order,
            cells=assignment.cells,
            parameters=assignment.parameters,
            is_repeat=assignment.is_repeat,
            lapsed=False,
            lease_until=assignment.lease_until,
            vote_key=None,
            vote_outcome=None,
            vote_late=None,
        )

    @property
    def answered(self) -> bool:
        """Whether its vote is stored."""
        return self.vote_key is not None

    @property
    def pending(self) -> bool:
        """Whether the rater is still to answer it."""
        return not self.answered and not self.lapsed


@dataclass(frozen=True)
class History:
    """A session's assignments, by position; ``earlier`` are trials that its rater met in earlier sessions."""

    rows: tuple[Handed, ...]
    earlier: frozenset[int] = frozenset()

    @property
    def pending(self) -> tuple[Handed, ...]:
        """What the rater is still to answer."""
        return tuple(row for row in self.rows if row.pending)

    @property
    def kept(self) -> tuple[Handed, ...]:
        """All but what lapsed unanswered: what the session's length is counted in."""
        return tuple(row for row in self.rows if row.answered or not row.lapsed)

    @property
    def fresh_count(self) -> int:
        """How many of the kept ones are neither repeats nor gold trials."""
        return sum(row.is_fresh for row in self.kept)

    @property
    def answered_count(self) -> int:
        """How many have their vote."""
        return sum(row.answered for row in self.rows)

    @property
    def trials(self) -> frozenset[int]:
        """Ids of the trials that this rater has been handed, lapsed or not."""
        return self.earlier | {row.trial_id for row in self.rows}

    @property
    def next_position(self) -> int:
        """The position that the next assignment gets."""
        return self.rows[-1].position + 1 if self.rows else 0

    def extended_by(self, new: Iterable[Assignment]) -> History:
        """Return the history with assignments that have just been made."""
        rows = (*self.rows, *(Handed.from_assignment(assignment) for assignment in new))
        return History(rows, self.earlier)


def read_history(session: Session) -> History:
    """Return everything that a session has been handed: one query, another where it is not the first."""
    rows = (
        Assignment.objects.filter(session=session)
        .order_by("position")
        .values_list(
            "id",
            "trial_id",
            "opening_id",
            "position",
            "order",
            "cells",
            "parameters",
            "is_repeat",
            "lapsed",
            "lease_until",
            "vote__key",
            "vote__outcome",
            "vote__late",
        )
    )
    return History(tuple(Handed(*row) for row in rows), _met_earlier(session))


def _met_earlier(session: Session) -> frozenset[int]:
    if not session.number:
        return frozenset()
    others = Assignment.objects.filter(session__study=session.study_id, session__rater=session.rater_id)
    return frozenset(others.exclude(session=session).values_list("trial_id", flat=True))
