"""Telling how far a long command is, once in a while."""

from __future__ import annotations

import time

from django.core.management.base import OutputWrapper

from humaneval.samples.batches import Progress

EVERY_SECONDS = 5.0


def telling(stream: OutputWrapper) -> Progress:
    """Return a progress that writes a line every few seconds."""
    told = time.monotonic()

    def tell(done: int, total: int, note: str = "") -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY_SECONDS:
            told = time.monotonic()
            stream.write(f"{done:,} of {total:,} {note}")

    return tell
