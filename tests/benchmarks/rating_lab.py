"""Fifty raters at once, one web server, on SQLite and PostgreSQL, beside Potato serving comparable items.

Each rater fetches what is next and answers it, one at a time, as fast as the server lets them. Potato is what
a user would pick instead; the benchmark installs it into an environment of its own (or takes
POTATO=/path/to/bin/potato). Its rater saves an answer, then asks for the next.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks import rating_rows as rows

RATERS = 50
SECONDS = 20.0
WARM_UP = 3.0
ITEMS = 4_000
POTATO = "2.12.1"


class Raters:
    """So many threads that rate for a while; what each answer took, and what failed."""

    def __init__(self, rate: Callable[[Raters, int], None], count: int = RATERS) -> None:
        self._rate, self._count = rate, count
        self.end = 0.0
        self.times: list[float] = []
        self.failed: Counter[str] = Counter()

    def run(self, seconds: float) -> None:
        """Let them all rate at once for so long."""
        self.end = time.perf_counter() + seconds
        threads = [threading.Thread(target=self._safely, args=(number,)) for number in range(self._count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _safely(self, number: int) -> None:
        try:
            self._rate(self, number)
        except Exception as error:
            self.failed[repr(error)[:200]] += 1

    def __str__(self) -> str:
        if len(self.times) < 2:
            return f"no answers; {dict(self.failed)}"
        median, p99 = statistics.median(self.times), statistics.quantiles(self.times, n=100)[98]
        failed = f"failed: {dict(self.failed)}" if self.failed else "none failed"
        rate = len(self.times) / SECONDS
        return f"{rate:6.1f} answers/s; an answer takes {median:.0f} ms, p99 {p99:.0f} ms; {failed}"


class Browser:
    """One connection to a server, with a cookie jar for one cookie."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers: dict[str, str] = {}

    def post(self, path: str, body: Any, **headers: str) -> bytes:
        """Return the answer to a body sent as JSON, or as a form where it is text; raises for an error."""
        is_form = isinstance(body, str)
        kind = "application/x-www-form-urlencoded" if is_form else "application/json"
        text = body if is_form else json.dumps(body)
        self._connection.request("POST", path, text, {"Content-Type": kind, **self._headers, **headers})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{path}: {answer.status} {content[:100]!r}")
        if cookie := answer.headers.get("Set-Cookie"):
            self._headers["Cookie"] = cookie.split(";")[0]
        return content


def our_rater(port: int, arrival: dict[str, Any]) -> Callable[[Raters, int], None]:
    """Return how one rates here: sessions one after another, block after block, a vote a request."""

    def rate(raters: Raters, number: int) -> None:
        browser, api = Browser(port), "/api/v1/rating"
        while time.perf_counter() < raters.end:
            opened = json.loads(browser.post(f"{api}/sessions/", {**arrival, "client": str(uuid.uuid4())}))
            token = {"Authorization": f"Session {opened['token']}"}
            shown = [None]
            while shown and time.perf_counter() < raters.end:
                started = time.perf_counter()
                shown = json.loads(browser.post(f"{api}/session/assignments/", {}, **token))["assignments"]
                for one in shown:
                    vote = {"assignment": one["id"], "key": str(uuid.uuid4()), "answers": {"real": 0},
                            "response_ms": 900, "timings": {"viewport": [1280, 800]}}  # fmt: skip
                    body = json.loads(browser.post(f"{api}/session/votes/", {"votes": [vote]}, **token))
                    if body["results"][0]["status"] != "stored":
                        raters.failed[str(body["results"][0])] += 1
                    raters.times.append(1000 * (time.perf_counter() - started))
                    started = time.perf_counter()

    return rate


