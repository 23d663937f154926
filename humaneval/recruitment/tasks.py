"""Celery's part: beat asks now and then for a look at the panels."""

from __future__ import annotations

import time

from celery import shared_task
from django.conf import settings


@shared_task(name="recruitment.look")
def look_at_panels() -> None:
    """Submit a poll of each posting that may have news, one in each stretch of PANEL_POLL_SECONDS."""
    from humaneval.recruitment.polling import look_soon, postings_to_watch

    stretch = int(time.time() // settings.PANEL_POLL_SECONDS)
    for posting in postings_to_watch():
        look_soon(posting, str(stretch))
