"""Web servers as hosts of their own would run them."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.deploy.compose import services
from tests.faults.voters import status_of
from tests.jobs.platform import Platform

HEALTH_SECONDS = 0.3
"""How often the proxy asks whether a server is ready."""


class Hosts:
    """Web servers by compose's own command, each on a port of its own."""

    def __init__(self, platform: Platform, ports: list[int]) -> None:
        self._platform, self.ports = platform, ports
        self._running = {port: self._start(port) for port in ports}
        for port in ports:
            self._wait_until_ready(port)

    def replace(self, port: int) -> None:
        """Stop a server as an operator does, start its successor, and wait until the proxy sends it people.

        Without the last, the next may be stopped before the proxy has asked this one: none is left then, and
        Caddy before 2.7 does not send a POST a second time.
        """
        old = self._running[port]
        old.send_signal(signal.SIGTERM)
        assert old.wait(180) == 0
        already = self._posts(port)
        self._running[port] = self._start(port)
        self._wait_until_ready(port)
        self._platform.wait_for(lambda: self._posts(port) > already)

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until something is so; fail with what the servers said if it never is."""
        self._platform.wait_for(what)

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        command = [part.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for part in services()["web"]["command"]]
        assert f"--bind=127.0.0.1:{port}" in command
        noted = (f"--access-logfile={self._log(port)}", "--access-logformat=%(m)s")
        return self._platform.start("-m", *command, "--preload", *noted)  # loaded once, to start sooner

    def _log(self, port: int) -> Path:
        return self._platform.folder / f"access-{port}.log"

    def _posts(self, port: int) -> int:
        """Return how many requests but the proxy's own looks a server and its forerunners have answered."""
        return self._log(port).read_text().count("POST")

    def _wait_until_ready(self, port: int) -> None:
        self._platform.wait_for(lambda: status_of(f"http://127.0.0.1:{port}/readyz") == 200)
