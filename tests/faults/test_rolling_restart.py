"""Web servers are replaced one by one while people vote: no rater sees an error and no vote is lost."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Vote
from tests.deploy.compose import ROOT, services
from tests.factories import open_study
from tests.faults.cluster import free_port
from tests.faults.voters import Log, VotingClient
from tests.jobs.platform import Platform

pytestmark = [pytest.mark.alone, pytest.mark.services, pytest.mark.timeout(240)]
CLIENTS = 4


class UntiringClient(VotingClient):
    """Rates as one person after another, with a breath between votes, until it is told to stop."""

    timeout = 60.0  # this machine may be slow; that is no error

    def __init__(self, port: int, arrival: dict[str, Any], log: Log, seed: int) -> None:
        super().__init__(port, arrival, log, seed)
        self.enough = threading.Event()
        self.errors: list[str] = []
        """Everything but success that this person met; the page would have tried again, and said so."""

    def _rate_as_somebody(self) -> int:
        return 0 if self.enough.is_set() else super()._rate_as_somebody()

    def _vote(self, token: str, assignments: list[dict[str, Any]]) -> int:
        self.enough.wait(0.05)
        return super()._vote(token, assignments)

    def _post(self, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        try:
            status, answer = super()._post(path, body, token)
        except (OSError, http.client.HTTPException) as error:
            self.errors.append(f"{path}: {error!r}")
            raise
        if status not in (200, 201):
            self.errors.append(f"{path}: {status} {answer}")
        return status, answer


class Hosts:
    """Web servers by compose's own command, each on a port of its own."""

    def __init__(self, platform: Platform, ports: list[int]) -> None:
        self._platform, self.ports = platform, ports
        self._running = {port: self._start(port) for port in ports}
        for port in ports:
            self._wait_until_ready(port)

    def replace(self, port: int) -> None:
        """Stop a server as an operator does, and start its successor once it is gone."""
        old = self._running[port]
        old.send_signal(signal.SIGTERM)
        assert old.wait(60) == 0
        self._running[port] = self._start(port)
        self._wait_until_ready(port)

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        command = [part.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for part in services()["web"]["command"]]
        assert f"--bind=127.0.0.1:{port}" in command
        return self._platform.start("-m", *command, "--preload")  # loaded once, to start sooner

    def _wait_until_ready(self, port: int) -> None:
        self._platform.wait_for(lambda: answer(f"http://127.0.0.1:{port}/readyz") == 200)


def answer(url: str) -> int:
    """Return the status of a page, 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture
def hosts(on_postgres: Platform) -> Hosts:
    """Give two web servers that are ready."""
    on_postgres.settings = {**on_postgres.settings, "WEB_DRAIN_SECONDS": "1"}
    return Hosts(on_postgres, [free_port(), free_port()])


@pytest.fixture
def proxy(hosts: Hosts, tmp_path: Path) -> Iterator[int]:
    """Give the port of deploy's own proxy in front of them."""
    if not shutil.which("caddy"):
        missing = "Caddy is not installed (Debian: apt install caddy)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    port, web = free_port(), " ".join(f"127.0.0.1:{port}" for port in hosts.ports)
    environment = {
        **os.environ,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HTTP_PORT": str(port),
        "WEB": web,
        "WEBS": "several",
        "HEALTH_INTERVAL": "300ms",
        "XDG_DATA_HOME": str(tmp_path / "caddy"),
        "XDG_CONFIG_HOME": str(tmp_path / "caddy"),
    }
    command = ["caddy", "run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
    with (tmp_path / "caddy.log").open("wb") as log:
        caddy = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    give_up = time.monotonic() + 30
    while answer(f"http://127.0.0.1:{port}/healthz") != 200:
        assert time.monotonic() < give_up, (tmp_path / "caddy.log").read_text()[-2000:]
        time.sleep(0.1)
    yield port
    caddy.terminate()
    caddy.wait()


@pytest.mark.parametrize("rounds", [1, pytest.param(3, marks=pytest.mark.slow)], ids=["once", "thrice"])
def test_no_rater_sees_an_error_and_no_vote_is_lost_while_web_servers_are_replaced(
    on_postgres: Platform, hosts: Hosts, proxy: int, rounds: int
):
    study = open_study(trial_count=40, votes_per_trial=100_000, assignments_per_session=20)
    arrival = {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}
    log = Log()
    clients = [UntiringClient(proxy, arrival, log, seed) for seed in range(CLIENTS)]
    for client in clients:
        client.start()
    marks = []
    for port in hosts.ports * rounds:
        hosts.replace(port)
        marks.append(len(log.acknowledged))
    for client in clients:
        client.enough.set()
        client.join(60)

    assert not any(client.is_alive() for client in clients)
    assert [error for client in clients for error in client.errors] == []
    assert (log.failures, log.retries, log.rejected) == ([], 0, [])
    stored = {str(key): str(assignment) for key, assignment in Vote.objects.values_list("key", "assignment")}
    assert stored == log.acknowledged
    assert len(set(stored.values())) == len(stored) == Vote.objects.count() == log.stored
    assert marks[0] > 0
    assert marks == sorted(set(marks)), "people voted through each replacement"
