"""What a vote, a block, a stimulus, a report and a feature cost a core; from those, what many raters need.

One gunicorn process on the PostgreSQL server at TEST_POSTGRES_URL takes raters' requests kind after kind;
the processor time of the web tier and of the database's processes for it is read before and after each
kind. Processor time hardly depends on who else uses the machine; the clock does. Then raters that never
pause vote as fast as they can, and the simulation of ``queueing`` says from the costs what their rate should
be. At last it says what 1,000, 100,000 and 10,000,000 raters a day need. docs/capacity.md explains.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks import rating_rows as rows
from tests.benchmarks.queueing import PEAK, Cost, Costs, Sitting, Size, cores_for, simulate, work_of_a_sitting
from tests.benchmarks.rating_lab import free_port

SESSIONS = 60
PER_SESSION = 20
IMAGES, SIDE = 24, 512
REPORT_VOTES = 20_000
RATERS = (1, 2, 4, 8)
SECONDS = 6.0
A_DAY = (1_000, 100_000, 10_000_000)
API = "/api/v1/rating"


class Server:
    """One web process of four threads, and the processor time that it and the database use."""

    def __init__(self, port: int, database: str) -> None:
        self.port, self._database = port, database
        command = [
            *(sys.executable, "-m", "gunicorn", "humaneval.config.wsgi:application"),
            *(f"--bind=127.0.0.1:{port}", "--workers=1", "--threads=4", "--worker-class=gthread"),
            *("--no-control-socket", "--log-level=error", "--keep-alive=60"),
        ]
        self._process = subprocess.Popen(command, env=dict(os.environ))

    def ready(self) -> None:
        """Wait until it serves."""
        for _ in range(600):
            try:
                if self.get("/readyz") == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("The web server did not start.")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def get(self, path: str) -> int:
        """Ask for a page; return the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status

    def used(self) -> Cost:
        """Return the core-seconds so far: web tier, database."""
        web = psutil.Process(self._process.pid)
        return Cost(
            sum(_seconds(process) for process in (web, *web.children(recursive=True))),
            sum(_seconds(process) for process in self._backends()),
        )

    def _backends(self) -> Iterator[psutil.Process]:
        """Yield the database's processes for us, and those that write for all."""
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if words.startswith("postgres:") and (self._database in words or "walwriter" in words):
                yield process


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


@dataclass
class Rater:
    """One person: a connection, a token, and the trials in hand."""

    port: int
    token: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def arrive(self, arrival: dict[str, Any]) -> None:
        """Give consent."""
        self.token = self._post("/sessions/", {**arrival, "client": str(uuid.uuid4())})["token"]

    def ask(self) -> None:
        """Take a block."""
        self.shown = self._post("/session/assignments/", {})["assignments"]

    def look(self) -> int:
        """Fetch each stimulus of the block; return how many there were."""
        urls = [image["url"] for one in self.shown for place in one["places"] for image in place]
        for url in urls:
            self._connection.request("GET", url)
            answer = self._connection.getresponse()
            if answer.status != 200 or not answer.read():
                raise RuntimeError(f"{url}: {answer.status}")
        return len(urls)

    def vote(self) -> int:
        """Vote on each trial, one request each; return how many votes were stored."""
        for one in self.shown:
            vote = {
                "assignment": one["id"],
                "key": str(uuid.uuid4()),
                "answers": {"real": 0},
                "response_ms": 900,
                "timings": {"viewport": [1280, 800], "input": "key"},
            }
            result = self._post("/session/votes/", {"votes": [vote]})["results"][0]
            if result["status"] != "stored":
                raise RuntimeError(str(result))
        return len(self.shown)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Session {self.token}"
        self._connection.request("POST", API + path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path}: {answer.status} {text[:200]!r}")
        return json.loads(text)


def study_of_files(folder: Path) -> tuple[Any, float]:
    """Return an open study of real files, and the core-milliseconds that a stimulus took to render."""
    from humaneval.samples.importing import create_sample_set, import_folder
    from humaneval.samples.models import Sample
    from humaneval.samples.stimuli import choose_recipe, render
    from humaneval.studies.design import design_of
    from humaneval.studies.launching import make_trials
    from humaneval.studies.models import StudyState
    from tests.factories import ConditionFactory, QuestionFactory, StudyFactory, set_state

    study = StudyFactory(
        protocol="two_afc", trial_count=200, votes_per_trial=100_000, assignments_per_session=PER_SESSION
    )
    for position, kind in enumerate(("real", "generated")):
        pictures(folder / kind, seed=position)
        sample_set = create_sample_set(name=kind, kind=kind)
        import_folder(sample_set=sample_set, folder=folder / kind)
        ConditionFactory(study=study, sample_set=sample_set, position=position)
    QuestionFactory(study=study, key="real", position=0)
    sets = [condition.sample_set_id for condition in study.conditions.all()]
    recipe, samples = choose_recipe(sets), list(Sample.objects.values_list("pk", flat=True))
    before = time.process_time()
    made = render(sample_ids=samples, recipe=recipe)
    each = 1_000 * (time.process_time() - before) / made
    make_trials(study, design_of(study), lambda done, total, note="": None)
    set_state(study, StudyState.OPEN, recipe=recipe)
    return study, each


