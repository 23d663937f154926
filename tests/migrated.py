"""One migrated database for a whole run of tests: who needs one first makes it, all others copy it.

Migrating takes as long as hundreds of tests, and every process of a run, and every platform that a test
starts, needs a migrated database.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command
from django.db import connections


def address_of(name: str) -> str:
    """Return the address of a database on the server that the tests run on."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def on_server(statement: str) -> None:
    """Let the server that the tests run on make or drop a database."""
    with psycopg.connect(address_of("postgres"), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def is_on_server() -> bool:
    """Return whether the tests run on a database server; else they run on SQLite."""
    return bool(os.environ.get("DATABASE_URL"))


@contextmanager
def template(shared: Path) -> Iterator[str]:
    """Give the name of a migrated database that is only copied: of a file, or on the server.

    All processes that name the same folder get the same one; it goes when the last of them has ended.
    """
    users, mark = shared / "users", shared / "name"
    users.mkdir(parents=True, exist_ok=True)
    me = users / str(os.getpid())
    with locked(shared):
        me.touch()
        if not mark.exists():
            mark.write_text(_make(shared))
        name = mark.read_text()
    try:
        yield name
    finally:
        with locked(shared):
            me.unlink()
            if not any(users.iterdir()):
                mark.unlink()
                _remove(name)


def fill_default_from(name: str) -> None:
    """Make Django's default database a copy of a template: in memory, or on the server."""
    connection = connections["default"]
    connection.close()
    connection.settings_dict["NAME"] = connection.creation._get_test_db_name()
    if is_on_server():
        on_server(f'DROP DATABASE IF EXISTS "{connection.settings_dict["NAME"]}" WITH (FORCE)')
        on_server(f'CREATE DATABASE "{connection.settings_dict["NAME"]}" TEMPLATE "{name}"')
        return
    connection.ensure_connection()
    with closing(sqlite3.connect(name)) as source:
        source.backup(connection.connection)


@contextmanager
def locked(shared: Path) -> Iterator[None]:
    """Let one process at a time do something about a folder that several share."""
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(shared: Path) -> str:
    name = str(shared / "template.sqlite3")
    if is_on_server():
        name = f"template_{secrets.token_hex(6)}"
        on_server(f'CREATE DATABASE "{name}"')
    connection = connections["default"]
    connection.close()
    usual = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
    return name


def _remove(name: str) -> None:
    if is_on_server():
        on_server(f'DROP DATABASE "{name}" WITH (FORCE)')
    else:
        Path(name).unlink()
