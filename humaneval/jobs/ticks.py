"""The scheduler notes in the database that it turns; whoever watches the installation reads it there."""

from __future__ import annotations

import logging

from django.db import Error
from django.utils import timezone

from humaneval.jobs.models import SchedulerTick

log = logging.getLogger(__name__)


def note_tick() -> None:
    """Note that the scheduler turns now; a note that cannot be stored is logged and stops nothing."""
    now = SchedulerTick(at=timezone.now())
    try:
        SchedulerTick.objects.bulk_create(
            [now], update_conflicts=True, unique_fields=["id"], update_fields=["at"]
        )
    except Error as error:
        log.warning("the scheduler turns, but the database does not take a note of it: %s", error)
