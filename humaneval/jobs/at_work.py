"""Celery's processes, each of which leaves a sign of life as long as it turns."""

from __future__ import annotations

import time
from typing import Any

from celery import bootsteps
from celery.beat import PersistentScheduler
from django.db import close_old_connections

from humaneval.jobs.heartbeats import touch
from humaneval.jobs.ticks import NOTE_SECONDS, note_tick

TOUCH_SECONDS = 5.0


class SignsOfLife(bootsteps.StartStopStep):
    """Touches the file by the worker's own timer, which stands still where the worker does."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        self._entry: Any = None
        super().__init__(parent, **kwargs)

    def start(self, parent: Any) -> None:
        """Touch it now, and from now on."""
        touch()
        self._entry = parent.timer.call_repeatedly(TOUCH_SECONDS, touch, priority=10)

    def stop(self, parent: Any) -> None:
        """Touch it no more."""
        if self._entry is not None:
            self._entry.cancel()


class Scheduler(PersistentScheduler):
    """Celery's scheduler, which touches the file at each of its ticks and notes one now and then."""

    max_interval = 10
    _noted = float("-inf")

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; return the seconds to the next tick, at most ten."""
        touch()
        wait = min(float(super().tick(*args, **kwargs)), float(self.max_interval))
        if time.monotonic() >= self._noted + NOTE_SECONDS:
            self._noted = time.monotonic()
            close_old_connections()
            note_tick()
        return wait
