"""Run the platform on this machine: web server, workers, schedule."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from humaneval.jobs.readiness import check_ready
from humaneval.jobs.supervisor import CannotServe, Supervisor


class Command(BaseCommand):
    """``manage.py serve --port 8000``."""

    help = "Run the web server and the workers until Ctrl-C; logs are kept in DATA_DIR/log."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--host", default="127.0.0.1", help="0.0.0.0 serves other machines too: let those be proxies."
        )
        parser.add_argument("--threads", type=int, default=4, help="Threads of each of the web processes.")
        parser.add_argument("--web-processes", type=int, default=2)
        parser.add_argument(
            "--worker-threads", type=int, default=2, help="Jobs at once, short and long each."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        supervisor = Supervisor(
            port=options["port"],
            host=options["host"],
            threads=options["threads"],
            web_processes=options["web_processes"],
            worker_threads=options["worker_threads"],
            environment=_public_url(options["port"]),
            say=self._say,
        )
        stop = _when_told_to_stop(supervisor)
        try:
            check_ready()
            supervisor.start()
            supervisor.wait_ready()
            self._say(f"Serving on {supervisor.url} (logs in {settings.DATA_DIR / 'log'}); Ctrl-C stops.")
            stop.wait()
            self._say("Stopping.")
        except CannotServe as error:
            raise CommandError(str(error)) from error
        finally:
            supervisor.stop()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _when_told_to_stop(supervisor: Supervisor) -> threading.Event:
    """Return an event that SIGINT and SIGTERM set; a second signal kills what has not stopped yet."""
    stop = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        if stop.is_set():
            supervisor.hurry()
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stop


def _public_url(port: int) -> dict[str, str]:
    """Return the address that links start with, unless the operator has set one."""
    chosen = "PUBLIC_URL" in os.environ or settings.PUBLIC_URL != settings.SERVED_AT
    return {} if chosen else {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
