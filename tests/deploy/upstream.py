"""A web server behind a proxy that tells what it was sent."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message


class Upstream(http.server.ThreadingHTTPServer):
    """A web server that notes each request when its head arrives, and how much followed."""

    def __init__(self) -> None:
        self.heads: list[Message] = []
        self.bodies: list[int] = []
        self.answered = threading.Event()
        super().__init__(("127.0.0.1", 0), Noting)


class Noting(http.server.BaseHTTPRequestHandler):
    """Answers a POST with 204 after the body, and a GET with so many bytes as its address says.

    A body that does not tell its size is read to the end of the connection.
    """

    server: Upstream

    def do_POST(self) -> None:
        self.server.heads.append(self.headers)
        size = int(self.headers.get("Content-Length", -1))
        self.server.bodies.append(len(self.rfile.read(size)))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # a busy system's
        size = int(self.path.strip("/"))
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(b"x" * size)
        self.server.answered.set()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def upstream_server() -> Iterator[Upstream]:
    """Give one that serves until the block ends."""
    with Upstream() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
