"""Workers and the scheduler leave signs of life; :mod:`humaneval.jobs.alive` reads them."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def touch() -> None:
    """Leave a sign of life, if the settings name a file for it."""
    if settings.HEARTBEAT_FILE:
        Path(settings.HEARTBEAT_FILE).touch()
