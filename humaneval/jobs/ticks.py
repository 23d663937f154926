"""The scheduler and the workers note in the database that they turn; whoever watches reads it there."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.db import Error
from django.utils import timezone

from humaneval.jobs.models import QueueLook, SchedulerTick

log = logging.getLogger(__name__)

NOTE_SECONDS = 15.0
_looked: dict[str, float] = {}
"""When this process last noted a look, by queue."""


def note_tick() -> None:
    """Note that the scheduler turns now; a note that cannot be stored is logged and stops nothing."""
    try:
        _write(SchedulerTick(at=timezone.now()))
    except Error as error:
        log.warning("the scheduler turns, but the database does not take a note of it: %s", error)


def note_look(queue: str) -> None:
    """Note that a worker looks for work in a queue now, every NOTE_SECONDS at most; as above if it cannot."""
    if time.monotonic() < _looked.get(queue, float("-inf")) + NOTE_SECONDS:
        return
    try:
        _write(QueueLook(queue=queue, at=timezone.now()))
    except Error as error:
        log.warning("a worker looks into %s, but the database does not take a note of it: %s", queue, error)
    else:
        _looked[queue] = time.monotonic()


def _write(row: SchedulerTick | QueueLook) -> None:
    """Store a row in place of the one that has its key."""
    kind: Any = type(row)
    key = [kind._meta.pk.name]
    kind.objects.bulk_create([row], update_conflicts=True, unique_fields=key, update_fields=["at"])
