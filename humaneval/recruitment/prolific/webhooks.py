"""Prolific's webhooks: believed only if signed, taken once, and never needed, since we look ourselves too."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from humaneval.recruitment.models import Posting, Submission, WebhookEvent
from humaneval.recruitment.polling import look_soon
from humaneval.recruitment.prolific.recruiter import ProlificRecruiter

SKEW_SECONDS = 300
"""How far the sender's clock may be from ours; what is older may be a recording."""

MOST_BYTES = 100_000


def is_signed(body: bytes, timestamp: str, signature: str, now: float) -> bool:
    """Return whether base64 of HMAC-SHA256 over timestamp and body fits, and the time is near ``now``."""
    if not settings.PROLIFIC_WEBHOOK_SECRET or not (timestamp.isascii() and timestamp.isdecimal()):
        return False
    if abs(now - int(timestamp[:12])) > SKEW_SECONDS:
        return False
    digest = hmac.new(settings.PROLIFIC_WEBHOOK_SECRET.encode(), timestamp.encode() + body, hashlib.sha256)
    return hmac.compare_digest(base64.b64encode(digest.digest()), signature.encode())


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Take an event: 204 also for a known one, 403 without a right signature, 400 for nonsense."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    stamp = request.headers.get("X-Prolific-Request-Timestamp", "")
    signature = request.headers.get("X-Prolific-Request-Signature", "")
    if not is_signed(request.body, stamp, signature, time.time()):
        return HttpResponse(status=403)
    try:
        event = json.loads(request.body)
        kind, resource = str(event["event_type"]), str(event["resource_id"])
    except (ValueError, KeyError, TypeError):
        return HttpResponse(status=400)
    event_id = (
        request.headers.get("X-Event-ID", "") or hashlib.sha256(stamp.encode() + request.body).hexdigest()
    )
    _take(event_id[:120], kind[:80], resource)
    return HttpResponse(status=204)


def _take(event_id: str, kind: str, resource: str) -> None:
    """Store an event and ask for a look at its posting, in one transaction, unless it is known."""
    with transaction.atomic():
        _event, is_new = WebhookEvent.objects.get_or_create(
            panel=ProlificRecruiter.name, event_id=event_id, defaults={"kind": kind}
        )
        if not is_new:
            return
        for posting in _concerned(kind, resource):
            look_soon(posting, f"event {event_id}")


def _concerned(kind: str, resource: str) -> list[Posting]:
    """Return the posting that an event is about; a submission not yet known may be of any live one."""
    postings = Posting.objects.filter(panel=ProlificRecruiter.name).exclude(external_id="")
    if kind.startswith("study."):
        return list(postings.filter(external_id=resource))
    known = Submission.objects.filter(posting__in=postings, external_id=resource).first()
    return [known.posting] if known else list(postings.filter(state="live"))
