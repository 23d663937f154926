"""A platform of its own for a test: a data folder, a migrated database, real worker processes."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import environ
from django.db import connections

from tests.migrated import address_of, is_on_server, on_server

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180.0
"""Seconds to wait for what must come: machines may be slow, and busy with other tests."""


@dataclass
class Platform:
    """Processes of it get ``environment``; ``database()`` lets this process use its rows."""

    folder: Path
    database_url: str
    settings: dict[str, str] = field(default_factory=dict)
    through: tuple[str, ...] = ()
    """A command that starts its processes: in a network namespace, say."""
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes find in their environment: short leases, no threads to spare."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.jobs.odd_settings",
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self.database_url,
            "BROKER_URL": "filesystem://",
            "JOB_LEASE_SECONDS": "2",
            "JOB_SWEEP_SECONDS": "1",
            "JOB_RETRY_SECONDS": "0.1",
            "OMP_NUM_THREADS": "1",
            **self.settings,
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a Python command line of this platform to its end."""
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )

    def migrate(self) -> None:
        """Migrate its database."""
        done = self.run("manage.py", "migrate", "--verbosity=0")
        assert done.returncode == 0, done.stderr

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a Python command line in a process group of its own; it ends with the test."""
        with (self.folder / "output.log").open("ab") as log:
            process = subprocess.Popen(
                [*self.through, sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker for all queues, one job at a time, and return when it is ready."""
        already = self.output().count(" ready.")
        worker = self.start(
            *("-m", "celery", "--app=humaneval.config", "worker", "--queues=default,long,metrics"),
            *(
                "--pool=solo",
                "--loglevel=INFO",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
                *options,
            ),
        )
        self.wait_for(lambda: worker.poll() is not None or self.output().count(" ready.") > already)
        assert worker.poll() is None, f"the worker ended:\n{self.output()[-3000:]}"
        return worker

    def output(self) -> str:
        """Return what its processes have printed."""
        log = self.folder / "output.log"
        return log.read_text(errors="replace") if log.exists() else ""  # half a letter may be all so far

    def wait_for(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Return what ``condition`` gives once that is true; fail with the output if it never is."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited in vain for {seconds} s:\n{self.output()[-3000:]}"
            time.sleep(0.05)
        return value

    @contextmanager
    def database(self) -> Iterator[None]:
        """Make the models in this thread use the platform's database."""
        connections.settings["platform"] = _database_settings(self.database_url)
        tests_own = connections["default"]
        connections["default"] = connections.create_connection("platform")
        try:
            yield
        finally:
            connections["default"].close()
            connections["default"] = tests_own

    def end(self) -> None:
        """Kill what still runs."""
        for process in self._started:
            kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _database_settings(url: str) -> dict[str, Any]:
    defaults = dict(connections.settings["default"])
    options = {"timeout": 60, "transaction_mode": "IMMEDIATE"} if url.startswith("sqlite") else {}
    return {**defaults, "OPTIONS": options, **environ.Env.db_url_config(url)}


class Databases:
    """Hands out migrated databases of the kind that the tests run on, each a copy of one template."""

    def __init__(self, folder: Path, template: str) -> None:
        self._folder, self._template = folder, template
        self._made: list[str] = []
        self._prefix = f"platform_{secrets.token_hex(6)}"

    def copy(self) -> str:
        """Return the URL of a fresh copy."""
        name = f"{self._prefix}_{len(self._made)}"
        self._made.append(name)
        if is_on_server():
            on_server(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
            return address_of(name)
        path = self._folder / f"{name}.sqlite3"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def drop(self) -> None:
        """Remove all of them from the server."""
        if is_on_server():
            for name in self._made:
                on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
