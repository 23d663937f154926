"""How fast votes are taken over real HTTP, beside a bare endpoint that inserts one row, in the same server.

gunicorn with two processes of four threads on the PostgreSQL server at TEST_POSTGRES_URL, eight connections.
Each request carries one vote. Both kinds take turns, so that a machine's moods hit both alike; the tail is
measured at 70% of the rate that was reached.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.benchmarks import rating_growth as database

CONNECTIONS = 8
SECONDS = 3.0
ROUNDS = 5
SERVER_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare_settings",
    "THROTTLE_SESSION": "10000000/min",
}

Request = tuple[str, dict[str, object], str]


class Load:
    """Sends requests over some connections at once, and keeps how long each took."""

    def __init__(self, port: int, sources: list[Iterator[Request]], rate: float | None = None) -> None:
        self._port, self._sources = port, sources
        self._pause = len(sources) / rate if rate else 0.0
        self.times: list[float] = []
        self.failed = 0

    def run(self, seconds: float) -> float:
        """Send for so long; return requests a second."""
        end = time.perf_counter() + seconds
        threads = [threading.Thread(target=self._send, args=(source, end)) for source in self._sources]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(self.times) / seconds

    def _send(self, source: Iterator[Request], end: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        due = time.perf_counter()
        for path, body, authorization in source:
            if (started := time.perf_counter()) > end:
                break
            headers = {"Content-Type": "application/json", "Authorization": authorization}
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            response.read()
            self.times.append(1000 * (time.perf_counter() - max(due, started - self._pause)))
            self.failed += response.status not in (200, 201)
            due += self._pause
            time.sleep(max(0.0, due - time.perf_counter()) if self._pause else 0.0)
        connection.close()


def bare_rows() -> Iterator[Request]:
    """Yield requests that insert a row."""
    while True:
        text = uuid.uuid4().hex
        yield "/bare/", {"panel": "bench", "key_hash": text * 2}, ""


def votes(study: object, numbers: Iterator[int]) -> Iterator[Request]:
    """Yield votes, each on an assignment that was handed out beforehand, of one session after another."""
    from humaneval.rating.handout import hand_out
    from humaneval.rating.identity import session_token, token_hash
    from humaneval.rating.models import Session
    from tests.factories import SessionFactory

    requests: list[Request] = []
    for _ in range(SESSIONS):
        session = SessionFactory(study=study)
        token = session_token(session.study, session.rater, next(numbers))
        Session.objects.filter(pk=session.pk).update(token_hash=token_hash(token))
        for row in hand_out(session_id=session.pk).assignments:
            vote = {
                "assignment": str(row.id),
                "key": str(uuid.uuid4()),
                "answers": {"real": 0},
                "response_ms": 900,
                "timings": {"viewport": [1280, 800], "input": "key"},
            }
            requests.append(("/api/v1/rating/session/votes/", {"votes": [vote]}, f"Session {token}"))
    return iter(requests)


SESSIONS = 20
"""Sessions a connection and round, of ten assignments each: more than a fast machine uses up meanwhile."""


def serve(port: int) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers."""
    environment = {**os.environ, **SERVER_ENVIRONMENT}
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "humaneval.config.wsgi:application", f"--bind=127.0.0.1:{port}",
         "--workers=2", "--threads=4", "--worker-class=gthread", "--preload", "--no-control-socket",
         "--log-level=error"],
        env=environment,
    )  # fmt: skip
    for _ in range(3_000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    raise RuntimeError("The web server did not start.")


@dataclass
class Kind:
    """One kind of request: where its requests come from, and what its rounds gave."""

    name: str
    sources: Callable[[], list[Iterator[Request]]]
    rates: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return statistics.median(self.rates)

    def push(self, port: int) -> None:
        """Send as fast as answers come."""
        load = Load(port, self.sources())
        self.rates.append(load.run(SECONDS))
        self.failed += load.failed

    def ease(self, port: int) -> None:
        """Send at 70% of the rate that was reached."""
        load = Load(port, self.sources(), rate=0.7 * self.rate)
        load.run(SECONDS)
        self.times += load.times
        self.failed += load.failed

    def __str__(self) -> str:
        median, p99 = statistics.median(self.times), statistics.quantiles(self.times, n=100)[98]
        rounds = " ".join(f"{rate:.0f}" for rate in self.rates)
        return (
            f"{self.name:<16}{self.rate:7.1f} requests/s ({rounds}), {self.failed} failed; "
            f"at 70%: median {median:.1f} ms, p99 {p99:.1f} ms ({p99 / median:.1f}x)"
        )


def main() -> None:
    """Measure both in the same server, by turns."""
    from django.db import connection

    study = database.launch(4_000)
    connection.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    numbers = count()
    bare = Kind("bare endpoint", lambda: [bare_rows() for _ in range(CONNECTIONS)])
    ours = Kind("votes", lambda: [votes(study, numbers) for _ in range(CONNECTIONS)])
    server = serve(port)
    try:
        for kind in (bare, ours):
            Load(port, kind.sources()).run(1.0)
        for measured in (Kind.push, Kind.ease):
            for _ in range(ROUNDS):
                for kind in (bare, ours):
                    measured(kind, port)
    finally:
        server.terminate()
        server.wait()
    shares = [100 * one / other for one, other in zip(ours.rates, bare.rates, strict=True)]
    print(bare, ours, sep="\n")
    print(
        f"votes are taken at {statistics.median(shares):.0f}% of the bare endpoint's rate "
        f"(rounds {' '.join(f'{share:.0f}' for share in shares)}; 60% is asked for)"
    )


if __name__ == "__main__":
    database.prepare()
    try:
        main()
    finally:
        database.drop()
