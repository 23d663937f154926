"""Seats: where a study takes only so many raters, who of them may begin.

A rater has a seat once the first trials are handed to them: until these expire, and from their first vote on
for good. So raters who come and leave without a vote keep nobody out. Seats are counted under a lock that
nothing but seating takes; studies without a limit pay nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Exists, OuterRef, Q

from humaneval.rating.history import History
from humaneval.rating.leases import lease_end
from humaneval.rating.models import Session, Vote
from humaneval.studies.models import Study

FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)


def take_seat(session: Session, history: History, now: datetime) -> bool:
    """Return whether a session may be handed trials, and keep its seat; inside the hand-out's transaction."""
    if not session.study.raters_at_most:
        return True
    if not _has_seat(session, history, now):
        Study.objects.select_for_update(no_key=True).get(pk=session.study_id)
        if not _has_free_seat(session, now):
            return False
    until = FOR_GOOD if history.answered_count else lease_end(session, now)
    if session.seat_until is None or session.seat_until < until:
        session.seat_until = until
        session.save(update_fields=["seat_until"])
    return True


def could_sit(session: Session, history: History, now: datetime) -> bool:
    """Return whether a session has a seat, or would get one now."""
    if not session.study.raters_at_most or _has_seat(session, history, now):
        return True
    return _has_free_seat(session, now)


def _has_seat(session: Session, history: History, now: datetime) -> bool:
    if history.answered_count:
        return True
    return session.seat_until is not None and session.seat_until > now


def _has_free_seat(session: Session, now: datetime) -> bool:
    """Return whether fewer raters than the study takes have seats, this session's own rater aside."""
    voted = Exists(Vote.objects.filter(assignment__session=OuterRef("pk")))
    seated = Session.objects.filter(study=session.study, seat_until__isnull=False)
    seated = seated.exclude(rater=session.rater).filter(Q(seat_until__gt=now) | voted)
    return seated.values("rater").distinct().count() < session.study.raters_at_most
