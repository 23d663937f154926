"""Jobs in the admin: seen by staff, retried and cancelled by those who may change them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from humaneval.jobs import claims
from humaneval.jobs.models import Job, JobState
from humaneval.teams.models import DEFAULT_TEAM, AuditEntry
from tests.factories import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return Job.objects.create(
        kind="test.job", key="one", progress_done=40, progress_total=200, team_id=DEFAULT_TEAM
    )


def person(*permissions: str) -> Client:
    client = Client()
    client.force_login(member(*permissions))
    return client


def page(job: Job) -> str:
    return reverse("admin:jobs_job_change", args=[job.pk])


def press(client: Client, job: Job, button: str):
    return client.post(page(job), {f"jobs_job_{button}": ""}, follow=True)


def test_the_list_shows_state_and_progress(admin_client: Client, job: Job):
    text = admin_client.get(reverse("admin:jobs_job_changelist")).content.decode()
    assert "queued" in text
    assert "40 of 200 (20%)" in text


def test_the_page_says_why_a_job_failed_and_offers_to_retry_it(admin_client: Client, job: Job):
    Job.objects.update(state=JobState.FAILED, error="The weights are missing.")
    text = admin_client.get(page(job)).content.decode()
    assert "The weights are missing." in text
    assert "jobs_job_retry_this" in text
    assert "jobs_job_cancel_this" not in text
    assert 'name="_save"' not in text


def test_retry_queues_a_failed_job(admin_client: Client, job: Job):
    Job.objects.update(state=JobState.FAILED, error="The weights are missing.", attempts=5)
    assert "1 job is queued again" in press(admin_client, job, "retry_this").content.decode()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)


def test_cancel_asks_a_running_job_to_stop_and_leaves_its_lease(admin_client: Client, job: Job):
    running = claims.claim(job.pk)
    text = press(admin_client, job, "cancel_this").content.decode()
    assert "1 job is being stopped" in text
    assert "stopping" in text
    job.refresh_from_db()
    assert (job.cancel_requested, job.claim) == (True, running.claim)


def test_a_job_that_succeeded_has_no_buttons(admin_client: Client, job: Job):
    Job.objects.update(state=JobState.SUCCEEDED)
    assert "jobs_job_" not in admin_client.get(page(job)).content.decode()


def test_somebody_who_may_only_look_cannot_cancel(job: Job):
    client = person("view_job")
    assert client.get(page(job)).status_code == 200
    assert press(client, job, "cancel_this").status_code == 403
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_somebody_who_may_change_jobs_can_cancel(job: Job):
    press(person("view_job", "change_job"), job, "cancel_this")
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_nobody_can_add_or_delete_jobs(admin_client: Client, job: Job):
    assert admin_client.get(reverse("admin:jobs_job_add")).status_code == 403
    assert admin_client.post(reverse("admin:jobs_job_delete", args=[job.pk])).status_code == 403


def test_many_jobs_are_retried_at_once_and_the_rest_left_alone(admin_client: Client, job: Job):
    Job.objects.update(state=JobState.CANCELLED)
    done = Job.objects.create(kind="test.job", key="two", state=JobState.SUCCEEDED)
    chosen = {"action": "retry_chosen", "_selected_action": [job.pk, done.pk]}
    admin_client.post(reverse("admin:jobs_job_changelist"), chosen)
    assert dict(Job.objects.values_list("key", "state")) == {"one": "queued", "two": "succeeded"}


def test_who_retried_or_cancelled_a_job_is_in_the_audit_log(job: Job):
    user = member("view_job", "change_job")
    client = Client()
    client.force_login(user)
    press(client, job, "cancel_this")
    press(client, job, "retry_this")
    lines = list(AuditEntry.objects.order_by("id"))
    assert [(line.action, line.user, line.team_id) for line in lines] == [
        ("cancel job", user, DEFAULT_TEAM),
        ("retry job", user, DEFAULT_TEAM),
    ]
    assert (lines[0].subject, lines[0].detail) == (f"job:{job.pk}", {"kind": "test.job", "key": "one"})
