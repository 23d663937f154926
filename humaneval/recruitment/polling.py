"""Looking at a panel: what it lists becomes what we know. Webhooks only make it sooner."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job
from humaneval.recruitment import recruiters
from humaneval.recruitment.models import Posting, PostingState
from humaneval.recruitment.payments import approve_by_rule, keep_out_of_repeats
from humaneval.recruitment.submissions import note_listed

WATCHED = (PostingState.LIVE, PostingState.PAUSED, PostingState.CLOSED)


def poll_posting(posting: Posting) -> int:
    """Bring submissions up to date; return how many there are. Raises NotSent or PanelRefused.

    Where a person has switched that rule on, those who finished are approved.
    """
    recruiter = recruiters.get(posting.panel)
    count = 0
    for listed in recruiter.submissions(posting):
        with transaction.atomic():
            submission = note_listed(posting, listed)
        approve_by_rule(submission)
        keep_out_of_repeats(submission)
        count += 1
    changes: dict[str, object] = {"polled_at": timezone.now()}
    if posting.state == PostingState.LIVE and recruiter.is_over(posting):
        changes["state"] = PostingState.CLOSED
    Posting.objects.filter(pk=posting.pk, state=posting.state).update(**changes)
    return count


def look_soon(posting: Posting, occasion: str) -> Job:
    """Submit a job that polls a posting; the same occasion makes one job."""
    key = f"recruitment.poll:{posting.pk}:{occasion}"
    return jobs.submit(kind="recruitment.poll", key=key, args={"posting": posting.pk})


def postings_to_watch() -> list[Posting]:
    """Return the postings of which the panel may have news: not drafts, and not settled long ago."""
    return list(Posting.objects.filter(state__in=WATCHED).exclude(external_id=""))
