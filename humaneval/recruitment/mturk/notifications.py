"""What MTurk tells us by itself, through a queue of Amazon's (SQS); never needed, since we look ourselves.

A message only makes us look sooner, so one that is forged, lost or comes twice does no harm.
"""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db import transaction

from humaneval.recruitment.models import Posting, WebhookEvent
from humaneval.recruitment.mturk import client
from humaneval.recruitment.polling import look_soon

PANEL = "mturk"
VERSION = "2014-08-15"
EVENTS = [
    "AssignmentSubmitted",
    "AssignmentReturned",
    "AssignmentAbandoned",
    "AssignmentApproved",
    "AssignmentRejected",
    "HITReviewable",
    "HITExpired",
]
MOST_BATCHES = 20
"""Batches of ten messages that are taken at a time."""

logger = logging.getLogger(__name__)


def ask_for_them(hit_type: str) -> None:
    """Let MTurk put events of a HIT type into ``MTURK_QUEUE_URL``, if that is set; again changes nothing.

    Raises NotSent, Unanswered or PanelRefused.
    """
    if not settings.MTURK_QUEUE_URL:
        return
    client.act(
        "update_notification_settings",
        HITTypeId=hit_type,
        Notification={
            "Destination": settings.MTURK_QUEUE_URL,
            "Transport": "SQS",
            "Version": VERSION,
            "EventTypes": EVENTS,
        },
        Active=True,
    )


def take_messages() -> int:
    """Take the messages that wait in the queue; return how many there were. A queue that is away is logged.

    A message is deleted once what follows from it is committed; if we die before, it comes again.
    """
    if not settings.MTURK_QUEUE_URL:
        return 0
    taken = 0
    try:
        queue = _queue()
        for _batch in range(MOST_BATCHES):
            answer = queue.receive_message(QueueUrl=settings.MTURK_QUEUE_URL, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                _take(message)
                queue.delete_message(
                    QueueUrl=settings.MTURK_QUEUE_URL, ReceiptHandle=message["ReceiptHandle"]
                )
                taken += 1
            if not answer.get("Messages"):
                break
    except (BotoCoreError, ClientError) as error:
        logger.warning("the queue of MTurk's notifications cannot be read: %s", error)
    return taken


def _take(message: dict[str, Any]) -> None:
    """Ask for a look at the postings that a message is about, once for the same message."""
    try:
        document = json.loads(message["Body"])
        event_id = str(document["EventDocId"])
        hits = {str(event["HITId"]): str(event["EventType"]) for event in document["Events"]}
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("a message in the queue of MTurk's notifications makes no sense: %r", error)
        return
    with transaction.atomic():
        _event, is_new = WebhookEvent.objects.get_or_create(
            panel=PANEL,
            event_id=event_id[:120],
            defaults={"kind": ", ".join(sorted(set(hits.values())))[:80]},
        )
        if is_new:
            for posting in Posting.objects.filter(panel=PANEL, external_id__in=hits):
                look_soon(posting, f"event {event_id}"[:120])


def _queue() -> Any:
    """Return a client of the queue, at the host that its address names."""
    parts = urlsplit(settings.MTURK_QUEUE_URL)
    seconds = settings.PANEL_TIMEOUT_SECONDS
    once = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
    return boto3.client(
        "sqs", region_name=client.REGION, endpoint_url=f"{parts.scheme}://{parts.netloc}", config=once
    )
