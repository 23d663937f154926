"""The look at the panels that makes webhooks optional."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from humaneval.jobs.models import Job
from humaneval.recruitment import tasks
from humaneval.recruitment.models import Intent, Posting, Submission
from humaneval.recruitment.polling import QUIET, postings_to_watch
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


def test_a_closed_posting_is_watched_until_all_is_decided_and_not_for_ever(take_part, live_posting):
    submission = take_part()
    Posting.objects.update(state="closed", polled_at=timezone.now())
    assert postings_to_watch() == [live_posting]
    Submission.objects.update(created_at=timezone.now() - QUIET)
    assert postings_to_watch() == []
    Submission.objects.update(created_at=submission.created_at, state="approved")
    assert postings_to_watch() == []
    Intent.objects.filter(kind="publish").update(settled_at=timezone.now() + timedelta(seconds=1))
    assert postings_to_watch() == [live_posting], "what was done after the last look is looked for"
