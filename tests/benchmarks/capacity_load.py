"""A real server under raters that do, request by request, what ``queueing`` says of them; and what it costs.

gunicorn as compose starts it, on the PostgreSQL server at TEST_POSTGRES_URL. The processor time of the web
tier, of the database's processes for it and of the raters' own program, which is this one, is read before and
after. Processor time hardly depends on who else uses the machine; the clock does, so what the rest of the
machine used is read as well.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psutil

from tests.benchmarks.queueing import BLOCK, MORE, Cost, Costs, Sitting
from tests.benchmarks.rating_lab import free_port

THREADS = 4
"""Of each web process, as deploy/compose.yaml has them."""
PEOPLE = 32
"""Raters for whom the cost of each kind of request is measured."""
API = "/api/v1/rating"


class Server:
    """Web processes of four threads, and the processor time that they and the database use."""

    def __init__(self, database: str, processes: int) -> None:
        self.port, self._database, self._looking = free_port(), database, 0.0
        command = [
            *(sys.executable, "-m", "gunicorn", "humaneval.config.wsgi:application"),
            "--config=python:humaneval.config.gunicorn",
            *(f"--bind=127.0.0.1:{self.port}", f"--workers={processes}", f"--threads={THREADS}"),
            *("--worker-class=gthread", "--no-control-socket", "--log-level=error", "--keep-alive=60"),
        ]
        self._process = subprocess.Popen(command, env=dict(os.environ))

    def ready(self) -> None:
        """Wait until it serves."""
        for _ in range(600):
            try:
                if self._get("/readyz") == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("The web server did not start.")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def used(self) -> Cost:
        """Return the core-seconds so far: web tier, database, this program but for its looking."""
        looked, web = time.process_time(), psutil.Process(self._process.pid)
        cost = Cost(
            sum(seconds_of(process) for process in (web, *web.children(recursive=True))),
            sum(seconds_of(process) for process in self._backends()),
            looked - self._looking,
        )
        self._looking += time.process_time() - looked
        return cost

    def _get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status

    def _backends(self) -> Iterator[psutil.Process]:
        """Yield the database's processes for us, and those that write for all."""
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if words.startswith("postgres:") and (self._database in words or "walwriter" in words):
                yield process


@contextmanager
def serving(database: str, processes: int) -> Iterator[Server]:
    """Run a server with so many web processes."""
    server = Server(database, processes)
    try:
        server.ready()
        yield server
    finally:
        server.stop()


def seconds_of(process: psutil.Process) -> float:
    """Return the core-seconds that a process has used; of one that has ended, none."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


@dataclass
class Rater:
    """One person: a connection, a token, the trials in hand, and how long each vote took to be answered."""

    port: int
    arrival: dict[str, Any]
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self._token = ""
        self._known: set[str] = set()
        self._to_answer: list[str] = []
        self._pictures: list[str] = []

    def do(self, step: str) -> None:
        """Take one step of a sitting."""
        {
            "page": self._open,
            "arrival": self._arrive,
            "block": self._ask,
            "more": self._ask,
            "picture": self._look,
            "vote": self._vote,
            "end": self._end,
        }[step]()

    def _open(self) -> None:
        """Open the study's page, and all that it names, as a browser does that has nothing of it."""
        page = self._get(f"/s/{self.arrival['study']}/").decode()
        for address in dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)):
            self._get(address)

    def _arrive(self) -> None:
        self._token = self._post("/sessions/", {**self.arrival, "client": str(uuid.uuid4())})["token"]

    def _ask(self) -> None:
        fresh = [one for one in self._handed() if one["id"] not in self._known]
        if not fresh:
            raise RuntimeError("Nothing was handed out.")
        self._known |= {one["id"] for one in fresh}
        self._to_answer += [one["id"] for one in fresh]
        self._pictures += [image["url"] for one in fresh for place in one["places"] for image in place]

    def _look(self) -> None:
        self._get(self._pictures.pop(0))

    def _vote(self) -> None:
        vote = {
            "assignment": self._to_answer.pop(0),
            "key": str(uuid.uuid4()),
            "answers": {"real": 0},
            "response_ms": 900,
            "timings": {"viewport": [1280, 800], "input": "key"},
        }
        started = time.perf_counter()
        result = self._post("/session/votes/", {"votes": [vote]})["results"][0]
        self.waits.append(time.perf_counter() - started)
        if result["status"] != "stored":
            raise RuntimeError(str(result))

    def _end(self) -> None:
        """Hear that nothing is left, with five trials ahead and with none; get the completion."""
        for _ in range(2):
            if self._handed():
                raise RuntimeError("Something is left to answer.")
        self._post("/session/complete/", {})

    def _handed(self) -> list[dict[str, Any]]:
        return list(self._post("/session/assignments/", {})["assignments"])

    def _get(self, path: str) -> bytes:
        self._connection.request("GET", path)
        return self._answered(path)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Session {self._token}"
        self._connection.request("POST", API + path, json.dumps(body), headers)
        return json.loads(self._answered(path))

    def _answered(self, path: str) -> bytes:
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201) or not text:
            raise RuntimeError(f"{path}: {answer.status} {text[:200]!r}")
        return text


