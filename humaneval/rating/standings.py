"""How votes and sessions stand over all studies, for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Max, Min, OuterRef, Subquery
from django.utils import timezone

from humaneval.monitoring.standings import Standing
from humaneval.rating.models import Assignment, Seal, SealedVote, Session, SessionState, Vote
from humaneval.studies.models import Study, StudyState


def rating() -> Iterator[Standing]:
    """Yield votes, what waits for its seal, and sessions: four queries, whatever the number of votes."""
    newest = SealedVote.objects.aggregate(newest=Max("vote_id"))["newest"] or 0
    waiting = Vote.objects.filter(pk__gt=newest).aggregate(count=Count("pk"), oldest=Min("received_at"))
    unsealed, now = waiting["count"], timezone.now()
    yield Standing("votes_stored", "Votes ever stored.", _sealed() + unsealed, total=True)
    yield Standing("votes_unsealed", "Votes that no seal binds yet.", unsealed)
    age = max(0.0, (now - waiting["oldest"]).total_seconds()) if waiting["oldest"] else 0.0
    yield Standing("votes_unsealed_oldest_seconds", "How long the oldest of them has waited.", age)
    states = dict(Session.objects.order_by().values_list("state").annotate(count=Count("pk")))
    for state in SessionState.values:
        yield Standing("sessions", "Sessions by state.", states.get(state, 0), {"state": state})
    held = Assignment.objects.filter(opening__free_from__gt=now, lapsed=False, lease_until__gt=now)
    present = held.filter(opening__study__state=StudyState.OPEN).values("session").distinct().count()
    yield Standing("sessions_present", "Sessions that hold something unanswered.", present)


def _sealed() -> int:
    """Return how many votes seals bind: by the sums in each study's newest."""
    newest = Seal.objects.filter(study=OuterRef("pk")).order_by("-number").values("totals")[:1]
    sums = Study.objects.annotate(sealed=Subquery(newest)).values_list("sealed", flat=True)
    return sum(totals["votes"] for totals in sums if totals)
