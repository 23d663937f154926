"""Imports that no job carries: a command holds its import by a lease, as a worker holds its job.

A process that was killed renews its lease no more. Its import is then interrupted, and the same command,
given again, goes on with it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from humaneval.samples.batches import Progress
from humaneval.samples.models import ImportRun, SampleSet
from humaneval.samples.sources import NAME_LENGTH, printable

log = logging.getLogger(__name__)

WRITE_SECONDS = 2.0
LOOK_SECONDS = 0.25


class HeldElsewhere(Exception):
    """Another process is at work on the same import."""


def begin(
    *, sample_set: SampleSet, origin: str | Path, prompts: str | Path | None, strict: bool, progress: Progress
) -> tuple[ImportRun, bool]:
    """Return an import that this process holds, and whether it is an interrupted one that is gone on with.

    Waits while a process that may have been killed still has its lease, for as long as a lease lasts. Raises
    HeldElsewhere if that process shows a sign of life.
    """
    given = {
        "source": printable(origin)[:NAME_LENGTH],
        "prompts": printable(prompts or "")[:NAME_LENGTH],
        "strict": strict,
    }
    begun = sample_set.imports.filter(**given, job=None, archive="", finished_at=None)
    seen: dict[int, object] = {}
    while run := begun.first():
        if _take(begun, run):
            return run, True
        if seen.setdefault(run.pk, run.lease_until) != run.lease_until:
            raise HeldElsewhere(f"{run.source} is being imported into {sample_set} by another process.")
        progress(0, 1, "waiting for a sign of life of the process that began this import")
        time.sleep(LOOK_SECONDS)
    return ImportRun.objects.create(sample_set=sample_set, lease_until=_lease_end(), **given), False


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _take(begun: QuerySet[ImportRun], run: ImportRun) -> bool:
    """Take a run that nobody holds; return whether it was to be had."""
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    until = _lease_end()
    if not begun.filter(free, pk=run.pk).update(lease_until=until):
        return False
    run.lease_until = until
    return True


@contextmanager
def held(run: ImportRun) -> Iterator[Hold]:
    """Keep a run's lease alive, and give it up at the end, however that comes."""
    hold = Hold(run)
    hold.start()
    try:
        yield hold
    finally:
        hold.stop()


class Hold:
    """This process's hold on a run: a thread renews its lease; its last end is the token that it goes by."""

    def __init__(self, run: ImportRun) -> None:
        self._run, self._until = run, run.lease_until
        self._written_at = time.monotonic()
        self._stop, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of import {run.pk}", daemon=True)

    def start(self) -> None:
        """Begin to renew the lease."""
        self._thread.start()

    def stop(self) -> None:
        """Give the lease up, if it is this process's still."""
        self._stop.set()
        self._thread.join()
        if self._run.finished_at is None:
            with suppress(DatabaseError):  # then the lease runs out by itself
                self._mine().update(lease_until=None)

    def watched(self, progress: Progress) -> Progress:
        """Return ``progress`` that also stores what it hears; raises HeldElsewhere once the hold is lost."""

        def tell(done: int, total: int, note: str = "") -> None:
            if self._lost.is_set():
                raise HeldElsewhere("Another process has gone on with this import.")
            if time.monotonic() >= self._written_at + WRITE_SECONDS:
                self._written_at = time.monotonic()
                self._write(done, total)
            progress(done, total, note)

        return tell

    def _write(self, done: int, total: int) -> None:
        run = self._run
        run.progress_done, run.progress_total = done, total
        run.save(update_fields=["progress_done", "progress_total", "added", "unchanged", "rejected"])

    def _mine(self) -> QuerySet[ImportRun]:
        return ImportRun.objects.filter(pk=self._run.pk, finished_at=None, lease_until=self._until)

    def _beat(self) -> None:
        try:
            while not self._stop.wait(settings.JOB_LEASE_SECONDS / 3) and self._renewed():
                pass
        finally:
            connection.close()  # this thread's own

    def _renewed(self) -> bool:
        until = _lease_end()
        try:
            renewed = self._mine().update(lease_until=until)
        except DatabaseError:
            log.warning("could not renew the lease of import %s; trying again", self._run.pk, exc_info=True)
            connection.close()
            return True
        if not renewed:
            self._lost.set()
            return False
        self._until = until
        return True
