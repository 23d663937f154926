"""What other apps do with jobs: submit, retry, cancel, and run here and now."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from humaneval.jobs import claims
from humaneval.jobs.models import Job, JobState
from humaneval.jobs.registry import UnknownKind, handler_of
from humaneval.jobs.running import run_claimed
from humaneval.jobs.tasks import wake


class NotRetryable(ValueError):
    """Raised for a job that succeeded: there is nothing to try again."""


def submit(*, kind: str, key: str, args: Mapping[str, Any] | None = None, team: int | None = None) -> Job:
    """Store a job and wake a worker once the transaction commits; return the job.

    ``team`` is the id of the team that may see it; without one only superusers do. The same ``key`` gives
    the same job, whatever its state, and its first ``args`` stand. Raises
    :class:`~humaneval.jobs.registry.UnknownKind` for a kind that no app handles.
    """
    handler = handler_of(kind)
    job, _created = Job.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "args": dict(args or {}),
            "queue": handler.queue,
            "max_attempts": handler.max_attempts,
            "team_id": team,
        },
    )
    if job.state == JobState.QUEUED:
        transaction.on_commit(partial(wake, job.queue))
    return job


def retry(job: Job) -> Job:
    """Queue a failed or cancelled job again with all its attempts; return it as it now stands.

    A job that is queued already loses its back-off, one that runs is left alone. One from a release that had
    its kind in another queue goes into today's. Raises :class:`NotRetryable` for one that succeeded.
    """
    again = [JobState.FAILED, JobState.CANCELLED, JobState.QUEUED]
    Job.objects.filter(id=job.id, state__in=again).update(
        state=JobState.QUEUED,
        queue=_queue_of(job),
        attempts=0,
        run_after=None,
        cancel_requested=False,
        error="",
        result=None,
        finished_at=None,
    )
    job.refresh_from_db()
    if job.state == JobState.SUCCEEDED:
        raise NotRetryable("This job succeeded; there is nothing to retry.")
    transaction.on_commit(partial(wake, job.queue))
    return job


def _queue_of(job: Job) -> str:
    try:
        return handler_of(job.kind).queue
    except UnknownKind:  # of an app that is gone: its failure will say so
        return job.queue


def cancel(job: Job) -> Job:
    """Stop a job: at once if it waits, at its next progress report if it runs; return it.

    A finished job is left as it is.
    """
    # The wish first: a job that is taken, or put back, between the two statements bears it.
    rows = Job.objects.filter(id=job.id)
    rows.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).update(cancel_requested=True)
    rows.filter(state=JobState.QUEUED).update(
        state=JobState.CANCELLED, cancel_requested=False, finished_at=timezone.now()
    )
    job.refresh_from_db()
    return job


def run(job_id: int) -> Job:
    """Claim a job and run one attempt of it in this process; return it as it then stands.

    A job that somebody else runs, or that has finished, is returned untouched. The handler's errors
    are stored in the job, not raised.
    """
    claims.settle_abandoned()
    if job := claims.claim(job_id):
        run_claimed(job)
    return Job.objects.get(id=job_id)
