"""How fast votes are taken over real HTTP, beside a bare endpoint that inserts one row, in the same server.

gunicorn with two processes of four threads on the PostgreSQL server at TEST_POSTGRES_URL, eight connections.
Each request carries one vote. Both kinds take turns in short rounds, so that a machine's moods hit both
alike, and beside the clock stands the processor time that a request costs the web processes and the database
together: what the clock would say if nobody else used the machine. The tail is measured at 70% of the rate
that was reached. 60% of the bare endpoint's rate is asked for, and a p99 under 5 times the median. At last
Potato, which a user might pick instead, saves answers to comparable items over as many connections.
"""

from __future__ import annotations

import contextlib
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
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

from tests.benchmarks import rating_lab as lab
from tests.benchmarks import rating_rows as rows

CONNECTIONS = 8
SECONDS = 1.5
ROUNDS = 16
VOTES = 40_000
"""Votes that can be cast: more than a fast machine uses up."""
SERVER_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare_settings",
    "THROTTLE_SESSION": "10000000/min",
    "CONN_MAX_AGE": "3600",
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


def votes(handed: list[tuple[object, list[object]]]) -> Iterator[Request]:
    """Yield votes on assignments that were handed out beforehand, of one session after another."""
    from humaneval.rating.identity import session_token, token_hash
    from humaneval.rating.models import Session

    for session, assignments in handed:
        token = session_token(session.study, session.rater, 0)
        Session.objects.filter(pk=session.pk).update(token_hash=token_hash(token))
        for row in assignments:
            vote = {
                "assignment": str(row.pk),
                "key": str(uuid.uuid4()),
                "answers": {"real": 0},
                "response_ms": 900,
                "timings": {"viewport": [1280, 800], "input": "key"},
            }
            yield "/api/v1/rating/session/votes/", {"votes": [vote]}, f"Session {token}"


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


class Cores:
    """The processor seconds that a server and the database's processes for it use."""

    def __init__(self, server: subprocess.Popen[bytes], database: str) -> None:
        self._server, self._database = psutil.Process(server.pid), database
        self._seen: dict[psutil.Process, float] = {}

    def used(self) -> float:
        """Return the seconds so far, those of processes that have ended included."""
        for process in (self._server, *self._server.children(recursive=True), *self._backends()):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                self._seen[process] = times.user + times.system
        return sum(self._seen.values())

    def _backends(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if words.startswith("postgres:") and self._database in words:
                yield process


@dataclass
class Kind:
    """One kind of request: where its requests come from, and what its rounds gave."""

    name: str
    sources: list[Iterator[Request]]
    rates: list[float] = field(default_factory=list)
    core_ms: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return statistics.median(self.rates)

    def push(self, port: int, cores: Cores) -> None:
        """Send as fast as answers come."""
        load, before = Load(port, self.sources), cores.used()
        self.rates.append(load.run(SECONDS))
        self.core_ms.append(1000 * (cores.used() - before) / len(load.times))
        self.failed += load.failed

    def ease(self, port: int, cores: Cores) -> None:
        """Send at 70% of the rate that was reached."""
        load = Load(port, self.sources, rate=0.7 * self.rate)
        load.run(SECONDS)
        self.times += load.times
        self.failed += load.failed

    def __str__(self) -> str:
        median, p99 = statistics.median(self.times), statistics.quantiles(self.times, n=100)[98]
        rounds = " ".join(f"{rate:.0f}" for rate in self.rates)
        return (
            f"{self.name:<14}{self.rate:7.1f} requests/s ({rounds}), {self.failed} failed;"
            f" {statistics.median(self.core_ms):.2f} ms of a core each;"
            f" at 70%: median {median:.1f} ms, p99 {p99:.1f} ms ({p99 / median:.1f}x)"
        )


def share(ours: list[float], bare: list[float]) -> str:
    """Return the median of paired rounds as a percentage, with its quartiles."""
    shares = [100 * one / other for one, other in zip(ours, bare, strict=True)]
    low, middle, high = statistics.quantiles(shares, n=4)
    return f"{middle:.0f}% (quartiles {low:.0f} and {high:.0f})"


def potato_rate() -> float | None:
    """Return how many answers a second Potato saves, one a request; None where it cannot be installed."""
    if (command := lab.potato()) is None:
        return None
    with lab.potato_served(command) as port:
        raters = lab.Raters(lab.potato_rater(port, moves_on=False), CONNECTIONS)
        raters.run(lab.WARM_UP)
        raters.times.clear()
        raters.run(lab.SECONDS)
    print(f"{f'Potato {lab.POTATO}':<14} {raters}")
    return len(raters.times) / lab.SECONDS


def main() -> None:
    """Measure both in the same server, by turns, and Potato after them."""
    from django.db import connection

    each = VOTES // CONNECTIONS // 10
    handed = rows.hand_out_rows(rows.launch(4_000, votes_per_trial=10), each * CONNECTIONS, 10)
    shares = [handed[place::CONNECTIONS] for place in range(CONNECTIONS)]
    ours = Kind("votes", [iter(list(votes(some))) for some in shares])
    bare = Kind("bare endpoint", [bare_rows() for _ in range(CONNECTIONS)])
    database = connection.settings_dict["NAME"]
    connection.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = serve(port)
    try:
        for kind in (bare, ours):
            Load(port, kind.sources).run(1.0)
        cores = Cores(server, database)
        for measured in (Kind.push, Kind.ease):
            for number in range(ROUNDS):
                for kind in (bare, ours) if number % 2 else (ours, bare):
                    measured(kind, port, cores)
    finally:
        server.terminate()
        server.wait()
    print(bare, ours, sep="\n")
    print(
        f"votes are taken at {share(ours.rates, bare.rates)} of the bare endpoint's rate by the clock, and at"
        f" {share(bare.core_ms, ours.core_ms)} by processor time; 60% is asked for"
    )
    if potato := potato_rate():
        print(f"votes are taken at {ours.rate / potato:.1f} times the rate at which Potato saves answers")


if __name__ == "__main__":
    with rows.own_database("postgresql"):
        main()
