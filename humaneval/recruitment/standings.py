"""How calls to panels stand, for monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from humaneval.monitoring.standings import Standing
from humaneval.recruitment.models import Intent, IntentState, Posting
from humaneval.recruitment.models.postings import PostingState

RECENT = timedelta(hours=1)


def panels() -> Iterator[Standing]:
    """Yield what waits for a person, what panels refused lately, and what is live: two queries."""
    since = timezone.now() - RECENT
    counts = Intent.objects.aggregate(
        unclear=Count("pk", filter=Q(state=IntentState.UNCLEAR)),
        refused=Count("pk", filter=Q(state=IntentState.REFUSED, settled_at__gt=since)),
        waiting=Count("pk", filter=Q(state__in=[IntentState.RECORDED, IntentState.SENDING])),
    )
    yield Standing("panel_calls_unclear", "Calls whose outcome a person must look for.", counts["unclear"])
    yield Standing("panel_calls_refused_last_hour", "Calls that panels refused.", counts["refused"])
    yield Standing("panel_calls_waiting", "Calls written down and not settled.", counts["waiting"])
    live = Posting.objects.filter(state=PostingState.LIVE).count()
    yield Standing("postings_live", "Postings that people can take.", live)
