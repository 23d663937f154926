"""What the stand-ins share: a server on a free port, and faults on demand.

A fault meets one request: before the panel acts, or after it has acted and before it answers, which is
the case that matters.
"""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def fresh_numbers() -> Iterator[int]:
    """Return numbers that no stand-in of an earlier run has given: rows that it left may still be there."""
    return itertools.count(secrets.randbelow(10**15))


@dataclass
class Fault:
    """Something that goes wrong once with the next call of a name: a status, or whatever ``action`` does.

    Without a status the connection is cut without an answer.
    """

    call: str
    acts_first: bool
    status: int | None = None
    action: Callable[[], None] | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Faults:
    """The faults that are still to happen."""

    waiting: list[Fault] = field(default_factory=list)

    def add(
        self,
        call: str,
        *,
        acts_first: bool,
        status: int | None = None,
        action: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Let the next call of that name fail."""
        self.waiting.append(Fault(call, acts_first, status, action, headers or {}))

    def take(self, call: str) -> Fault | None:
        """Return the fault that meets a call, which is then used up."""
        for fault in self.waiting:
            if fault.call == call:
                self.waiting.remove(fault)
                return fault
        return None


class PanelHandler(BaseHTTPRequestHandler):
    """Reads requests and writes answers; a subclass says what they mean."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def body(self) -> bytes:
        """Return the request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(
        self,
        status: int,
        body: Any = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Write an answer: JSON, or bytes as they are."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def answer_with(
        self, faults: Faults, call: str, act: Callable[[], tuple[int, Any]], **extra: Any
    ) -> None:
        """Act and answer, or fail as the call's fault says."""
        fault = faults.take(call)
        if fault is None:
            status, body = act()
            self.answer(status, body, **extra)
            return
        if fault.acts_first:
            act()
        if fault.action is not None:
            fault.action()
        if fault.status is not None:
            headers = {**extra.pop("headers", {}), **fault.headers}
            self.answer(fault.status, {"error": {"detail": "a fault"}}, headers=headers, **extra)
        else:
            self.close_connection = True


class LoopbackServer:
    """A server that runs in a thread until ``stop``."""

    def __init__(self, handler: type[PanelHandler], panel: Any, port: int = 0) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._server.panel = panel  # type: ignore[attr-defined]
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
