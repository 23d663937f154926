"""One command at a time where two could undo each other's work: making backups and taking old ones away."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from humaneval.keeping.refusals import Refusal

_LOCK = 0x6B656570  # "keep"


@contextmanager
def alone() -> Iterator[None]:
    """Keep others of this platform from backing up or pruning meanwhile; raises Refusal while one does.

    On PostgreSQL over all hosts, else on this one. Whoever is killed holds it no longer.
    """
    held = _on_postgres() if connection.vendor == "postgresql" else _on_this_host()
    with held:
        yield


@contextmanager
def _on_postgres() -> Iterator[None]:
    if not _asked("pg_try_advisory_lock"):
        raise _others()
    try:
        yield
    finally:
        _asked("pg_advisory_unlock")


def _asked(function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


@contextmanager
def _on_this_host() -> Iterator[None]:
    with (Path(settings.DATA_DIR) / "keeping.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _others() from error
        yield


def _others() -> Refusal:
    return Refusal("Another command is backing up or taking old backups away: try again when it is done.")
