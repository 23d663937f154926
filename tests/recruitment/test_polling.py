"""The look at the panels that makes webhooks optional."""

from __future__ import annotations

import pytest

from humaneval.jobs.models import Job
from humaneval.recruitment import tasks
from humaneval.recruitment.models import Posting, Submission
from tests.recruitment.conftest import posting_of, work_off

pytestmark = pytest.mark.django_db


def test_beat_asks_once_a_stretch_for_each_posting_that_may_have_news(live_posting, prolific, monkeypatch):
    posting_of(live_posting.study)  # a draft has no news
    row = prolific.take_part(live_posting.external_id)
    monkeypatch.setattr(tasks.time, "time", lambda: 1_000_000.0)
    for _ in range(2):
        tasks.look_at_panels()
    assert Job.objects.filter(kind="recruitment.poll").count() == 1
    work_off()
    assert Submission.objects.get().external_id == row["id"]
    monkeypatch.setattr(tasks.time, "time", lambda: 1_000_200.0)
    tasks.look_at_panels()
    assert Job.objects.filter(kind="recruitment.poll").count() == 2


def test_a_study_that_ended_at_the_panel_is_closed_here(live_posting, prolific):
    prolific.studies[live_posting.external_id]["status"] = "COMPLETED"
    tasks.look_at_panels()
    work_off()
    assert Posting.objects.get().state == "closed"


def test_a_panel_that_does_not_know_the_study_is_no_crash(live_posting, prolific):
    del prolific.studies[live_posting.external_id]
    tasks.look_at_panels()
    (job,) = work_off()
    assert "Prolific refused (404)" in job.error
