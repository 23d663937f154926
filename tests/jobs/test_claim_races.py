"""Many workers reach for the same rows at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.utils import timezone

from humaneval.jobs import claims
from humaneval.jobs.models import Job, JobState
from tests.jobs.platform import Platform

WORKERS = 8


def at_once(platform: Platform, function) -> list:
    """Return what a function gives in each of several threads that start together."""
    gate = threading.Barrier(WORKERS)

    def call(_number: int) -> object:
        with platform.database():
            gate.wait()
            return function()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(call, range(WORKERS)))


def test_one_of_many_workers_gets_a_queued_job(platform: Platform):
    for number in range(5):
        job = Job.objects.create(kind="test.job", key=str(number))
        won = [claim for claim in at_once(platform, lambda: claims.claim(job.id)) if claim]  # noqa: B023
        assert len(won) == 1
        job.refresh_from_db()
        assert (job.claim, job.attempts) == (won[0].claim, 1)


def test_one_of_many_workers_gets_an_abandoned_job(platform: Platform):
    over = timezone.now() - timedelta(seconds=1)
    job = Job.objects.create(
        kind="test.job", key="one", state=JobState.RUNNING, claim="dead", lease_until=over, attempts=1
    )
    won = [claim for claim in at_once(platform, lambda: claims.claim(job.id)) if claim]
    assert [claim.attempts for claim in won] == [2]


def test_many_workers_share_a_queue_without_doubling_or_leaving_a_job(platform: Platform):
    Job.objects.bulk_create(Job(kind="test.job", key=str(number)) for number in range(30))

    def take_all() -> list[int]:
        taken = []
        while job := claims.claim_next("default"):
            taken.append(job.id)
        return taken

    taken = Counter(number for numbers in at_once(platform, take_all) for number in numbers)
    assert sorted(taken.values()) == [1] * 30


def test_a_lease_is_renewed_by_its_holder_only(platform: Platform):
    held = claims.claim(Job.objects.create(kind="test.job", key="one").id)
    stranger = Job(id=held.id, claim="another")
    assert claims.renew(held)
    assert not claims.renew(stranger)
    assert not claims.finish(stranger, state=JobState.SUCCEEDED)