def costs_of(server: Server, arrival: dict[str, Any], trials: int, *, at_once: int) -> Costs:
    """Return what each kind of request costs, each sent by itself, by so many raters at once.

    What the quickest quarter of requests takes by the clock beyond what cores worked on it is idle, if there
    is one rater; the others may have waited for other programs.
    """
    people = [Rater(server.port, arrival) for _ in range(PEOPLE)]
    sums: dict[str, Cost] = {}
    times: dict[str, list[float]] = {}
    with ThreadPoolExecutor(at_once) as crowd:
        for step, count in _in_groups(trials):
            before = server.used()
            for took in crowd.map(lambda person, step=step, count=count: _timed(person, step, count), people):
                times.setdefault(step, []).extend(took)
            sums[step] = sums.get(step, Cost()) + _between(before, server.used())
    costs = {step: total.over(len(times[step])) for step, total in sums.items()}
    if at_once > 1:
        return costs
    return {step: _with_idle(cost, statistics.quantiles(times[step], n=4)[0]) for step, cost in costs.items()}


def _with_idle(cost: Cost, took: float) -> Cost:
    return replace(cost, idle=max(0.0, took - cost.web - cost.database - cost.rater))


def _in_groups(trials: int) -> Iterator[tuple[str, int]]:
    """Yield the steps of a sitting, those of one kind together; pictures of the first block are enough."""
    yield from (("page", 1), ("arrival", 1), ("block", 1), ("picture", 2 * BLOCK))
    handed, voted = BLOCK, 0
    while handed < trials:
        yield from (("vote", MORE), ("more", 1))
        handed, voted = handed + MORE, voted + MORE
    yield from (("vote", trials - voted), ("end", 1))


def _timed(person: Rater, step: str, count: int) -> list[float]:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        person.do(step)
        times.append(time.perf_counter() - started)
    return times


def _between(before: Cost, after: Cost) -> Cost:
    return Cost(after.web - before.web, after.database - before.database, after.rater - before.rater)


@dataclass(frozen=True)
class Load:
    """What a load test saw: votes a second, their waits, and the cores that each part and all others used."""

    rate: float
    waits: list[float]
    steps: Counter[str]
    seconds: float
    cores: Cost
    others: float

    def wait(self, share: float) -> float:
        """Return the seconds within which that share of votes was answered."""
        return sorted(self.waits)[int(share * len(self.waits))]


def load_of(
    server: Server, arrival: dict[str, Any], sitting: Sitting, *, raters: int, seconds: float
) -> Load:
    """Return what raters who never pause reach, sitting after sitting."""
    votes: list[list[float]] = [[] for _ in range(raters)]
    over = time.monotonic() + seconds

    def rate(waits: list[float]) -> Counter[str]:
        done: Counter[str] = Counter()
        while True:
            person = Rater(server.port, arrival, waits)
            for step in sitting.steps():
                person.do(step)
                done[step] += 1
                if time.monotonic() > over:
                    return done

    before, all_before, started = server.used(), _busy(), time.monotonic()
    with ThreadPoolExecutor(raters) as crowd:
        steps = sum(crowd.map(rate, votes), Counter())
    took, all_after, after = time.monotonic() - started, _busy(), server.used()
    spent, waits = _between(before, after), [wait for some in votes for wait in some]
    others = all_after - all_before - spent.web - spent.database - spent.rater
    return Load(len(waits) / took, waits, steps, took, spent.over(took), max(0.0, others / took))


def as_used(costs: Costs, seen: Load) -> Costs:
    """Return the costs by which a load test's requests take what it used in each part.

    Requests of many kinds at once cost more than each kind by itself, since each finds less of its own in a
    core's cache; and a virtual machine's cores are slower at one minute than at another.
    """
    said = sum((costs[step].times(count) for step, count in seen.steps.items()), Cost())
    real = seen.cores.times(seen.seconds)
    web, database, rater = real.web / said.web, real.database / said.database, real.rater / said.rater
    return {
        step: Cost(web * cost.web, database * cost.database, rater * cost.rater, cost.idle)
        for step, cost in costs.items()
    }


def _busy() -> float:
    """Return the core-seconds that this machine has worked for anybody, and that others took from it."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))
