"""`manage.py demo`: the whole platform on real images, kept running until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
import webbrowser
from types import FrameType
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from humaneval.demo.access import Login, make_login
from humaneval.demo.console import Console
from humaneval.demo.show import DemoFailed, run
from humaneval.jobs.supervisor import CannotServe, Supervisor
from humaneval.studies.models import Study


class Stop(BaseException):
    """Raised by the first SIGINT or SIGTERM."""


class Command(BaseCommand):
    """Train models on real digits, let simulated raters judge them, and show the reports."""

    help = "Show the platform at work on real images; Ctrl-C stops everything."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--effort", type=float, default=1.0, help="share of the full training and votes, to try the way"
        )
        parser.add_argument("--no-open", action="store_true", help="do not open a browser")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve, do what is not done yet, print the addresses, and wait."""
        console = Console()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop_once)
        supervisor: Supervisor | None = None
        try:
            supervisor = make_supervisor(console, options["port"])
            supervisor.take_port()
            console.say("Preparing the database and the pages")
            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            supervisor.start()
            supervisor.wait_ready()
            login = make_login()
            studies = run(console, supervisor.url, login, options["effort"])
            announce(console, supervisor.url, login, studies)
            if not options["no_open"] and is_desktop():
                webbrowser.open(f"{supervisor.url}/studies/{studies[0].slug}/report/")
            threading.Event().wait()
        except (CannotServe, DemoFailed) as error:
            raise CommandError(str(error)) from error
        except Stop:
            console.line("")
            console.say("Stopping")
        finally:
            if supervisor is not None:
                supervisor.stop()
        console.say("Stopped. `make demo` goes on from here; `make clean` removes what it made.")


def stop_once(number: int, frame: FrameType | None) -> None:
    """Stop on the first signal; while stopping, further ones change nothing."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Stop


def make_supervisor(console: Console, port: int) -> Supervisor:
    """Return the web server and workers, not started yet."""
    environment = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "THROTTLE_ARRIVAL": "100000/min",  # a hundred simulated raters share one address
        "THROTTLE_SESSION": "100000/min",
    }
    return Supervisor(port=port, environment=environment, say=console.say)


def announce(console: Console, address: str, login: Login, studies: list[Study]) -> None:
    """Print the addresses in the form that scripts read."""
    console.say("Everything is ready; the votes in these reports are simulated")
    console.line(f"ADMIN {address}/admin/ {login.user.get_username()} {login.password}")
    console.line(f"TOKEN {login.token}")
    for study in studies:
        console.line(f"RATE {study.slug} {address}/s/{study.slug}/")
    for study in studies:
        console.line(f"REPORT {study.slug} {address}/studies/{study.slug}/report/")
    console.line("READY")
    console.say("Serving until Ctrl-C")


def is_desktop() -> bool:
    """Whether a person sits in front of this machine and would see a browser open."""
    has_screen = sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return has_screen and sys.stdout.isatty() and not os.environ.get("CI")
