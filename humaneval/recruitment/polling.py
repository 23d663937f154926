"""Looking at a panel: what it lists becomes what we know. Webhooks only make it sooner."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job
from humaneval.recruitment import recruiters
from humaneval.recruitment.models import (
    Intent,
    IntentState,
    Posting,
    PostingState,
    Submission,
    SubmissionState,
)
from humaneval.recruitment.payments import approve_by_rule, keep_out_of_repeats
from humaneval.recruitment.restored import reconcile
from humaneval.recruitment.submissions import note_listed

QUIET = timedelta(days=60)
"""After which nothing more is expected of a closed posting: panels decide by themselves before."""
UNDECIDED = (SubmissionState.ACTIVE, SubmissionState.SUBMITTED)
UNANSWERED = (IntentState.RECORDED, IntentState.SENDING)
WATCHED = (PostingState.LIVE, PostingState.PAUSED, PostingState.CLOSED)


def poll_posting(posting: Posting) -> int:
    """Bring submissions up to date; return how many there are. Raises NotSent or PanelRefused.

    Where a person has switched that rule on, those who finished are approved. A posting that a backup has
    brought back is reconciled instead.
    """
    recruiter = recruiters.get(posting.panel)
    began, count = timezone.now(), 0
    for listed in recruiter.submissions(posting) if posting.external_id else ():
        with transaction.atomic():
            submission = note_listed(posting, listed)
        if not posting.is_held:
            approve_by_rule(submission)
            keep_out_of_repeats(submission)
        count += 1
    changes: dict[str, object] = {"polled_at": timezone.now()}
    if posting.state == PostingState.LIVE and recruiter.is_over(posting):
        changes["state"] = PostingState.CLOSED
    # Not where it was given another state or more places meanwhile: the panel was asked before that.
    Posting.objects.filter(pk=posting.pk, state=posting.state, places=posting.places).update(**changes)
    if posting.is_held:
        reconcile(posting, began)
    return count


def look_soon(posting: Posting, occasion: str) -> Job:
    """Submit a job that polls a posting; the same occasion makes one job."""
    key = f"recruitment.poll:{posting.pk}:{occasion}"
    return jobs.submit(
        kind="recruitment.poll", key=key, args={"posting": posting.pk}, team=posting.study.team_id
    )


def postings_to_watch() -> list[Posting]:
    """Return the postings of which the panel may have news: not drafts, and none that is closed and settled.

    A closed one is settled once nobody is at work or waits in it and all calls about it are answered; and in
    any case when it has been quiet for :data:`QUIET`. One that a backup brought back while it was being
    published is among them without the panel's id: that id may be what is to be found.
    """
    mine = Intent.objects.filter(posting=OuterRef("pk"))
    people = Submission.objects.filter(posting=OuterRef("pk"))
    has_news = (
        Q(Exists(people.filter(state__in=UNDECIDED)))
        | Q(Exists(mine.filter(state__in=UNANSWERED)))
        | Q(Exists(mine.filter(settled_at__gt=OuterRef("polled_at"))))
        | Q(restored_at__isnull=False)
    )
    is_recent = Q(Exists(people.filter(created_at__gt=timezone.now() - QUIET)))
    watched = ~Q(state=PostingState.CLOSED) | Q(polled_at=None) | (has_news & is_recent)
    known = Q(state__in=WATCHED) & ~Q(external_id="")
    lost = Q(state=PostingState.PUBLISHING, restored_at__isnull=False)
    return list(Posting.objects.filter(watched, known | lost))
