"""Reports of many votes: a worker makes them, and no web request ever does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from humaneval.jobs.models import Job, JobState
from humaneval.jobs.running import run_claimed
from humaneval.reports import making, report, snapshots
from humaneval.reports.models import Snapshot
from tests.reports.studies import GivenVote, add_votes

PAGE = "/studies/digits/report/"
PAGES = [PAGE, f"{PAGE}download/", f"{PAGE}files/"]
APIS = ["study-report", "study-estimates-csv", "study-scores-csv", "study-correlations-csv"]

pytestmark = pytest.mark.usefixtures("large")


@pytest.fixture
def large(scored, monkeypatch) -> None:
    """One vote is many; and a report that a web request builds is a failure."""
    monkeypatch.setattr(making, "DIRECT_VOTES", 0)


@pytest.fixture
def person(admin_user) -> APIClient:
    person = APIClient()
    person.force_authenticate(admin_user)
    return person


@pytest.fixture
def in_requests(monkeypatch) -> list[str]:
    """Count what is built while this stands."""
    built: list[str] = []
    build = report.build
    monkeypatch.setattr(report, "build", lambda study: (built.append(study.slug), build(study))[1])
    return built


def work() -> Job:
    """Do the one job there is, as a worker does."""
    job = Job.objects.get(kind=making.KIND, state=JobState.QUEUED)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, claim="x", attempts=1)
    job.refresh_from_db()
    run_claimed(job)
    job.refresh_from_db()
    return job


def later() -> None:
    """Let so much time pass that no snapshot is fresh any more, and no failure recent."""
    past = timezone.now() - timedelta(seconds=making.FRESH_SECONDS + 1)
    Snapshot.objects.update(created_at=past)
    Job.objects.filter(finished_at__isnull=False).update(finished_at=past)


def test_the_page_waits_for_a_worker_and_then_shows_what_it_made(scored, admin_client, in_requests):
    answer = admin_client.get(PAGE)
    assert answer.status_code == 200
    assert "being made in the background" in answer.content.decode()
    assert answer["Refresh"] == "5"
    admin_client.get(PAGE)
    assert not in_requests
    assert Job.objects.get(kind=making.KIND).team_id == scored.team_id
    assert work().result == {"snapshot": Snapshot.objects.get().pk}
    answer = admin_client.get(PAGE)
    assert "on <strong>36 votes</strong>" in answer.content.decode()
    assert "Refresh" not in answer


@pytest.mark.parametrize("address", PAGES[1:])
def test_a_download_leads_to_the_page_until_the_report_is_there(admin_client, in_requests, address):
    answer = admin_client.get(address, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert "Download it when this page shows it." in answer.content.decode()
    assert not in_requests
    work()
    answer = admin_client.get(address)
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.parametrize("name", APIS)
def test_programs_are_told_to_ask_again(person, in_requests, name):
    address = reverse(name, args=["digits"])
    answer = person.get(address)
    assert (answer.status_code, answer["Retry-After"]) == (202, "5")
    assert not in_requests
    work()
    assert person.get(address).status_code == 200


def test_a_snapshot_is_taken_by_a_worker_and_kept_once(person, in_requests):
    address = reverse("study-snapshots", args=["digits"])
    assert person.post(address).status_code == 202
    assert person.post(address).status_code == 202
    assert not in_requests
    work()
    answer = person.post(address)
    assert (answer.status_code, answer.data["vote_count"]) == (201, 36)
    assert Job.objects.filter(kind=making.KIND).count() == 1


def test_while_votes_come_in_a_fresh_report_serves_and_an_old_one_is_made_anew(scored, person):
    address = reverse("study-report", args=["digits"])
    person.get(address)
    work()
    add_votes(scored, [GivenVote(90, 0, {"real": 1})])
    assert person.get(address).data["votes"]["counted"] == 36
    later()
    assert person.get(address).status_code == 202
    work()
    assert person.get(address).data["votes"]["counted"] == 37


def test_who_presses_refresh_gets_the_newest_votes_and_sees_the_former_report_meanwhile(scored, admin_client):
    snapshots.take_snapshot(study=scored)
    add_votes(scored, [GivenVote(90, 0, {"real": 1})])
    answer = admin_client.post(f"{PAGE}refresh/", follow=True)
    shown = answer.content.decode()
    assert "on <strong>36 votes</strong>" in shown
    assert "being made in the background" in shown
    assert answer["Refresh"] == "5"
    work()
    assert "on <strong>37 votes</strong>" in admin_client.get(PAGE).content.decode()


def test_a_failure_is_told_once_tried_again_by_hand_and_by_itself_after_a_while(
    admin_client, person, monkeypatch
):
    def broken(study):
        raise ValueError("no room left")

    monkeypatch.setattr(report, "build", broken)
    address = reverse("study-report", args=["digits"])
    person.get(address)
    job = Job.objects.get(kind=making.KIND)
    Job.objects.filter(pk=job.pk).update(max_attempts=1)
    assert work().state == JobState.FAILED
    for _ in range(2):
        answer = person.get(address)
        assert answer.status_code == 503
        assert "no room left" in answer.data["detail"]
        page = admin_client.get(PAGE)
        assert "no room left" in page.content.decode()
        assert "Refresh" not in page
    assert Job.objects.filter(kind=making.KIND).count() == 1
    later()
    assert person.get(address).status_code == 202
    Job.objects.filter(kind=making.KIND, state=JobState.QUEUED).delete()
    Job.objects.update(finished_at=timezone.now())
    assert "being made" in admin_client.post(f"{PAGE}refresh/", follow=True).content.decode()


def test_a_small_study_is_built_where_it_is_asked_for(scored, person, monkeypatch):
    monkeypatch.setattr(making, "DIRECT_VOTES", 36)
    assert person.get(reverse("study-report", args=["digits"])).data["votes"]["counted"] == 36
    assert not Job.objects.filter(kind=making.KIND).exists()


def test_a_study_that_is_gone_fails_its_job_with_a_reason(scored, person):
    person.get(reverse("study-report", args=["digits"]))
    Job.objects.filter(kind=making.KIND).update(args={"study": 0})
    assert "deleted" in work().error
