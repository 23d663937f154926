"""Whether a worker is there for a job that waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from humaneval.jobs.attendance import nobody_for
from humaneval.jobs.models import Job, JobState, QueueLook

pytestmark = pytest.mark.django_db


def ago(**words: float):
    """Return a time in the past."""
    return timezone.now() - timedelta(**words)


def queued(key: str = "a", queue: str = "long", created_at=None, **fields) -> Job:
    """Return a job that waits, since a minute ago."""
    job = Job.objects.create(kind="x", key=key, queue=queue, **fields)
    Job.objects.filter(pk=job.pk).update(created_at=created_at or ago(minutes=1))
    job.refresh_from_db()
    return job


def test_a_job_that_waits_where_nobody_looks_says_so_and_what_to_do():
    job = queued()
    QueueLook.objects.create(queue="default", at=timezone.now())
    assert "none has looked into the queue “long” yet" in nobody_for(job)
    assert "make serve" in nobody_for(job)
    look = QueueLook.objects.create(queue="long", at=ago(minutes=3))
    assert f"since {look.at:%Y-%m-%d %H:%M} UTC" in nobody_for(job)


def test_nothing_is_said_where_a_worker_looks_or_is_busy():
    job = queued()
    QueueLook.objects.create(queue="long", at=ago(seconds=30))
    assert nobody_for(job) == ""
    QueueLook.objects.update(at=ago(hours=1))
    queued("b", state=JobState.RUNNING, lease_until=timezone.now() + timedelta(seconds=20))
    assert nobody_for(job) == ""
    Job.objects.filter(key="b").update(lease_until=ago(seconds=1))
    assert nobody_for(job)


def test_nothing_is_asked_of_jobs_that_need_no_worker_now(django_assert_num_queries):
    fresh = queued("fresh", created_at=timezone.now())
    later = queued("later", run_after=timezone.now() + timedelta(minutes=5))
    done = queued("done", state=JobState.SUCCEEDED)
    with django_assert_num_queries(0):
        assert [nobody_for(job) for job in (None, fresh, later, done)] == [""] * 4
