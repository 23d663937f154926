"""Leases: how long an assignment is kept for a rater, and how one who is still there keeps it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from humaneval.rating.history import History, read_history
from humaneval.rating.models import Assignment, Opening, Session

GRACE = timedelta(seconds=10)
"""How long after its lease an opening goes to others: a vote given at the last moment is stored by then."""


def lease_end(session: Session, now: datetime) -> datetime:
    """Return when a lease given now runs out."""
    return now + timedelta(minutes=session.study.lease_minutes)


def renew_leases(session: Session, history: History, now: datetime) -> History:
    """Renew what is more than half over of the leases on unanswered assignments; return the history then.

    An expired lease is renewed too, if its opening has not gone to somebody else. Openings that another
    transaction is just handing out are skipped, so that this one never waits and never takes them back.
    """
    until = lease_end(session, now)
    ending = [row for row in history.pending if row.lease_until < now + (until - now) / 2]
    if not ending:
        return history
    openings = Opening.objects.filter(pk__in=[row.opening_id for row in ending]).order_by("pk")
    held = list(openings.select_for_update(skip_locked=True).values_list("pk", flat=True))
    still_mine = Assignment.objects.filter(pk__in=[row.id for row in ending], lapsed=False)
    kept = dict(still_mine.filter(Q(opening=None) | Q(opening__in=held)).values_list("pk", "opening_id"))
    Assignment.objects.filter(pk__in=kept).update(lease_until=until)
    Opening.objects.filter(pk__in=kept.values(), free_from__isnull=False).update(free_from=until + GRACE)
    return read_history(session)
