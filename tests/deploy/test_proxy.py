"""What deploy's proxy hands on to web servers: whole bodies, and addresses that can be believed."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.deploy.caddy import caddy, need_caddy
from tests.deploy.upstream import Upstream, upstream_server
from tests.ports import free_port

SMALL, TOO_LARGE, LARGE = 100_000, 6_000_001, 8_000_000
PICTURES = 5_500_000
"""Bytes that sockets' own buffers do not hold where they are small."""
ARCHIVES = "/admin/samples/importrun/add/"
CLIENT, CDN = "203.0.113.9", "127.0.0.1"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Give what stands behind the proxy."""
    need_caddy()
    with upstream_server() as server:
        yield server


@contextmanager
def proxy(folder: Path, upstream: Upstream, **environment: str) -> Iterator[http.client.HTTPConnection]:
    """Give a connection to the proxy in front of it."""
    port = free_port()
    at = {"HTTP_PORT": str(port), "HEALTH_PORT": str(free_port()), "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    web = {"WEB": f"127.0.0.1:{upstream.server_address[1]}"}
    with caddy(folder, port, **{**at, **web, **environment}):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=150)
        yield connection
        connection.close()


def begin(connection: http.client.HTTPConnection, path: str, size: int, sent: int) -> None:
    """Send a head that announces a body, and the beginning of that."""
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(size))
    connection.endheaders(b"x" * sent)


def test_a_web_server_hears_of_a_body_when_it_is_there_and_of_an_archive_before(
    upstream: Upstream, tmp_path: Path
) -> None:
    with proxy(tmp_path, upstream) as connection:
        begin(connection, "/api/v1/rating/sessions/", SMALL, SMALL - 1)
        time.sleep(0.5)
        assert upstream.heads == []
        connection.send(b"x")
        assert connection.getresponse().read() == b""

        begin(connection, ARCHIVES, SMALL, SMALL - 1)  # a stranger's, perhaps
        time.sleep(0.5)
        assert len(upstream.heads) == 1
        connection.send(b"x")
        assert connection.getresponse().read() == b""

        begin(connection, ARCHIVES, LARGE, LARGE - 1)
        give_up = time.monotonic() + 150
        while len(upstream.heads) < 3:
            assert time.monotonic() < give_up, "the proxy waits for all of an archive"
            time.sleep(0.05)
        connection.send(b"x")
        assert connection.getresponse().status == 204
    assert upstream.bodies == [SMALL, SMALL, LARGE]


def test_what_is_too_large_is_refused_whether_or_not_it_says_so(upstream: Upstream, tmp_path: Path) -> None:
    """Nor whether a web server reads all that comes before it answers, as this one does."""
    path, body = "/api/v1/rating/sessions/", b"x" * TOO_LARGE
    with proxy(tmp_path, upstream) as connection:
        for sent, more in ((body, {}), (iter([body]), {"encode_chunked": True})):
            with suppress(ConnectionError):  # it is refused while it is sent
                connection.request("POST", path, sent, **more)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Server"]) == (413, None)
            assert answer.read() == b"The request is larger than this address takes."
            connection.close()
        connection.request("POST", path, body[:SMALL])
        assert connection.getresponse().status == 204
    assert SMALL in upstream.bodies  # what was refused may come to its end there later


def test_a_web_server_is_done_with_an_answer_though_nobody_reads_it(
    upstream: Upstream, tmp_path: Path
) -> None:
    with proxy(tmp_path, upstream) as connection, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", connection.port))
        reader.sendall(f"GET /{PICTURES} HTTP/1.1\r\nHost: 127.0.0.1:{connection.port}\r\n\r\n".encode())
        assert upstream.answered.wait(150)
        connection.request("GET", f"/{LARGE}")
        assert len(connection.getresponse().read()) == LARGE, "what is larger goes on as it comes"


@pytest.mark.parametrize(
    ("trusted", "handed_on"),
    [("", CDN), ("198.51.100.0/24", CDN), (f"198.51.100.0/24 {CDN}", f"{CLIENT}, {CDN}")],
)
def test_only_named_proxies_are_believed_who_their_visitors_are(
    upstream: Upstream, tmp_path: Path, trusted: str, handed_on: str
) -> None:
    with proxy(tmp_path, upstream, TRUSTED_PROXIES=trusted) as connection:
        connection.request("POST", "/", b"x", {"X-Forwarded-For": CLIENT})
        assert connection.getresponse().status == 204
    assert upstream.heads[0]["X-Forwarded-For"] == handed_on
