"""What ``manage.py check --deploy`` says of a server's settings beyond Django's own advice."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

from humaneval.config.coherence import LEAST_SECRET

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
    if not settings.S3_BUCKET:
        hint = "Set S3_BUCKET, or let DATA_DIR be one folder that all hosts share."
        found.append(Warning("Images lie on each host by itself.", hint=hint, id="humaneval.W004"))
    given = {name.removesuffix("_FILE") for name in os.environ}
    if lacking := [name for name in ("SECRET_KEY", "PANEL_ID_KEY") if name not in given]:
        hint = "Set it, the same on all hosts: who signs in on one is a stranger to the other, as raters are."
        text = f"Each host makes a {' and a '.join(lacking)} of its own."
        found.append(Warning(text, hint=hint, id="humaneval.W005"))
    return found


@register(Tags.security, deploy=True)
def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of keys that can be guessed; SECRET_KEY, which may be replaced, stops the start."""
    short = [name for name in ("RATER_KEY", "PANEL_ID_KEY") if len(getattr(settings, name)) < LEAST_SECRET]
    hint = "With it panels' ids can be found out. One for a new platform: `openssl rand -hex 32`."
    return [Warning(f"{name} can be guessed.", hint=hint, id="humaneval.W006") for name in short]
