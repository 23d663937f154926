"""Whether anybody is there to do a job that waits: said to whoever waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.jobs.alive import LATE_SECONDS
from humaneval.jobs.models import Job, JobState, QueueLook

PATIENCE = timedelta(seconds=10)
"""How long a job may wait before anybody is missed: a worker that starts needs a few seconds."""


def nobody_for(job: Job | None) -> str:
    """Return in a sentence that no worker is there for a job that waits, and what to do; else empty.

    A worker is there if it has looked into the job's queue within LATE_SECONDS or holds a job of it. Two
    queries for a job that has waited longer than PATIENCE, none for any other.
    """
    now = timezone.now()
    if job is None or job.state != JobState.QUEUED or _begins(job) > now - PATIENCE:
        return ""
    looked = QueueLook.objects.filter(queue=job.queue).values_list("at", flat=True).first()
    if looked is not None and looked > now - timedelta(seconds=LATE_SECONDS):
        return ""
    if Job.objects.filter(queue=job.queue, state=JobState.RUNNING, lease_until__gt=now).exists():
        return ""
    return _sentence(job.queue, looked)


def _begins(job: Job) -> datetime:
    """Return from when on a worker could have taken a job."""
    return max(job.created_at, job.run_after or job.created_at)


def _sentence(queue: str, looked: datetime | None) -> str:
    since = _("yet")
    if looked is not None:
        since = _("since %(time)s UTC") % {"time": f"{looked:%Y-%m-%d %H:%M}"}
    text = _(
        "This waits for a worker, and none has looked into the queue “%(queue)s” %(since)s. Start one where "
        "the platform runs: `make serve` starts all that is needed; docs/operate.md tells of other ways. "
        "Nothing is lost meanwhile."
    )
    return text % {"queue": queue, "since": since}