def potato_rater(port: int, *, moves_on: bool = True) -> Callable[[Raters, int], None]:
    """Return how one rates there: save the answer to an item, ask for the next, unless only saving counts."""

    def rate(raters: Raters, number: int) -> None:
        browser = Browser(port)
        browser.post("/login", urlencode({"email": f"rater{number}@example.org", "action": "login"}))
        for item in range(ITEMS):
            if (started := time.perf_counter()) > raters.end:
                return
            answer = {"instance_id": f"item{item}", "annotations": {"real:left": "left"}}
            browser.post("/updateinstance", {**answer, "span_annotations": []})
            if moves_on:
                browser.post("/annotate", {"action": "next_instance", "instance_id": f"item{item}"})
            raters.times.append(1000 * (time.perf_counter() - started))

    return rate


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return once a server answers; raises RuntimeError with what it wrote if it ends or never does."""
    for _ in range(3_000):
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"A server did not start: {log.read_text(errors='replace')[-1500:]}")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure_ours(vendor: str) -> None:
    """Print what the platform does on a database of a kind, with one web server of two processes."""
    unlimited = {"THROTTLE_SESSION": "10000000/min", "THROTTLE_ARRIVAL": "10000000/min"}
    with rows.own_database(vendor, **unlimited) as folder:
        from django.db import connection

        from humaneval.rating.consent import consent_hash
        from humaneval.rating.models import Vote

        study = rows.launch(ITEMS, votes_per_trial=10)
        arrival = {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}
        connection.close()
        port, log = free_port(), folder / "web.log"
        warm, raters = Raters(our_rater(port, arrival)), Raters(our_rater(port, arrival))
        with served(gunicorn(port), port, folder, log):
            warm.run(WARM_UP)
            raters.run(SECONDS)
        locked = log.read_text(errors="replace").count("database is locked")
        lost = len(warm.times) + len(raters.times) - Vote.objects.count()
        print(f"here, {rows.VENDORS[vendor]}: {raters}; “database is locked” {locked} times, {lost} lost")
        connection.close()


def gunicorn(port: int) -> list[str]:
    """Return the command of our web server."""
    return [
        *(sys.executable, "-m", "gunicorn", "humaneval.config.wsgi:application", f"--bind=127.0.0.1:{port}"),
        *("--workers=2", "--threads=4", "--worker-class=gthread", "--preload", "--no-control-socket"),
    ]


@contextmanager
def served(command: list[str], port: int, folder: Path, log: Path) -> Iterator[None]:
    """Run a server in a folder of its own while something is done, its words in a log."""
    working = Path(__file__).parents[2] if "gunicorn" in command else folder
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=working, stdout=output, stderr=output)
    try:
        wait_for(port, server, log)
        yield
    finally:
        server.terminate()
        server.wait()


def potato() -> str | None:
    """Return Potato's command, installed into an environment of its own; None where that fails."""
    if given := os.environ.get("POTATO"):
        return given
    home = Path(sys.prefix) / "peers" / f"potato-{POTATO}"
    command = home / "bin" / "potato"
    if not command.exists():
        pip = [
            str(home / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            f"potato-annotation=={POTATO}",
        ]
        try:
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError as error:
            print(f"Potato is left out, it could not be installed: {error}")
            return None
    return str(command)


@contextmanager
def potato_served(command: str) -> Iterator[int]:
    """Run Potato with as many items of two images and one question; yield its port."""
    with tempfile.TemporaryDirectory(prefix="potato-bench-") as name:
        folder = Path(name)
        items = (
            {"id": f"item{number}", "text": f"<img src=/a{number}> <img src=/b{number}>"}
            for number in range(ITEMS)
        )
        (folder / "data.json").write_text("".join(json.dumps(item) + "\n" for item in items))
        (folder / "config.yaml").write_text(POTATO_STUDY)
        port = free_port()
        with served([command, "start", "config.yaml", "-p", str(port)], port, folder, folder / "potato.log"):
            yield port


def measure_potato(command: str) -> None:
    """Print what Potato does."""
    with potato_served(command) as port:
        raters = Raters(potato_rater(port))
        Raters(potato_rater(port)).run(WARM_UP)
        raters.run(SECONDS)
    print(f"Potato {POTATO}, files: {raters}")


POTATO_STUDY = """
annotation_task_name: bench
task_dir: .
output_annotation_dir: annotation_output
data_files: [data.json]
item_properties: {id_key: id, text_key: text}
annotation_schemes:
  - {annotation_type: radio, name: real, description: Which is real, labels: [left, right]}
user_config: {allow_all_users: true, users: []}
require_password: false
max_annotations_per_user: 1000000
max_annotations_per_item: -1
assignment_strategy: fixed_order
secret_key: only-for-this-benchmark
site_dir: default
"""


def main() -> None:
    """Measure all, one after the other, each of ours in a process of its own."""
    print(f"{RATERS} raters at once, {SECONDS:.0f} s each", flush=True)
    rows.for_each_vendor("tests.benchmarks.rating_lab")
    if command := potato():
        measure_potato(command)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure_ours(sys.argv[1])
    else:
        main()
