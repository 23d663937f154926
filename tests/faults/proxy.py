"""A TCP proxy that cuts connections: in the middle of a request, or in the middle of its answer."""

from __future__ import annotations

import contextlib
import random
import socket
import threading


class CuttingProxy:
    """Passes bytes on to a port; some connections it cuts after a few bytes, counted in ``cuts``."""

    def __init__(self, target: int, *, share: float, seed: int) -> None:
        self._target, self._share, self._random = target, share, random.Random(seed)
        self._lock = threading.Lock()
        self.cuts = {"request": 0, "answer": 0}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=10)
        except OSError:
            client.close()
            return
        limits = self._limits()
        with client, server:
            answering = threading.Thread(
                target=self._pass, args=(server, client, limits["answer"], "answer"), daemon=True
            )
            answering.start()
            self._pass(client, server, limits["request"], "request")
            answering.join()

    def _limits(self) -> dict[str, int | None]:
        """Return after how many bytes each direction is cut; None: never."""
        with self._lock:
            cut = self._random.random() < self._share
            victim = self._random.choice(("request", "answer"))
            # A request's head has some 200 bytes: half of the cuts come before it has been read, and an
            # answer is cut before its first byte too, when its votes are stored and nobody was told.
            count = self._random.choice((0, 40, 250, 400))
        return {way: count if cut and way == victim else None for way in ("request", "answer")}

    def _pass(self, source: socket.socket, sink: socket.socket, limit: int | None, way: str) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if limit is not None and passed + len(data) > limit:
                    sink.sendall(data[: limit - passed])
                    with self._lock:
                        self.cuts[way] += 1
                    _reset(source)
                    _reset(sink)
                    return
                sink.sendall(data)
                passed += len(data)
            sink.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    """End both directions at once, whatever was still to come."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
