"""Prolific's webhooks: believed only if signed, taken once."""

from __future__ import annotations

import json
import time

import pytest

from humaneval.demo.panels.prolific import signed_headers
from humaneval.jobs.models import Job
from humaneval.recruitment.models import Submission, WebhookEvent
from tests.recruitment.conftest import work_off

pytestmark = pytest.mark.django_db
SECRET = "whisper"
ADDRESS = "/panels/prolific/events/"


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.PROLIFIC_WEBHOOK_SECRET = SECRET


def send(client, event: object, *, secret: str = SECRET, event_id: str = "e1", late: float = 0):
    """Return the answer to an event whose sender's clock is ``late`` seconds behind ours."""
    body = json.dumps(event).encode()
    headers = signed_headers(secret, body, event_id, time.time() - late)
    return client.post(ADDRESS, body, content_type="application/json", headers=headers)


def polls() -> int:
    """Return how many looks at a panel have been asked for."""
    return Job.objects.filter(kind="recruitment.poll").count()


def test_an_event_makes_us_look_and_a_repeat_does_not(live_posting, prolific, client):
    row = prolific.take_part(live_posting.external_id)
    event = {"event_type": "submission.status.change", "resource_id": row["id"], "status": "ACTIVE"}
    assert [send(client, event).status_code for _ in range(3)] == [204, 204, 204]
    assert (polls(), WebhookEvent.objects.count()) == (1, 1)
    work_off()
    assert Submission.objects.get().external_id == row["id"]


def test_an_event_of_a_study_concerns_that_study(live_posting, client):
    send(client, {"event_type": "study.status.change", "resource_id": "another"})
    assert polls() == 0
    send(
        client, {"event_type": "study.status.change", "resource_id": live_posting.external_id}, event_id="e2"
    )
    assert polls() == 1


@pytest.mark.parametrize("fault", [{"secret": "guess"}, {"late": 302}, {"late": -400}])
def test_a_wrong_signature_or_an_old_recording_is_refused(live_posting, client, fault):
    event = {"event_type": "study.status.change", "resource_id": live_posting.external_id}
    assert send(client, event, **fault).status_code == 403
    assert (polls(), WebhookEvent.objects.count()) == (0, 0)


def test_clocks_that_are_a_little_apart_do_no_harm(live_posting, client):
    event = {"event_type": "study.status.change", "resource_id": live_posting.external_id}
    assert send(client, event, late=240).status_code == 204


def test_an_unsigned_or_changed_event_is_refused(live_posting, client):
    body = json.dumps({"event_type": "study.status.change", "resource_id": live_posting.external_id}).encode()
    assert client.post(ADDRESS, body, content_type="application/json").status_code == 403
    headers = signed_headers(SECRET, body, "e1")
    changed = client.post(ADDRESS, body + b" ", content_type="application/json", headers=headers)
    assert changed.status_code == 403


def test_without_a_secret_nothing_is_believed(live_posting, client, settings):
    settings.PROLIFIC_WEBHOOK_SECRET = ""
    event = {"event_type": "study.status.change", "resource_id": live_posting.external_id}
    assert send(client, event, secret="").status_code == 403


@pytest.mark.parametrize("event", [[], "x", {}, {"event_type": "a"}, None])
def test_a_signed_event_that_makes_no_sense_is_refused(client, event):
    assert send(client, event).status_code == 400
