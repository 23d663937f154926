"""Strangers whose requests never quite arrive hold none of the few threads that web servers have."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from humaneval.rating.consent import consent_hash
from tests.deploy.caddy import caddy, need_caddy
from tests.factories import open_study
from tests.faults.hosts import Hosts
from tests.faults.voters import Log, UntiringClient, status_of
from tests.jobs.platform import Platform
from tests.ports import free_port

pytestmark = [pytest.mark.alone, pytest.mark.services, pytest.mark.timeout(600)]
DRIPPERS = 16
"""Twice as many as a web server of compose.yaml has threads."""
FORGED = f"Cookie: csrftoken={'a' * 32}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
"""With a cookie that anybody can make up, Django reads a form before it asks who sends it."""
JSON = "Content-Type: application/json\r\n"
HEADS = (
    f"POST /api/v1/rating/sessions/ HTTP/1.1\r\n{JSON}Content-Length: 5000\r\n",
    f"POST /api/v1/rating/sessions/ HTTP/1.1\r\n{JSON}Transfer-Encoding: chunked\r\n",
    f"POST /admin/login/ HTTP/1.1\r\n{FORGED}Content-Length: 5000\r\n",
    f"POST /admin/samples/importrun/add/ HTTP/1.1\r\n{FORGED}Content-Length: 5000000\r\n",
)


@pytest.fixture
def proxy(on_postgres: Platform, tmp_path: Path) -> Iterator[int]:
    """Give the port of deploy's own proxy in front of one web server of compose.yaml."""
    need_caddy()
    port, web = free_port(), free_port()
    Hosts(on_postgres, [web])
    at = {"HTTP_PORT": str(port), "HEALTH_PORT": str(free_port()), "WEB": f"127.0.0.1:{web}"}
    with caddy(tmp_path, port, PUBLIC_URL=f"http://127.0.0.1:{port}", **at):
        yield port


@contextmanager
def dripping(port: int, head: str, start: bytes) -> Iterator[None]:
    """Send a request's head and the start of its body, then a byte now and then, until the block ends."""
    enough = threading.Event()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{head}Host: 127.0.0.1:{port}\r\n\r\n".encode() + start)

        def drip() -> None:
            while not enough.wait(0.2):
                connection.sendall(b"1\r\nx\r\n" if "chunked" in head else b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()


def test_people_vote_while_others_let_their_requests_drip(on_postgres: Platform, proxy: int) -> None:
    study = open_study(trial_count=4, votes_per_trial=100, assignments_per_session=4)
    arrival = {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}
    log = Log()
    client = UntiringClient(proxy, arrival, log, seed=1)
    client.timeout = 60.0
    with ExitStack() as strangers:
        for number in range(DRIPPERS):
            head = HEADS[number % len(HEADS)]
            start = b'4\r\n{"a"\r\n' if "chunked" in head else b"--b\r\n"
            strangers.enter_context(dripping(proxy, head, start))
        assert status_of(f"http://127.0.0.1:{proxy}/healthz") == 200
        client.start()
        on_postgres.wait_for(lambda: log.stored >= 4 or client.errors)
        client.finish()
    assert client.errors == []
    assert log.stored >= 4
