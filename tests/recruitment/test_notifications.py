"""MTurk's notifications through a real queue server: they make us look, once, and are never needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from humaneval.demo.panels.mturk import FakeMTurk
from humaneval.jobs.models import Job
from humaneval.recruitment import publishing, tasks
from humaneval.recruitment.models import Posting, Submission, WebhookEvent
from humaneval.recruitment.mturk import notifications
from humaneval.recruitment.mturk.recruiter import MTurkRecruiter
from tests.recruitment.conftest import posting_of, work_off
from tests.s3 import aws_server, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def queue_server() -> Iterator[str]:
    """Give the address of a server that speaks SQS."""
    with aws_server() as address:
        yield address


class Queue:
    """A queue, and a way to put MTurk's messages into it."""

    def __init__(self, server: str) -> None:
        self._sqs = client_of(server, "sqs")
        self.url = self._sqs.create_queue(QueueName=f"mturk-events-{uuid4()}")["QueueUrl"]

    def put(self, body: str) -> None:
        """Put a message."""
        self._sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def tell(self, hit: str, event_id: str = "e1", kind: str = "AssignmentSubmitted") -> None:
        """Put what MTurk writes of one event of a HIT."""
        event = {"EventType": kind, "EventTimestamp": "2026-09-01T12:00:00Z", "HITId": hit, "HITTypeId": "3T"}
        document = {"EventDocId": event_id, "EventDocVersion": "2014-08-15", "CustomerId": "A1"}
        self.put(json.dumps({**document, "Events": [event]}))


@pytest.fixture
def queue(queue_server, settings, monkeypatch) -> Queue:
    """Give an empty queue that the settings name."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "stand-in")
    found = Queue(queue_server)
    settings.MTURK_QUEUE_URL = found.url
    return found


@pytest.fixture
def mturk(settings, queue) -> Iterator[FakeMTurk]:
    """Give a stand-in for MTurk."""
    fake = FakeMTurk()
    settings.MTURK_ENDPOINT, settings.PUBLIC_URL = fake.url, "https://lab.example"
    yield fake
    fake.stop()


@pytest.fixture
def posting(mturk, payer) -> Posting:
    """Give a posting that is live."""
    draft = posting_of(panel="mturk", currency="USD")
    publishing.publish(draft, confirmed=publishing.estimate(draft).total, user=payer)
    work_off()
    return Posting.objects.get(state="live")


def polls() -> int:
    """Return how many looks at a panel have been asked for."""
    return Job.objects.filter(kind="recruitment.poll").count()


def test_publishing_asks_mturk_to_tell_us(posting, mturk, queue):
    (asked,) = mturk.notifications.values()
    assert asked["Notification"]["Destination"] == queue.url
    assert "AssignmentSubmitted" in asked["Notification"]["EventTypes"]
    assert asked["Active"]


def test_a_message_makes_us_look_and_a_repeat_does_not(posting, mturk, queue):
    assignment = mturk.accept(posting.external_id, "A1WORKER")
    mturk.submit(assignment, {"code": "x"})
    queue.tell(posting.external_id)
    queue.tell(posting.external_id)
    queue.tell("3ANOTHERHIT", "e2")
    tasks.listen_to_panels()
    assert (polls(), WebhookEvent.objects.count()) == (1, 2)
    work_off()
    assert Submission.objects.get().external_id == assignment
    assert MTurkRecruiter().listen() == 0, "what was taken is gone"


def test_more_messages_than_fit_into_one_answer_are_taken(posting, queue):
    for number in range(23):
        queue.tell(posting.external_id, f"e{number}")
    assert MTurkRecruiter().listen() == 23


@pytest.mark.parametrize("body", ["", "x", "[]", '{"EventDocId": "e"}', '{"EventDocId": "e", "Events": [1]}'])
def test_a_message_that_makes_no_sense_is_logged_and_gone(posting, queue, body, caplog):
    queue.put(body or "null")
    assert MTurkRecruiter().listen() == 1
    assert "makes no sense" in caplog.text
    assert (polls(), MTurkRecruiter().listen()) == (0, 0)


def test_dying_between_commit_and_deletion_takes_the_message_once(posting, queue, monkeypatch):
    queue.tell(posting.external_id)

    def die(**_parameters: object) -> None:
        raise KeyboardInterrupt

    real = notifications._queue()
    monkeypatch.setattr(real, "delete_message", die)
    monkeypatch.setattr(notifications, "_queue", lambda: real)
    with pytest.raises(KeyboardInterrupt):
        MTurkRecruiter().listen()
    monkeypatch.undo()
    queue.tell(posting.external_id)  # the queue shows it again after its time; here at once
    MTurkRecruiter().listen()
    assert polls() == 1


def test_a_queue_that_is_away_is_a_line_in_the_log(posting, settings, caplog):
    settings.MTURK_QUEUE_URL = "http://127.0.0.1:1/123456789012/mturk-events"
    assert MTurkRecruiter().listen() == 0
    assert "cannot be read" in caplog.text


def test_without_a_queue_nothing_is_asked(settings, mturk, payer):
    settings.MTURK_QUEUE_URL = ""
    draft = posting_of(panel="mturk", currency="USD")
    publishing.publish(draft, confirmed=publishing.estimate(draft).total, user=payer)
    work_off()
    assert not mturk.notifications
    assert MTurkRecruiter().listen() == 0
