"""Whole platforms for the drill: a folder, a database and a place for media each, worked on by processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.voters import status_of

ROOT = Path(__file__).resolve().parents[2]
START = "import sys, django; django.setup(); from tests.keeping import acts; acts.play(sys.argv[1:])"


@dataclass(frozen=True)
class Site:
    """One platform: what its commands and acts see of the world."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def with_settings(self, **settings: str) -> Site:
        """Return the same platform under further settings."""
        return Site(self.folder, {**self.settings, **settings})

    def play(self, *acts: str) -> dict[str, Any]:
        """Let one process do some of :mod:`tests.keeping.acts`, in order; return what they told."""
        done = self._run([sys.executable, "-c", START, *acts])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def refusal(self, *command: str) -> str:
        """Run a command that must fail; return what it said."""
        done = self._run([sys.executable, "manage.py", *command])
        assert done.returncode == 1, done.stdout
        return done.stderr

    @contextmanager
    def web(self, port: int) -> Iterator[None]:
        """Serve the platform on a port, once ready, until the context ends."""
        address = f"http://127.0.0.1:{port}"
        options = [f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--threads=4", "--no-control-socket"]
        options.append("--timeout=300")  # to start takes a while on a busy machine
        command = ["-m", "gunicorn", "--config=python:humaneval.config.gunicorn", *options]
        with (self.folder / "web.log").open("ab") as log:
            server = subprocess.Popen(
                [sys.executable, *command, "humaneval.config.wsgi:application"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        try:
            give_up = time.monotonic() + 180
            while status_of(f"{address}/readyz") != 200:
                assert time.monotonic() < give_up, (self.folder / "web.log").read_text()[-2000:]
                time.sleep(0.05)
            yield
        finally:
            server.terminate()
            server.wait(150)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "humaneval.config.settings",
            "DATABASE_URL": f"sqlite:///{self.folder / 'db.sqlite3'}",
            "DATA_DIR": str(self.folder),
            "BROKER_URL": "memory://",
            "SECRET_KEY": "of the drill, and of nothing else",
            "PANEL_ID_KEY": "of the drill's panels",
            "THROTTLE_ARRIVAL": "100000/min",
            **self.settings,
        }
