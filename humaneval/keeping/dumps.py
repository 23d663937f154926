"""A database as one file, as it was at one moment, and back: SQLite's online backup, PostgreSQL's pg_dump."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

from humaneval.keeping.databases import default_is, sqlite_file
from humaneval.keeping.refusals import Refusal


@contextmanager
def dumped(path: Path) -> Iterator[None]:
    """Write the default database into a file, and read that very moment of it within the context.

    Nobody waits for it: raters vote meanwhile. Raises Refusal where a tool is missing or too old.
    """
    frozen = _dumped_sqlite if connection.vendor == "sqlite" else _dumped_postgres
    with frozen(path):
        yield


def load(path: Path) -> None:
    """Put a dump of the same engine into the default database, which must be empty; whole or not at all."""
    if connection.vendor == "sqlite":
        _load_sqlite(path)
    else:
        whole = ("--single-transaction", "--exit-on-error")
        _run("pg_restore", "--no-owner", "--no-privileges", *whole, str(path))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def check_tools() -> None:
    """Raise Refusal where the tools for the default database are missing or older than its server."""
    if connection.vendor != "postgresql":
        return
    server = connection.pg_version // 10_000  # type: ignore[attr-defined]
    for tool in ("pg_dump", "pg_restore"):
        found = _major_version(tool)
        if found < server:
            raise Refusal(
                f"{tool} is of version {found}, the server of {server}: install postgresql-client-{server}."
            )


@contextmanager
def _dumped_sqlite(path: Path) -> Iterator[None]:
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        # In one step: one that is interrupted by a vote would begin again, for ever on a busy evening.
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise Refusal(f"SQLite finds the database damaged ({verdict}): restore the last backup.")
    with default_is(sqlite_file(path)):
        yield


@contextmanager
def _dumped_postgres(path: Path) -> Iterator[None]:
    check_tools()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone()
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
        _run("pg_dump", *options, f"--file={path}")
        yield


def _load_sqlite(path: Path) -> None:
    place = Path(connection.settings_dict["NAME"])
    connection.close()
    waiting = place.with_name(place.name + ".restoring")
    shutil.copyfile(path, waiting)
    for leftover in ("-wal", "-shm"):
        place.with_name(place.name + leftover).unlink(missing_ok=True)
    waiting.replace(place)


def _run(tool: str, *arguments: str) -> None:
    """Run one of PostgreSQL's tools on the default database; the password travels in its environment."""
    _major_version(tool)
    database = connection.settings_dict
    _command, given = DatabaseClient.settings_to_cmd_args_env(database, [])
    places = {"PGHOST": database["HOST"], "PGPORT": database["PORT"], "PGUSER": database["USER"]}
    environment = {
        **os.environ,
        **(given or {}),
        **{name: str(value) for name, value in places.items() if value},
    }
    command: Sequence[str] = [tool, f"--dbname={database['NAME']}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Refusal(f"{tool} failed: {done.stderr.strip() or done.returncode}")


def _major_version(tool: str) -> int:
    if shutil.which(tool) is None:
        raise Refusal(
            f"{tool} is not installed: PostgreSQL's client tools (postgresql-client) are needed here."
        )
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    match = re.search(r"(\d+)", done.stdout)
    return int(match[1]) if match else 0
