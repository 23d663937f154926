"""Whether there is a database to work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor


class NotSetUp(Exception):
    """There is no database, or it lacks tables; its text says what to do."""


def check_database() -> None:
    """Raise :class:`NotSetUp`, saying what to do, unless the database answers and has all its tables."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        raise NotSetUp(f"The database does not answer ({error}): check DATABASE_URL.") from error
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotSetUp(
            f"The database ({_database_name()}) lacks {len(missing)} migrations: "
            "run `python manage.py migrate` first, or name the database that you mean by DATABASE_URL, "
            "or its folder by DATA_DIR "
            "(what `make demo` made is in DATA_DIR=var/demo)."
        )


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything within as it was at one moment, while others write on; nothing is to be written.

    Within somebody's transaction it changes nothing: PostgreSQL shows each statement there what is new.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:  # not by atomic(), whose transactions are for writing: raters' votes would wait
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def _database_name() -> str:
    """Return the database's name for people, without its password."""
    found = connection.settings_dict
    return f"{found['HOST']}/{found['NAME']}" if found["HOST"] else str(found["NAME"])
