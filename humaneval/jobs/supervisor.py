"""Everything that one machine needs, in one process tree: the web server and the workers."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from humaneval.jobs.children import Child

LOOK_EVERY = 0.2
STOP_SECONDS = 10.0
READY_SECONDS = 180.0  # a first start on a small, busy machine takes its time


class CannotServe(Exception):
    """Serving is not possible; the text is one sentence that says why and what to do."""


def another(port: int) -> int:
    """Return a port that is likely to be free and needs no rights, for advice."""
    return port + 1 if 1024 <= port < 65535 else 8765


def open_port(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise :class:`CannotServe` if the port is taken or not to be had.

    The supervisor holds it for the web server, so that connections made while a killed web server
    starts again wait rather than fail.
    """
    if not 0 <= port <= 65535:
        raise CannotServe(f"There is no port {port}: choose one from 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise CannotServe(
            f"Port {port} on {host} cannot be used ({error.strerror or error}): "
            f"stop what listens there, or choose another port (make demo PORT={another(port)}, "
            f"make serve PORT={another(port)}, or --port)."
        ) from error
    return listener


def note_address(file: Path, address: str) -> None:
    """Note what links start with, for other commands; empty where the operator has set it, for them too."""
    if address:
        file.write_text(address, encoding="utf-8")
    else:
        file.unlink(missing_ok=True)


class Supervisor:
    """Starts the web server and the workers, starts again what dies, stops all of them together.

    ``say`` gets a line for people when something happens; what the children print is in
    ``DATA_DIR/log``. Use as ``supervisor.start()``, ``wait_ready()``, and in the end ``stop()``. Start it in
    a thread that lives as long as the children are to: on Linux they end with it.
    """

    def __init__(
        self,
        *,
        port: int,
        host: str = "127.0.0.1",
        threads: int = 4,
        web_processes: int = 2,
        worker_threads: int = 2,
        environment: dict[str, str] | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.host, self.port = host, port
        self._say = say
        self._address = (environment or {}).get("PUBLIC_URL", "")
        self._settings = (threads, web_processes, worker_threads)
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "humaneval.config.settings"),
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        self._children: list[Child] = []
        self._listener: socket.socket | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the web server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{self.port}"

    def take_port(self) -> None:
        """Take the port, before anything is prepared for it; raise :class:`CannotServe` if it is taken."""
        if self._listener is None:
            self._listener = open_port(self.host, self.port)
            self.port = self._listener.getsockname()[1]

    def start(self) -> None:
        """Start all children; raise :class:`CannotServe` if the port is taken. Returns at once."""
        self.take_port()
        assert self._listener is not None  # noqa: S101
        note_address(settings.SERVED_AT_FILE, self._address)
        self._children = [self._web(self._listener.fileno()), *self._workers()]
        for child in self._children:
            child.start()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Return when the web server answers; raise :class:`CannotServe` with its log if it does not."""
        deadline = time.monotonic() + timeout
        while not self._answers():
            if time.monotonic() > deadline:
                web = self._children[0]
                raise CannotServe(
                    f"The web server did not answer within {timeout:g} s; the end of {web.log}:\n"
                    f"{web.last_lines()}"
                )
            time.sleep(LOOK_EVERY)

    def stop(self) -> None:
        """Stop all children: politely, and after ten seconds by force. No process is left behind."""
        self._stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        try:
            if self._watcher is not None:
                self._watcher.join()
            for child in self._children:
                child.ask_to_stop()
            for child in self._children:
                child.wait(deadline=deadline)
        finally:  # also when an exception ends the waiting
            for child in self._children:
                child.kill()
            if self._listener is not None:
                self._listener.close()
                self._listener = None

    def hurry(self) -> None:
        """Make a :meth:`stop` in progress end at once; may be called from a signal handler."""
        for child in self._children:
            child.kill_soon()

    def pids(self) -> dict[str, int | None]:
        """Return the process id of each child by its name; None while it is down."""
        return {child.name: child.pid for child in self._children}

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            for child in self._children:
                if line := child.revive():
                    self._say(line)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()

    def _child(self, name: str, *command: str, inherit: tuple[int, ...] = (), nice: int = 0) -> Child:
        return Child(
            name=name,
            command=[sys.executable, "-m", *command],
            log=Path(settings.DATA_DIR) / "log" / f"{name}.log",
            environment=self._environment,
            inherit=inherit,
            nice=nice,
        )

    def _web(self, listener: int) -> Child:
        threads, processes, _ = self._settings
        options = [
            "--config=python:humaneval.config.gunicorn",
            f"--bind=fd://{listener}",
            "--worker-class=gthread",
            f"--workers={processes}",
            f"--threads={threads}",
            "--preload",  # one import for all web processes: one that died is back at once
            "--timeout=120",  # a large zip may take its time
            "--graceful-timeout=5",
            "--no-control-socket",
        ]
        options.append("humaneval.config.wsgi:application")
        return self._child("web", "gunicorn", *options, inherit=(listener,))

    def _workers(self) -> list[Child]:
        """Return one for what must not wait, one for what takes long, one for metric runs."""
        threads = ("--pool=threads", f"--concurrency={self._settings[2]}")
        return [
            self._worker("worker", 0, "--beat", *threads, "--queues=default", nice=5),
            self._worker("long", 1, *threads, "--queues=long", nice=10),
            # One job at a time, in the main process: forked workers break CUDA and cannot start decoders.
            self._worker("metrics", 2, "--pool=solo", "--queues=metrics", nice=10),
        ]

    def _worker(self, name: str, number: int, *options: str, nice: int) -> Child:
        """Return a worker; its port for Prometheus, where one is set, is that and its number on top."""
        child = self._child(name, *self._celery(name), *options, nice=nice)
        port = settings.WORKER_METRICS_PORT
        return replace(
            child, environment={**child.environment, "WORKER_METRICS_PORT": str(port and port + number)}
        )

    def _celery(self, name: str) -> tuple[str, ...]:
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        app = ("celery", "--app=humaneval.config", "worker")
        return (*app, f"--hostname={name}@%h", "--loglevel=INFO", *quiet)
