"""Real worker processes on real brokers: woken, killed, told to stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from humaneval.jobs.models import Job, JobState
from tests.jobs.platform import Platform, kill_group

SUBMIT = """
import django; django.setup()
from humaneval.jobs.services import submit
submit(kind="{kind}", key="one", args={args})
"""

WORK = """
import django; django.setup()
from humaneval.jobs.models import Job
from humaneval.jobs.tasks import work
from django.utils import timezone
Job.objects.filter(state="running").update(lease_until=timezone.now())
work("default")
"""


def submit(platform: Platform, kind: str, **args: object) -> None:
    """Submit a job from another process, as the web server does."""
    done = platform.run("-c", SUBMIT.format(kind=kind, args=args))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    folder = tmp_path / "steps"
    folder.mkdir()
    return folder


def let_go(steps: Path) -> None:
    """Let the job take its last step."""
    steps.with_name("go").touch()


@pytest.mark.services
def test_a_message_wakes_a_worker_on_every_broker(platform: Platform, broker: str, steps: Path):
    platform.settings = {"BROKER_URL": broker, "JOB_SWEEP_SECONDS": "3600"}
    platform.start_worker()
    let_go(steps)
    submit(platform, "odd.steps", folder=str(steps), steps=1)
    platform.wait_for(lambda: Job.objects.get().state == JobState.SUCCEEDED)


@pytest.mark.services
def test_a_job_of_a_killed_worker_is_finished_by_the_next_on_every_broker(
    platform: Platform, broker: str, steps: Path
):
    platform.settings = {"BROKER_URL": broker}
    worker = platform.start_worker("--beat")
    submit(platform, "odd.steps", folder=str(steps), steps=2)
    platform.wait_for(lambda: (steps / "0").exists())
    kill_group(worker)
    assert Job.objects.get().state == JobState.RUNNING

    let_go(steps)
    platform.start_worker("--beat")
    platform.wait_for(lambda: Job.objects.get().state == JobState.SUCCEEDED)
    assert len(Job.objects.get().result["workers"]) == 2


def test_a_worker_told_to_stop_puts_its_job_back_at_once(platform: Platform, steps: Path):
    platform.settings = {"JOB_LEASE_SECONDS": "3600"}
    worker = platform.start_worker()
    submit(platform, "odd.steps", folder=str(steps), steps=2)
    platform.wait_for(lambda: (steps / "0").exists())
    worker.terminate()
    worker.wait(150)
    job = Job.objects.get()
    assert (job.state, job.attempts, job.lease_until) == (JobState.QUEUED, 0, None)


def test_a_job_that_kills_every_worker_ends_as_failed(platform: Platform):
    submit(platform, "odd.deadly")
    assert [platform.run("-c", WORK).returncode for _ in range(2)] == [-9, -9]
    assert platform.run("-c", WORK).returncode == 0
    job = Job.objects.get()
    assert (job.state, job.attempts) == (JobState.FAILED, 2)
    assert "worker died" in job.error
