"""No import or metric run delays a payment, nor a run a study's stimuli: queues have workers of their own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as platform_settings

from humaneval.demo.panels.prolific import TOKEN, FakeProlific
from humaneval.jobs import registry
from humaneval.jobs.models import Job, JobState
from humaneval.rating.sealing import count_unsealed
from humaneval.recruitment import payments, publishing
from humaneval.recruitment.models import IntentKind, Submission
from humaneval.recruitment.polling import poll_posting
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import Stimulus
from humaneval.studies.lifecycle import launch
from humaneval.studies.models import Study, StudyState
from tests.deploy.compose import services
from tests.factories import ConditionFactory, QuestionFactory, StudyFactory, UserFactory
from tests.jobs.platform import Platform
from tests.recruitment.conftest import arrive, complete, posting_of, work_off
from tests.scoring.conftest import write_images

NOBODY_DIES = {"JOB_LEASE_SECONDS": "120"}
"""Where no worker ends, none is to be taken for dead because the machine is busy."""


@pytest.fixture
def panel(settings, platform: Platform) -> Iterator[FakeProlific]:
    """Give a stand-in for Prolific that this process and the platform's workers call."""
    fake = FakeProlific()
    settings.PROLIFIC_URL, settings.PROLIFIC_TOKEN = fake.url, TOKEN
    platform.settings = {**platform.settings, "PROLIFIC_URL": fake.url, "PROLIFIC_TOKEN": TOKEN}
    yield fake
    fake.stop()


def draft_of_files(folder: Path) -> Study:
    """Return a draft whose stimuli are still to be rendered."""
    study = StudyFactory(trial_count=6, seed=1)
    for position, kind in enumerate(("real", "generated")):
        sample_set = create_sample_set(name=kind, kind=kind)
        write_images(folder / kind, count=6, seed=position)
        import_folder(sample_set=sample_set, folder=folder / kind)
        ConditionFactory(study=study, sample_set=sample_set, position=position)
    QuestionFactory(study=study, key="real", position=0)
    return study


def finished_submission(fake: FakeProlific) -> Submission:
    """Return the submission of somebody who has taken part, yet unpaid."""
    posting, boss = posting_of(), UserFactory(is_superuser=True)
    publishing.publish(posting, confirmed=publishing.estimate(posting).total, user=boss)
    work_off()
    posting.refresh_from_db()
    row = fake.take_part(posting.external_id)
    words = {"PROLIFIC_PID": row["participant"], "STUDY_ID": posting.external_id, "SESSION_ID": row["id"]}
    complete(arrive(posting.study, words))
    fake.complete(row["id"], posting.study.completion_code)
    poll_posting(posting)
    return Submission.objects.get(external_id=row["id"])


def hold(platform: Platform, folder: Path, queue: str, count: int) -> None:
    """Queue jobs that do not end before the test does; return once a worker is at as many as it can."""
    for number in range(count):
        (folder / f"{queue}{number}").mkdir()
        args = {"folder": str(folder / f"{queue}{number}"), "steps": 2}
        Job.objects.create(kind="odd.steps", queue=queue, key=f"{queue}{number}", args=args)
    start(platform, queue)
    concurrency = int("".join(re.findall(r"--concurrency=(\d+)", " ".join(command(queue)))) or 1)
    assert count > concurrency, "one waits"
    held = Job.objects.filter(queue=queue, state=JobState.RUNNING)
    platform.wait_for(lambda: held.count() == concurrency)


def command(queue: str) -> list[str]:
    """Return the command of compose's service for a queue."""
    return services()["worker" if queue == "default" else queue]["command"]


def start(platform: Platform, queue: str) -> None:
    """Start the worker of a queue by compose's own command."""
    platform.start("-m", *command(queue))


def test_a_payment_is_made_and_votes_are_sealed_while_imports_and_metric_runs_go_on_and_wait(
    platform: Platform, panel: FakeProlific, settings, tmp_path: Path
):
    settings.MEDIA_ROOT = platform.folder / "media"
    platform.settings = {**platform.settings, "SEAL_SECONDS": "1", **NOBODY_DIES}
    submission = finished_submission(panel)
    beat = services()["scheduler"]["command"][:3]
    platform.start("-m", *beat, "--pidfile=", f"--schedule={tmp_path / 'schedule'}")
    for queue, count in (("long", 5), ("metrics", 2)):
        hold(platform, tmp_path, queue, count)

    payments.approve(submission, UserFactory())
    assert count_unsealed(submission.posting.study) > 0
    start(platform, "default")
    platform.wait_for(lambda: panel.paid_total() == submission.posting.reward)
    platform.wait_for(lambda: count_unsealed(submission.posting.study) == 0)
    short = Job.objects.filter(queue="default")
    platform.wait_for(lambda: {job.state for job in short.all()} == {JobState.SUCCEEDED})
    assert not Job.objects.filter(queue__in=["long", "metrics"], state=JobState.SUCCEEDED).exists()


def test_a_studys_stimuli_are_made_while_a_metric_run_goes_on(platform: Platform, settings, tmp_path: Path):
    settings.MEDIA_ROOT = platform.folder / "media"
    platform.settings = dict(NOBODY_DIES)
    study = draft_of_files(tmp_path)
    hold(platform, tmp_path, "metrics", 2)
    launch(study)
    start(platform, "long")
    platform.wait_for(lambda: Study.objects.get(pk=study.pk).state == StudyState.OPEN)
    assert Stimulus.objects.filter(sample__sample_set__conditions__study=study).count() == 12
    assert not Job.objects.filter(queue="metrics", state=JobState.SUCCEEDED).exists()


KINDS = {
    "default": {"recruitment.poll", "recruitment.forget", *(f"recruitment.{kind}" for kind in IntentKind)},
    "long": {
        *("samples.import", "samples.leakage", "samples.duplicates", "reports.build"),
        *("studies.launch", "workspace.export", "workspace.remove_exports"),
    },
    "metrics": {"scoring.run", "scoring.shards"},
}


def test_each_kind_of_job_has_its_queue_and_each_queue_a_worker():
    found: dict[str, set[str]] = defaultdict(set)
    for kind, handler in registry._handlers.items():
        if not kind.startswith("odd."):
            found[handler.queue].add(kind)
    assert found == KINDS
    assert set(platform_settings.JOB_QUEUES) == set(KINDS)
    listened = [part for one in services().values() for part in one.get("command", []) if "--queues=" in part]
    assert sorted(listened) == sorted(f"--queues={queue}" for queue in KINDS)


def test_what_waits_on_the_clock_never_waits_for_an_import():
    on_time = {
        entry["options"]["queue"]
        for entry in platform_settings.CELERY_BEAT_SCHEDULE.values()
        if entry["task"].startswith(("rating.", "recruitment."))
    }
    assert on_time == {"default"}
