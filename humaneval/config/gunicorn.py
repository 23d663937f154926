"""What every gunicorn of the platform does: `gunicorn --config=python:humaneval.config.gunicorn ...`.

Its processes count in files of one folder, so that whichever answers Prometheus tells of all of them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from humaneval.config.leaving import COUNTS, leave_slowly

os.environ[COUNTS] = tempfile.mkdtemp(prefix="humaneval-metrics-")


def when_ready(server: Any) -> None:
    """Let a server that is told to stop say so to its proxy first."""
    leave_slowly(server)


def child_exit(server: Any, worker: Any) -> None:
    """Let the counts of a process that ended stand, without what only the living have."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(os.environ[COUNTS], ignore_errors=True)
