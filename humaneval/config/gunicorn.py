"""What every gunicorn of the platform does: `gunicorn --config=python:humaneval.config.gunicorn ...`.

Its processes count in files of one folder, so that whichever answers Prometheus tells of all of them. With
``LOG_FORMAT=json`` its own lines are JSON too, those of the process that holds the others included.
"""

from __future__ import annotations

import logging.config
import os
import shutil
import tempfile
from typing import Any

from gunicorn.glogging import Logger

from humaneval.config.environment import log_format
from humaneval.config.leaving import COUNTS, leave_slowly
from humaneval.monitoring import logs

os.environ[COUNTS] = tempfile.mkdtemp(prefix="humaneval-metrics-")

# Longer than Caddy keeps a connection to us that nobody uses (2 minutes): it must be the one to end it. What
# it sends over one that we are just ending is lost, and a POST it does not send twice.
keepalive = 150


class JsonLogger(Logger):
    """Gunicorn's log; its handlers pass nothing on to those of the platform, but write as they do."""

    def setup(self, cfg: Any) -> None:
        """Make the handlers, and let them write JSON."""
        super().setup(cfg)
        for handler in [*self.error_log.handlers, *self.access_log.handlers]:
            handler.setFormatter(logs.json_formatter())


if log_format() == "json":
    logger_class = JsonLogger
    # Settings are read by its children alone; what libraries say in this process is for machines as well.
    logging.config.dictConfig(logs.configure("INFO", "json"))


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
