"""A long metric run never delays a payment or a study's stimuli: the queues have workers of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from humaneval.demo.panels.prolific import TOKEN, FakeProlific
from humaneval.jobs import registry
from humaneval.jobs.models import Job, JobState
from humaneval.recruitment import payments, publishing
from humaneval.recruitment.models import Submission
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


def start(platform: Platform, service: str) -> None:
    """Start a worker by compose's own command."""
    platform.start("-m", *services()[service]["command"])


def test_a_payment_and_a_studys_stimuli_are_done_while_metric_runs_go_on_and_wait(
    platform: Platform, panel: FakeProlific, settings, tmp_path: Path
):
    settings.MEDIA_ROOT = platform.folder / "media"
    submission, study = finished_submission(panel), draft_of_files(tmp_path)
    for number in range(3):
        (tmp_path / f"run{number}").mkdir()
        args = {"folder": str(tmp_path / f"run{number}"), "steps": 2}
        Job.objects.create(kind="odd.steps", queue="metrics", key=f"{number}", args=args)
    start(platform, "metrics")
    platform.wait_for(lambda: Job.objects.filter(queue="metrics", state=JobState.RUNNING).exists())

    payments.approve(submission, UserFactory())
    launch(study)
    start(platform, "worker")
    platform.wait_for(
        lambda: not Job.objects.filter(queue="default").exclude(state=JobState.SUCCEEDED).exists()
    )
    assert panel.paid_total() == submission.posting.reward
    study.refresh_from_db()
    assert study.state == StudyState.OPEN
    assert Stimulus.objects.filter(sample__sample_set__conditions__study=study).count() == 12
    states = Job.objects.filter(queue="metrics").order_by("pk").values_list("state", flat=True)
    assert list(states) == [JobState.RUNNING, JobState.QUEUED, JobState.QUEUED]


def test_only_what_computes_features_is_done_by_metrics_workers():
    apart = {kind for kind, handler in registry._handlers.items() if handler.queue == "metrics"}
    assert {kind for kind in apart if not kind.startswith("odd.")} == {"scoring.run", "scoring.shards"}
