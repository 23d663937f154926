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
from humaneval.demo.panels import stand_ins
from humaneval.demo.panels.browsers import find_browser
from humaneval.demo.panels.show import ShowFailed, recruit
from humaneval.demo.panels.stand_ins import StandIn
from humaneval.demo.show import DemoFailed, run
from humaneval.jobs.supervisor import CannotServe, Supervisor
from humaneval.recruitment.ledger import totals_of
from humaneval.recruitment.models import Posting
from humaneval.reports.snapshots import take_snapshot
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
        parser.add_argument(
            "--panel",
            default="",
            choices=["", *stand_ins.NAMES],
            metavar="PANEL",
            help=f"let people from a stand-in panel take part too: {', '.join(stand_ins.NAMES)}",
        )
        parser.add_argument("--no-open", action="store_true", help="do not open a browser")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve, do what is not done yet, print the addresses, and wait."""
        console = Console()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop_once)
        supervisor: Supervisor | None = None
        stand_in: StandIn | None = None
        try:
            if options["panel"]:
                stand_in = stand_ins.start_stand_in(options["panel"])
            supervisor = make_supervisor(console, options["port"], stand_in)
            supervisor.take_port()
            console.say("Preparing the database and the pages")
            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            supervisor.start()
            supervisor.wait_ready()
            login = make_login()
            studies = run(console, supervisor.url, login, options["effort"])
            posting = recruit_from(console, stand_in, studies, login) if stand_in else None
            announce(console, supervisor.url, login, studies, posting)
            if not options["no_open"] and is_desktop():
                webbrowser.open(f"{supervisor.url}/studies/{studies[0].slug}/report/")
            threading.Event().wait()
        except (CannotServe, DemoFailed, ShowFailed) as error:
            raise CommandError(str(error)) from error
        except Stop:
            console.line("")
            console.say("Stopping")
        finally:
            if supervisor is not None:
                supervisor.stop()
            if stand_in is not None:
                stand_in.stop()
        console.say("Stopped. `make demo` goes on from here; `make clean` removes what it made.")


def stop_once(number: int, frame: FrameType | None) -> None:
    """Stop on the first signal; while stopping, further ones change nothing."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Stop


def make_supervisor(console: Console, port: int, stand_in: StandIn | None) -> Supervisor:
    """Return the web server and workers, not started yet; they know the stand-in, if any."""
    environment = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "THROTTLE_ARRIVAL": "100000/min",  # a hundred simulated raters share one address
        "THROTTLE_SESSION": "100000/min",
        **(stand_in.environment if stand_in else {}),
    }
    return Supervisor(port=port, environment=environment, say=console.say)


def recruit_from(console: Console, stand_in: StandIn, studies: list[Study], login: Login) -> Posting:
    """Let people from a stand-in panel take part in its own one of the studies; return the posting."""
    study = studies[stand_ins.NAMES.index(stand_in.name)]
    browser = find_browser()
    if browser is None:
        console.say(
            "No Chromium or Chrome was found, so all people are played over HTTP. To see one rate in a "
            "browser, install it (Debian: apt install chromium; macOS: brew install --cask google-chrome), "
            "or name it: CHROMIUM=/path make demo PANEL=…"
        )
    posting = recruit(stand_in, study, login.user, say=console.say, browser=browser)
    take_snapshot(study=study)
    return posting


def announce(
    console: Console, address: str, login: Login, studies: list[Study], posting: Posting | None
) -> None:
    """Print the addresses in the form that scripts read."""
    console.say("Everything is ready; the votes in these reports are simulated")
    console.line(f"ADMIN {address}/admin/ {login.user.get_username()} {login.password}")
    console.line(f"TOKEN {login.token}")
    for study in studies:
        console.line(f"RATE {study.slug} {address}/s/{study.slug}/")
    for study in studies:
        console.line(f"REPORT {study.slug} {address}/studies/{study.slug}/report/")
    if posting is not None:
        paid = totals_of(posting)
        console.line(f"PAID {posting.panel} {paid.paid} {paid.currency} and {paid.fees} in fees")
        console.line(f"RECRUITMENT {posting.study.slug} {address}/studies/{posting.study.slug}/recruitment/")
    console.line("READY")
    console.say("Serving until Ctrl-C")


def is_desktop() -> bool:
    """Whether a person sits in front of this machine and would see a browser open."""
    has_screen = sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return has_screen and sys.stdout.isatty() and not os.environ.get("CI")
