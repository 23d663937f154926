"""Which database Django's ``default`` is, for a while: another one is looked at by the same code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import environ
from django.contrib.contenttypes.models import ContentType
from django.db import connections

DEFAULT = "default"
ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


def sqlite_file(path: Path) -> dict[str, Any]:
    """Return the description of a SQLite file that is only read, in no journal mode but its own."""
    return described({"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})


def described(database: dict[str, Any]) -> dict[str, Any]:
    """Return a database's description with all that Django expects in it."""
    filled: dict[str, dict[str, Any]] = connections.configure_settings({DEFAULT: dict(database)})
    return filled[DEFAULT]


def at_address(url: str) -> dict[str, Any]:
    """Return the description of the database at an address as DATABASE_URL has it; raises ValueError."""
    found: dict[str, Any] = environ.Env.db_url_config(url) if "://" in url else {}
    if found.get("ENGINE") not in ENGINES or not found.get("NAME"):
        raise ValueError(
            "--to names no database: write postgres://user@host:5432/name (PGPASSWORD may hold the password) "
            "or sqlite:////path/to/file."
        )
    return described(found)


@contextmanager
def default_is(database: dict[str, Any]) -> Iterator[None]:
    """Let ``default`` be the database of a description (:func:`described`), in this thread."""
    own, held = connections.settings[DEFAULT], connections[DEFAULT]
    connections.settings[DEFAULT] = database
    del connections[DEFAULT]
    ContentType.objects.clear_cache()
    try:
        yield
    finally:
        connections[DEFAULT].close()
        connections.settings[DEFAULT] = own
        connections[DEFAULT] = held
        ContentType.objects.clear_cache()


@contextmanager
def default_known_as(alias: str) -> Iterator[None]:
    """Let the present default database be reached under an alias too, whatever ``default`` becomes."""
    connections.settings[alias] = connections.settings[DEFAULT]
    connections[alias] = connections[DEFAULT]
    try:
        yield
    finally:
        del connections.settings[alias]
        del connections[alias]