def pictures(folder: Path, *, seed: int) -> None:
    """Fill a folder with smooth pictures under grain, as photographs are: PNG, SIDE pixels wide."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    noise = np.random.default_rng(seed)
    for number in range(IMAGES):
        coarse = Image.fromarray(noise.integers(0, 255, (12, 12, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=float)
        grainy = (smooth + noise.normal(0, 4, smooth.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(folder / f"{number:03d}.png", compress_level=1)


def costs_of(server: Server, arrival: dict[str, Any]) -> Costs:
    """Return what each kind of request costs, each kind sent by itself after a warm-up."""
    warm = Rater(server.port)
    for step in (lambda: warm.arrive(arrival), warm.ask, warm.look, warm.vote):
        step()
    people = [Rater(server.port) for _ in range(SESSIONS)]
    return Costs(
        arrival=_cost(server, lambda: [one.arrive(arrival) for one in people] and SESSIONS),
        block=_cost(server, lambda: [one.ask() for one in people] and SESSIONS),
        picture=_cost(server, lambda: sum(one.look() for one in people[:20])),
        vote=_cost(server, lambda: sum(one.vote() for one in people)),
    )


def _cost(server: Server, send: Callable[[], int]) -> Cost:
    before = server.used()
    count = send()
    after = server.used()
    return Cost((after.web - before.web) / count, (after.database - before.database) / count)


def measured_rate(server: Server, arrival: dict[str, Any], raters: int) -> tuple[float, float]:
    """Return votes a second of raters that never pause, and how many cores they and the server got."""
    votes, over = [0] * raters, time.monotonic() + SECONDS

    def rate(place: int) -> None:
        while time.monotonic() < over:
            person = Rater(server.port)
            person.arrive(arrival)
            while time.monotonic() < over:
                person.ask()
                if not person.shown:
                    break
                votes[place] += person.vote()

    threads = [threading.Thread(target=rate, args=(place,)) for place in range(raters)]
    before, started = server.used(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, after = time.monotonic() - started, server.used()
    got = (after.web - before.web + after.database - before.database) / took
    return sum(votes) / took, got


def report_cost() -> Cost:
    """Return the core-seconds of a report over REPORT_VOTES votes: those of its process and the database."""
    from django.db import connection

    from humaneval.reports.report import report_of
    from tests.benchmarks.report_million import make

    study = make("two_afc", REPORT_VOTES)
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # other processes' time would not be seen
        cursor.execute("SELECT pg_backend_pid()")
        database = psutil.Process(cursor.fetchone()[0])
    before = time.process_time(), _seconds(database)
    report_of(study)
    return Cost(time.process_time() - before[0], _seconds(database) - before[1])


def stored() -> tuple[int, int]:
    """Return how many bytes the database takes, and how many votes are in it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), (SELECT count(*) FROM rating_vote)")
        size, votes = cursor.fetchone()
    connection.close()
    return size, votes


def feature_seconds(folder: Path) -> float:
    """Return the core-seconds of an image's Inception features on one thread, decoding included."""
    import torch

    import metrics
    from tests.benchmarks.metrics_peers import random_inception_weights

    torch.set_num_threads(1)
    weights = random_inception_weights(folder / "weights.pth")
    extractor = metrics.load_extractor("inception", weights=weights, verify=False, device="cpu")
    before = time.process_time()
    metrics.extract(extractor, folder / "real", workers=0)
    return (time.process_time() - before) / IMAGES


def picture_bytes() -> float:
    """Return the mean size of the stimuli."""
    from humaneval.samples.models import Stimulus

    sizes = [stimulus.file.size for stimulus in Stimulus.objects.all()]
    return sum(sizes) / len(sizes)


