"""A web server that is about to stop says so first: proxies that ask ``/readyz`` send it nothing more."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

COUNTS = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder that all processes of one gunicorn share."""


def is_leaving() -> bool:
    """Whether the server of this process was told to stop."""
    folder = os.environ.get(COUNTS)
    return bool(folder) and _note(str(folder)).exists()


def leave_slowly(server: Any) -> None:
    """Make gunicorn serve on for ``WEB_DRAIN_SECONDS`` after a SIGTERM, not ready; a second one stops it now.

    A connection that waits to be accepted when the listener closes would be reset, and with it a rater's
    request: so the listener closes only when nobody sends anything here any more.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        signal.signal(number, server.signal)
        threading.Thread(target=_drain, args=(server,), daemon=True).start()

    signal.signal(signal.SIGTERM, leave)


def _drain(server: Any) -> None:
    # Settings that cannot be used have stopped the start long before.
    from humaneval.config.settings import WEB_DRAIN_SECONDS

    if WEB_DRAIN_SECONDS:
        _note(os.environ[COUNTS]).touch()
        threading.Event().wait(WEB_DRAIN_SECONDS)
    server.signal(signal.SIGTERM, None)


def _note(folder: str) -> Path:
    return Path(folder) / "leaving"
