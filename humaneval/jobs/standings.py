"""How the queues and the scheduler stand, for monitoring."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone

from humaneval.jobs.models import Job, JobState, QueueLook, SchedulerTick
from humaneval.monitoring.standings import Standing

RECENT = timedelta(hours=1)


def queues() -> Iterator[Standing]:
    """Yield depth, age, failures and attendance of each queue: four queries."""
    now = timezone.now()
    yield from _waiting(now)
    running = Job.objects.filter(state=JobState.RUNNING).values_list("queue")
    rows = running.annotate(count=Count("pk"), latest=Max("lease_until"))
    found = {queue: (count, latest) for queue, count, latest in rows}
    for queue, (count, _latest) in _of_all(found, (0, None)):
        yield Standing("queue_running", "Jobs that a worker holds.", count, {"queue": queue})
    yield from _unattended(now, {queue for queue, (_, latest) in found.items() if latest and latest > now})
    failed = Job.objects.filter(state=JobState.FAILED, finished_at__gt=now - RECENT)
    for queue, count in _of_all(dict(failed.values_list("queue").annotate(count=Count("pk")))):
        yield Standing("queue_failed_last_hour", "Jobs that failed for good.", count, {"queue": queue})


def _unattended(now: datetime, worked_on: set[str]) -> Iterator[Standing]:
    """Yield for how long no worker has looked into a queue or held a job of it; infinite: none ever did."""
    looked = dict(QueueLook.objects.values_list("queue", "at"))
    for queue, at in _of_all(looked, None):
        silent = max(0.0, (now - at).total_seconds()) if at else math.inf
        seconds = 0.0 if queue in worked_on else silent
        yield Standing(
            "queue_unattended_seconds", "Since a worker last was at it.", seconds, {"queue": queue}
        )


def scheduler() -> Iterator[Standing]:
    """Yield how long the scheduler has been silent, infinite where none ever turned: one query."""
    last = SchedulerTick.objects.values_list("at", flat=True).first()
    silent = max(0.0, (timezone.now() - last).total_seconds()) if last else math.inf
    yield Standing("scheduler_silent_seconds", "Since the scheduler last turned.", silent)


def _waiting(now: datetime) -> Iterator[Standing]:
    due = Q(run_after__isnull=True) | Q(run_after__lte=now)
    abandoned = Q(state=JobState.RUNNING, lease_until__lt=now)
    free = Job.objects.filter(Q(state=JobState.QUEUED) & due | abandoned, attempts__lt=F("max_attempts"))
    rows = free.values_list("queue").annotate(count=Count("pk"), oldest=Min("created_at"))
    found = {queue: (count, oldest) for queue, count, oldest in rows}
    for queue, (count, oldest) in _of_all(found, (0, now)):
        labels = {"queue": queue}
        yield Standing("queue_depth", "Jobs that wait for a worker.", count, labels)
        age = max(0.0, (now - oldest).total_seconds())
        yield Standing("queue_oldest_seconds", "How long the oldest waiting job has waited.", age, labels)


def _of_all(found: dict[str, Any], nothing: Any = 0) -> list[tuple[str, Any]]:
    """Return every queue there is, those of which nothing was found too."""
    return [(queue, found.get(queue, nothing)) for queue in settings.JOB_QUEUES]
