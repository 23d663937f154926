"""What ``manage.py check --deploy`` says of a server's settings beyond Django's own advice."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

LIKENESS = 0.9


def misspelled(names: Iterable[str], known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that is no setting but almost one, with the setting that may be meant."""
    for name in names:
        bare = name.removesuffix("_FILE")
        if bare in known or name in known:
            continue
        for meant in difflib.get_close_matches(bare, known, n=1, cutoff=LIKENESS):
            yield name, meant


@register(Tags.security, deploy=True)
def check_names(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of variables that look like a setting misspelt, which would be passed over in silence."""
    return [
        Warning(f"{name} is no setting.", hint=f"Is {meant} meant?", id="humaneval.W001")
        for name, meant in misspelled(sorted(os.environ), settings.SETTING_NAMES)
    ]


@register(Tags.security, deploy=True)
def check_hosts_agree(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where web processes of several hosts would not share what they must."""
    found: list[CheckMessage] = []
    if settings.CELERY_BROKER_URL.startswith(("filesystem:", "memory:")):
        return found  # one host
    if not settings.REDIS_URL:
        hint = "Set REDIS_URL, so that limits hold over all web processes and hosts."
        found.append(
            Warning("Each web process counts rate limits for itself.", hint=hint, id="humaneval.W002")
        )
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = "Set DATABASE_URL to a PostgreSQL server."
        found.append(Warning("SQLite serves one host, BROKER_URL several.", hint=hint, id="humaneval.W003"))
    return found