def print_costs(costs: Costs) -> None:
    """Print a line for each kind of request."""
    print("core-milliseconds                       web  database")
    for name in ("arrival", "block", "vote", "picture"):
        cost = getattr(costs, name)
        print(f"  {name:<32}{1e3 * cost.web:8.2f}{1e3 * cost.database:8.2f}")


def compare(server: Server, arrival: dict[str, Any], costs: Costs) -> None:
    """Print what raters who never pause reach, beside what the simulation says from the costs.

    What a lone rater waits for beyond cores (the log on its way to the disk, the client itself) is taken
    from the first line; the others are predictions. Python's lock leaves the web process one core.
    """
    print("raters who never pause: votes a second, measured and simulated")
    own = 0.0
    for raters in RATERS:
        rate, got = measured_rate(server, arrival, raters)
        if raters == 1:
            own = max(0.0, 1 / rate - 1 / _said(costs, raters, 0.0))
        said = _said(costs, raters, own)
        note = "from which the waiting is taken" if raters == 1 else f"{said / rate - 1:+.0%}"
        print(
            f"  {raters:3d} raters {rate:8.1f} {said:8.1f} ({note}); server and database got {got:.2f} cores"
        )


def _said(costs: Costs, raters: int, pause: float) -> float:
    sitting = Sitting(blocks=5, votes=PER_SESSION, pictures=0, pause=pause)
    return simulate(costs, Size(1, 1), sitting, seconds=60, raters=raters).rate


def extrapolate(costs: Costs, picture_bytes: float) -> None:
    """Print what so many raters a day need at their busiest hour."""
    sitting = Sitting()
    work, votes = work_of_a_sitting(costs, sitting), sitting.blocks * sitting.votes
    print(f"a rater: {work.web:.2f} core-seconds of web, {work.database:.2f} of the database;", end=" ")
    print(f"a picture {picture_bytes / 1e3:.0f} kB")
    for raters in A_DAY:
        size, peak = cores_for(raters, costs, sitting), PEAK * raters / 86_400
        traffic = peak * votes * sitting.pictures * picture_bytes * 8 / 1e6
        print(
            f"  {raters:>10,} raters a day: web {size.web:,} cores, database {size.database:,} cores,",
            end=" ",
        )
        print(f"{peak * votes:,.1f} votes a second, pictures {traffic:,.1f} Mbit/s")


def check_size(costs: Costs, raters: int) -> None:
    """Print how long votes wait in the busiest hour on the cores that are asked for, by the simulation."""
    size, peak = cores_for(raters, costs, Sitting()), PEAK * raters / 86_400
    seen = simulate(costs, size, Sitting(), seconds=900, arrivals=peak)
    median, p99 = (1e3 * seen.wait(share) for share in (0.5, 0.99))
    busy = f"web {seen.web:.0%} busy, database {seen.database:.0%}"
    print(f"  simulated with {raters:,} a day: {busy}; a vote takes {median:.0f} ms, p99 {p99:.0f} ms")


@contextmanager
def serving(study: Any) -> Iterator[tuple[Server, dict[str, Any]]]:
    """Run the server for a study; give it and what raters say when they arrive."""
    from django.db import connection

    from humaneval.rating.consent import consent_hash

    arrival = {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}
    database = connection.settings_dict["NAME"]
    connection.close()
    server = Server(free_port(), database)
    try:
        server.ready()
        yield server, arrival
    finally:
        server.stop()


def main() -> None:
    """Measure, compare, extrapolate."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study, stimulus = study_of_files(folder)
        with serving(study) as (server, arrival):
            costs = costs_of(server, arrival)
            print_costs(costs)
            print(f"  a stimulus rendered ({SIDE} x {SIDE} pixels) {stimulus:9.1f}")
            before = stored()
            compare(server, arrival, costs)
            size, votes = (after - then for after, then in zip(stored(), before, strict=True))
        print(
            f"a vote takes {size / votes:,.0f} bytes of the database with its assignment, opening and indexes"
        )
        extrapolate(costs, picture_bytes())
        check_size(costs, A_DAY[1])
        report = report_cost()
        print(f"a report of {REPORT_VOTES:,} votes: {report.web:.2f} core-seconds", end=" ")
        print(f"and {report.database:.2f} of the database")
        print(f"a feature (Inception, {SIDE} x {SIDE} pixels): {feature_seconds(folder):.3f} core-seconds")


if __name__ == "__main__":
    unlimited = {"THROTTLE_SESSION": "10000000/min", "THROTTLE_ARRIVAL": "10000000/min"}
    with rows.own_database("postgresql", **unlimited, CONN_MAX_AGE="3600"):
        main()
