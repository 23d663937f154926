"""Which stand-in plays which panel, and what the platform's processes must know to reach it.

stand_in = start_stand_in("mturk")  # before the web server and the workers start
Supervisor(environment={**environment, **stand_in.environment})
posting = recruit(stand_in, study, user, say=console.say)  # publish, rate, hand in, approve, pay
stand_in.stop()
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from humaneval.demo.panels.mturk import FakeMTurk
from humaneval.demo.panels.prolific import TOKEN, FakeProlific

NAMES = ("mturk", "prolific")


@dataclass(frozen=True)
class StandIn:
    """A running stand-in, and the environment variables that lead to it."""

    name: str
    panel: FakeMTurk | FakeProlific
    environment: dict[str, str]

    def paid_total(self) -> Decimal:
        """Return what the panel says it has paid to people."""
        return self.panel.paid_total()

    def stop(self) -> None:
        """Stop its server."""
        self.panel.stop()


def start_stand_in(name: str, port: int = 0) -> StandIn:
    """Start a panel's stand-in, and make this process use it too; raises ValueError for another name."""
    if name == "mturk":
        mturk = FakeMTurk(port, allows_http=True)
        found = {"MTURK_ENDPOINT": mturk.url, "MTURK_SUBMIT_ORIGINS": mturk.url}
        keys = {"AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in"}
        settings.MTURK_ENDPOINT, settings.MTURK_SUBMIT_ORIGINS = mturk.url, [mturk.url]
        os.environ.update(keys)
        return StandIn(name, mturk, {**found, **keys})
    if name == "prolific":
        prolific = FakeProlific(port)
        settings.PROLIFIC_URL, settings.PROLIFIC_TOKEN = prolific.url, TOKEN
        return StandIn(name, prolific, {"PROLIFIC_URL": prolific.url, "PROLIFIC_TOKEN": TOKEN})
    raise ValueError(f"There is no stand-in for {name!r}: choose one of {', '.join(NAMES)}.")
