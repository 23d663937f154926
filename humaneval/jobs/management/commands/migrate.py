"""``manage.py migrate``, Django's own, that never makes raters wait for long on PostgreSQL.

A migration takes a lock on the table that it changes, if only for a moment. Where a backup or a long report
still reads that table it waits, and every vote queues up behind it. So it gives up after two seconds, lets
the votes through, and tries again.

One at a time: hosts that start together migrate one after the other, and the later ones find nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK_SECONDS = 2
PAUSE_SECONDS = 5
TRIES = 120

_LOCK = 0x6D696772  # "migr"

LOCK_NOT_AVAILABLE = "55P03"
"""What PostgreSQL calls it when a lock was not to be had in time."""


class Command(migrate.Command):
    """Bring the database up to this code; tables that others read are tried again and again."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; raises CommandError where a table was not to be had in a quarter of an hour."""
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        if options["check_unapplied"] or options["plan"]:  # only looks
            super().handle(*args, **options)
            return
        with self._alone(connection), impatient(connection):
            self._try(lambda: super(Command, self).handle(*args, **options))

    @contextmanager
    def _alone(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        """Let nobody else migrate meanwhile; wait for who does. Whoever is killed holds it no longer."""
        told = False
        while not _asked(connection, "pg_try_advisory_lock"):
            if not told:
                self.stderr.write("Another command is migrating this database: waiting for it.")
            told = True
            time.sleep(1)
        try:
            yield
        finally:
            _asked(connection, "pg_advisory_unlock")

    def _try(self, run: Callable[[], object]) -> None:
        for tries in range(1, TRIES + 1):
            try:
                run()
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                    raise
                if tries == TRIES:
                    raise CommandError(
                        "A backup, a report or something else that takes long kept a table from being "
                        "changed. Nothing is half done: run migrate again when it has ended."
                    ) from error
                self.stderr.write(f"A table is in use: votes go first, again in {PAUSE_SECONDS} s.")
                time.sleep(PAUSE_SECONDS)
            else:
                return


def _asked(connection: BaseDatabaseWrapper, function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


@contextmanager
def impatient(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let a PostgreSQL connection wait for no lock longer than LOCK_SECONDS within the context.

    But for statements that are CONCURRENTLY: they wait beside others, not before them, and leave something
    half done where they are stopped.
    """
    limit = f"SET lock_timeout = '{LOCK_SECONDS}s'"

    def execute(run: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if "CONCURRENTLY" not in str(sql):
            return run(sql, params, many, context)
        run("SET lock_timeout = 0", None, False, context)
        try:
            return run(sql, params, many, context)
        finally:
            run(limit, None, False, context)

    with connection.cursor() as cursor:
        cursor.execute(limit)
    try:
        with connection.execute_wrapper(execute):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
