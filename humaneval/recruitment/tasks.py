"""Celery's part: beat asks now and then for a look at the panels, and for what has been kept long enough."""

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


@shared_task(name="recruitment.listen")
def listen_to_panels() -> None:
    """Take the messages that panels have left for us to fetch."""
    from humaneval.recruitment.recruiters import all_of_them

    for recruiter in all_of_them():
        recruiter.listen()


@shared_task(name="recruitment.forget")
def forget_panel_ids() -> None:
    """Submit the day's job that erases panel ids which have been kept for as long as the setting says."""
    from humaneval.jobs import services as jobs

    jobs.submit(
        kind="recruitment.forget", key=f"recruitment.forget:{time.strftime('%Y-%m-%d', time.gmtime())}"
    )
