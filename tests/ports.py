"""Ports for the servers that tests start: each is given to one test of all that run on this machine."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

TO_CHOOSE_FROM: Sequence[int] = range(20_000, 30_000)
"""Below those that systems give to whoever names none: between our look at one of those and the start of the
server that is to have it, any connection on this machine may be given it."""

_held: list[IO[str]] = []
"""Locks on the ports that this process was given, kept until it ends."""


def free_port() -> int:
    """Return a port that nothing uses and that no other process that runs tests is given."""
    folder = Path(tempfile.gettempdir()) / f"humaneval-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(TO_CHOOSE_FROM, len(TO_CHOOSE_FROM)):
        lock = (folder / str(port)).open("w")
        if _is_ours(lock) and _is_free(port):
            _held.append(lock)
            return port
        lock.close()
    raise RuntimeError("All ports are taken.")


def _is_ours(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True
