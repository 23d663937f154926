"""What becomes of a job: success, failure, retry, cancellation, a dead worker."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from humaneval.jobs import claims, registry, running, services
from humaneval.jobs.models import Job, JobState
from humaneval.jobs.registry import UnknownKind, job_handler
from humaneval.jobs.running import JobFailed, RunningJob
from humaneval.jobs.tasks import work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_handlers", {})


def submit(function, **kwargs) -> Job:
    job_handler("test.job", **kwargs)(function)
    return services.submit(kind="test.job", key="one", args={"n": 3})


def kill_worker_of(job: Job) -> None:
    """Leave the row as a killed worker leaves it: running, its lease over."""
    assert claims.claim(job.id)
    Job.objects.filter(id=job.id).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_job_gets_its_arguments_and_keeps_its_result():
    job = submit(lambda running: {"twice": running.args["n"] * 2})
    done = services.run(job.id)
    assert (done.state, done.result, done.attempts) == (JobState.SUCCEEDED, {"twice": 6}, 1)
    assert done.finished_at
    assert not done.claim


def test_the_same_key_is_the_same_job():
    job = submit(lambda running: None)
    assert services.submit(kind="test.job", key="one", args={"n": 4}) == job
    assert Job.objects.get().args == {"n": 3}


def test_a_kind_that_nobody_handles_is_refused_at_once():
    with pytest.raises(UnknownKind, match="known: none"):
        services.submit(kind="nobody", key="x")


def test_a_kind_cannot_be_handled_twice():
    job_handler("test.job")(lambda running: None)
    with pytest.raises(ValueError, match="already handled"):
        job_handler("test.job")(lambda running: None)


def test_a_reason_for_people_fails_the_job_without_another_attempt():
    def handler(running: RunningJob) -> None:
        raise JobFailed("The folder is empty.")

    done = services.run(submit(handler).id)
    assert (done.state, done.error, done.attempts) == (JobState.FAILED, "The folder is empty.", 1)


def test_a_crash_is_tried_again_later_and_its_error_kept(settings):
    def handler(running: RunningJob) -> None:
        raise RuntimeError("disk went away")

    settings.JOB_RETRY_SECONDS = 100
    job = services.run(submit(handler).id)
    assert (job.state, job.error) == (JobState.QUEUED, "RuntimeError: disk went away")
    assert job.run_after > timezone.now() + timedelta(seconds=60)
    assert claims.claim_next("default") is None
    first_wait = job.run_after - timezone.now()
    assert services.run(job.id).run_after - timezone.now() > 1.5 * first_wait


def test_a_job_that_always_crashes_ends_as_failed():
    def handler(running: RunningJob) -> None:
        raise RuntimeError("no luck")

    job = submit(handler, max_attempts=2)
    assert services.run(job.id).state == JobState.QUEUED
    done = services.run(job.id)
    assert (done.state, done.error, done.attempts) == (JobState.FAILED, "RuntimeError: no luck", 2)


def test_a_job_whose_worker_died_is_taken_up_by_the_next():
    job = submit(lambda running: {"attempt": running.attempt})
    kill_worker_of(job)
    work("default")
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.SUCCEEDED, {"attempt": 2})


def test_a_job_that_keeps_killing_its_worker_ends_as_failed():
    job = submit(lambda running: None, max_attempts=3)
    for _ in range(3):
        kill_worker_of(job)
    work("default")
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    assert "worker died" in job.error


def test_attempts_count_anew_when_a_job_gets_further_than_before():
    attempts = []

    def handler(running: RunningJob) -> None:
        attempts.append(running.attempt)
        running.progress(len(attempts), 10)
        raise RuntimeError("interrupted")

    job = submit(handler, max_attempts=2)
    for _ in range(4):
        job = services.run(job.id)
    assert attempts == [1, 2, 2, 2]
    assert job.state == JobState.QUEUED


def test_progress_is_stored_with_its_step():
    def handler(running: RunningJob) -> None:
        running.progress(10, 10, "rendering")

    done = services.run(submit(handler).id)
    assert (done.progress_done, done.progress_total, done.progress_note) == (10, 10, "rendering")


def test_progress_called_a_thousand_times_in_a_second_writes_a_few_times(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries
):
    clock = itertools.count(10_000)
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=lambda: next(clock) / 1000))
    job = RunningJob(claims.claim(submit(lambda running: None).id))
    with django_assert_max_num_queries(4):
        for done in range(1000):
            job.progress(done, 1000)


def test_a_waiting_job_is_cancelled_at_once():
    job = services.cancel(submit(lambda running: None))
    assert job.state == JobState.CANCELLED
    assert services.run(job.id).attempts == 0


def test_a_running_job_stops_at_its_next_progress_report():
    reached = []

    def handler(running: RunningJob) -> None:
        services.cancel(Job.objects.get(id=running.id))
        running.progress(1, 2)
        reached.append("too far")

    job = services.run(submit(handler).id)
    assert (job.state, reached) == (JobState.CANCELLED, [])


def test_a_cancelled_job_whose_worker_died_is_not_run_again():
    job = submit(lambda running: {"ran": True})
    kill_worker_of(job)
    services.cancel(job)
    work("default")
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.CANCELLED, None)


def test_a_worker_whose_lease_was_taken_over_writes_nothing_more():
    def handler(running: RunningJob) -> dict:
        Job.objects.filter(id=running.id).update(claim="another worker's")
        running.progress(1, 2)
        return {"late": True}

    job = services.run(submit(handler).id)
    assert (job.state, job.claim, job.result) == (JobState.RUNNING, "another worker's", None)


def test_a_result_of_a_worker_whose_lease_was_taken_over_is_not_stored():
    def handler(running: RunningJob) -> dict:
        Job.objects.filter(id=running.id).update(claim="another worker's")
        return {"late": True}

    assert services.run(submit(handler).id).result is None


def test_retry_gives_a_failed_job_all_its_attempts_again():
    results = iter([JobFailed("no weights"), None])

    def handler(running: RunningJob) -> None:
        if error := next(results):
            raise error

    job = services.retry(services.run(submit(handler).id))
    assert (job.state, job.attempts, job.error) == (JobState.QUEUED, 0, "")
    assert services.run(job.id).state == JobState.SUCCEEDED


def test_retry_of_a_job_that_succeeded_says_so():
    job = services.run(submit(lambda running: None).id)
    with pytest.raises(services.NotRetryable, match="nothing to retry"):
        services.retry(job)


def test_a_job_that_the_former_release_left_in_another_queue_is_done_there_and_retried_in_todays():
    job = submit(lambda running: None, queue="long")
    Job.objects.update(queue="default")
    work("default")
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    Job.objects.update(state=JobState.FAILED)
    job.refresh_from_db()
    assert services.retry(job).queue == "long"


def test_retry_leaves_a_running_job_alone():
    job = claims.claim(submit(lambda running: None).id)
    assert services.retry(job).claim == job.claim


def test_a_worker_takes_the_longest_waiting_job_of_its_own_queue():
    job_handler("test.other", queue="metrics")(lambda running: None)
    other = services.submit(kind="test.other", key="other")
    first = submit(lambda running: None)
    services.submit(kind="test.job", key="two")
    work("default")
    states = dict(Job.objects.values_list("key", "state"))
    assert states == {"other": JobState.QUEUED, "one": JobState.SUCCEEDED, "two": JobState.QUEUED}
    assert first.id > other.id


def test_a_broker_that_is_down_does_not_lose_a_job(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr(work, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = submit(lambda running: None)
    work("default")
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED


def test_a_job_wakes_its_queue_only_once_it_is_committed(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(work, "apply_async", lambda **kwargs: sent.append(kwargs["queue"]))
    with django_capture_on_commit_callbacks(execute=True):
        submit(lambda running: None, queue="metrics")
        assert sent == []
    assert sent == ["metrics"]


def once_after_an_update(act: Callable[[], object]) -> Callable[..., object]:
    """Return a wrapper of statements that does something once, right after the first UPDATE."""
    waiting = [act]

    def run(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
        result = execute(sql, params, many, context)
        if sql.startswith("UPDATE") and waiting:
            waiting.pop()()
        return result

    return run


def test_a_job_that_goes_back_to_its_queue_just_then_is_cancelled_all_the_same():
    job = claims.claim(submit(lambda running: None).id)
    with connection.execute_wrapper(once_after_an_update(lambda: claims.give_back(job))):
        assert services.cancel(job).state == JobState.CANCELLED


def test_a_worker_that_stood_still_after_its_claim_takes_nobody_elses_for_its_own():
    job = submit(lambda running: None)
    taken_over = Job.objects.filter(id=job.id)
    with connection.execute_wrapper(once_after_an_update(lambda: taken_over.update(claim="another's"))):
        assert claims.claim(job.id) is None
