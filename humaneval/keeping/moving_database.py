"""All rows from one database into another, of SQLite or PostgreSQL, and the same checks as after a restore.

Rows are copied as they are, with their ids, in one transaction of the target: whatever fails, the target
has none of them. The triggers that protect votes are active there from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DatabaseError, DataError, connection, connections, models, transaction

from humaneval.keeping.census import (
    Census,
    broken_chains,
    count_rows,
    differing_audit_log,
    differing_counts,
    differing_report,
    missing_protection,
    take_census,
)
from humaneval.keeping.databases import default_is, default_known_as
from humaneval.keeping.refusals import Refusal, in_lines
from humaneval.samples.batches import Progress, say_nothing

SOURCE = "source"
VALUES_AT_ONCE = 20_000
"""Values in one INSERT: memory grows with it, and SQLite takes 250,000 at most."""
MADE_BY_MIGRATIONS = {"django_content_type", "auth_permission", "teams_team", "django_migrations"}


def move_database(target: dict[str, Any], *, progress: Progress = say_nothing) -> Census:
    """Copy the default database into the one described, which must be empty; return what both hold now.

    The target's tables are made first. The source cannot be written to meanwhile (SQLite), or is read as of
    one moment (PostgreSQL). Raises Refusal, and leaves the target without rows, if anything differs then.
    """
    with _held_still():
        found = take_census()
        tables = {model._meta.db_table: found.tables[model._meta.db_table] for model in _models()}
        census = replace(found, tables=tables)
        with default_known_as(SOURCE), default_is(target):
            _prepare_target()
            _fill(census, progress)
    return census


def _models() -> list[type[models.Model]]:
    """Return every model that has a table, those between many and many too."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


@contextmanager
def _held_still() -> Iterator[None]:
    """Let the default database be read as it is at one moment; SQLite's writers wait (IMMEDIATE)."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _prepare_target() -> None:
    """Make the tables; raise Refusal if they are there and hold what migrations did not put into them."""
    try:
        _refuse_rows()
        call_command("migrate", verbosity=0, interactive=False)
        _refuse_rows()
    except DatabaseError as error:
        raise Refusal(f"The target cannot be used: {error}") from error


def _refuse_rows() -> None:
    counts = count_rows(connection.introspection.table_names())
    used = [name for name, count in counts.items() if count and name not in MADE_BY_MIGRATIONS]
    if used:
        raise Refusal(
            f"The target is not empty: {used[0]} has {counts[used[0]]} rows. Name an empty database. Nothing "
            "was changed."
        )


def _fill(census: Census, progress: Progress) -> None:
    """Copy and check in one transaction."""
    with transaction.atomic():
        for model in _models():
            if model._meta.db_table in MADE_BY_MIGRATIONS:
                model._base_manager.all()._raw_delete("default")
        for model in _models():
            _copy_table(model, census.tables[model._meta.db_table], progress)
        ContentType.objects.clear_cache()
        _set_sequences()
        connection.check_constraints()
        _check(census)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _copy_table(model: type[models.Model], total: int, progress: Progress) -> None:
    """Copy a table batch by batch, in order of its key, as the rows are: nothing sets a date anew."""
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    size = max(1, VALUES_AT_ONCE // len(fields))
    rows = model._base_manager.using(SOURCE).order_by("pk").iterator(chunk_size=size)
    done = 0
    while batch := list(islice(rows, size)):
        try:
            model._base_manager.all()._insert(batch, fields=fields, using="default", raw=True)  # type: ignore[attr-defined]
        except DataError as error:
            raise Refusal(
                f"{model._meta.db_table}: a row between keys {batch[0].pk} and {batch[-1].pk} does not fit: "
                f"{error}. Correct it in the source; the target was left without rows."
            ) from error
        done += len(batch)
        progress(done, total, f"rows of {model._meta.db_table}")


def _set_sequences() -> None:
    """Let new rows get ids that were never used, those of withdrawn votes included."""
    for model in _models():
        field = model._meta.auto_field
        if field is None or field not in model._meta.local_concrete_fields:
            continue
        column = str(field.column)
        if last := _last_id(connections[SOURCE], model, column):
            _set_last_id(model, column, last)


def _last_id(database: Any, model: type[models.Model], column: str) -> int:
    """Return the highest id that a table ever gave out, 0 if none."""
    table = model._meta.db_table
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        else:
            quoted = f'"{table}"'
            cursor.execute("SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s))", [quoted, column])
        row = cursor.fetchone()
    highest = model._base_manager.using(SOURCE).aggregate(last=models.Max("pk"))["last"]
    return max(row[0] or 0 if row else 0, highest or 0)


def _set_last_id(model: type[models.Model], column: str, last: int) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])
        else:
            quoted = f'"{table}"'
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [quoted, column, last])


def _check(census: Census) -> None:
    problems = [
        *differing_counts(census.tables),
        *missing_protection(),
        *broken_chains(census.heads),
        *differing_audit_log(census),
        *differing_report(census.report),
    ]
    if problems:
        raise Refusal(in_lines("The target would not be the same, and was left without rows:", problems))
