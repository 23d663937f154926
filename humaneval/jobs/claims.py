"""Who may work on a job: each change of hands is one conditional UPDATE, so that no two workers win it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from humaneval.jobs.models import Job, JobState

MAX_BACK_OFF = timedelta(minutes=10)


def lease_end() -> Any:
    """Return when a lease taken or renewed now runs out."""
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _abandoned() -> Q:
    return Q(state=JobState.RUNNING, lease_until__lt=timezone.now())


def _free() -> Q:
    return Q(state=JobState.QUEUED) | _abandoned()


def _due() -> Q:
    return Q(run_after__isnull=True) | Q(run_after__lte=timezone.now())


def claim(job_id: int) -> Job | None:
    """Take a job that is queued or whose worker died; return it, or ``None`` if it is not to be had.

    A back-off that has not passed yet does not stop this: whoever names a job wants it now.
    """
    token = secrets.token_hex(16)
    taken = Job.objects.filter(_free(), id=job_id, attempts__lt=F("max_attempts")).update(
        state=JobState.RUNNING,
        claim=token,
        lease_until=lease_end(),
        attempts=F("attempts") + 1,
        run_after=None,
        started_at=timezone.now(),
        finished_at=None,
    )
    # By the token: a worker that stood still since then has no job, and takes nobody else's for its own.
    return Job.objects.filter(id=job_id, claim=token).first() if taken else None


def claim_next(queue: str) -> Job | None:
    """Take the longest waiting job of a queue that is due, or return ``None``."""
    waiting = Job.objects.filter(_free(), _due(), queue=queue, attempts__lt=F("max_attempts"))
    for job_id in waiting.order_by("id").values_list("id", flat=True)[:20]:
        if job := claim(job_id):
            return job
    return None


def has_waiting(queue: str) -> bool:
    """Whether a queue holds a job that could be taken now."""
    return Job.objects.filter(_free(), _due(), queue=queue, attempts__lt=F("max_attempts")).exists()


def settle_abandoned() -> None:
    """End the jobs whose worker died and that nobody is to take again: cancelled, or out of attempts."""
    ended = {"claim": "", "lease_until": None, "finished_at": timezone.now()}
    Job.objects.filter(_abandoned(), cancel_requested=True).update(state=JobState.CANCELLED, **ended)
    Job.objects.filter(_abandoned(), attempts__gte=F("max_attempts")).update(
        state=JobState.FAILED,
        error=(
            "The worker died each time it ran this job, as happens when memory runs out. "
            "See the worker's log, then retry."
        ),
        **ended,
    )


def renew(job: Job) -> bool:
    """Push the end of this claim's lease back; return whether the claim still stands."""
    return bool(_held(job).update(lease_until=lease_end()))


def write_progress(
    job: Job, *, done: int, total: int, note: str, is_news: bool, has_moved: bool = True
) -> bool:
    """Store progress; return whether the claim still stands.

    ``is_news`` says that this attempt got further than any before it: attempts then count anew, so
    that a long job that workers of a changing fleet carry on in turns is not taken for a hopeless one.
    ``has_moved`` is false for a job that says again what it said before.
    """
    fields: dict[str, Any] = {
        "progress_done": done,
        "progress_total": total,
        "progress_note": note[:200],
        "lease_until": lease_end(),
    }
    if is_news:
        fields["attempts"] = 1
    if has_moved:
        fields["progress_at"] = timezone.now()
    return bool(_held(job).update(**fields))


def finish(job: Job, *, state: JobState, result: dict[str, Any] | None = None, error: str = "") -> bool:
    """End a claimed job; return whether the claim still stood."""
    return bool(
        _held(job).update(
            state=state,
            result=result,
            error=error,
            claim="",
            lease_until=None,
            cancel_requested=False,
            finished_at=timezone.now(),
        )
    )


def put_back(job: Job, *, error: str, wait: float = 0) -> bool:
    """Queue a claimed job again after a back-off that doubles, and not before ``wait`` seconds.

    Returns whether the claim still stood.
    """
    seconds = settings.JOB_RETRY_SECONDS * 2 ** (job.attempts - 1)
    back_off = max(min(timedelta(seconds=seconds), MAX_BACK_OFF), timedelta(seconds=wait))
    return bool(
        _held(job).update(
            state=JobState.QUEUED,
            error=error,
            claim="",
            lease_until=None,
            run_after=timezone.now() + back_off,
        )
    )


def give_back(job: Job, *, reason: str = "", wait: float = 0) -> bool:
    """Queue a claimed job again as if it had not been taken, not to be taken before ``wait`` seconds.

    Returns whether the claim still stood.
    """
    return bool(
        _held(job).update(
            state=JobState.QUEUED,
            error=reason,
            claim="",
            lease_until=None,
            attempts=F("attempts") - 1,
            run_after=timezone.now() + timedelta(seconds=wait) if wait else None,
        )
    )


def _held(job: Job) -> Any:
    return Job.objects.filter(id=job.id, state=JobState.RUNNING, claim=job.claim)
