"""Runs Caddy with deploy's own Caddyfile, as it is installed here."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.compose import ROOT
from tests.needs import missing

CADDYFILE = ROOT / "deploy" / "proxy" / "Caddyfile"
COMMAND = ["caddy", "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]


def need_caddy() -> None:
    """End the test where there is no Caddy."""
    if not shutil.which("caddy"):
        missing("Caddy is not installed (Debian: apt install caddy)")


def spelling() -> dict[str, str]:
    """Return the variable that Caddy before 2.6.3 needs, for it spells buffering in another way."""
    told = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v?(\d+)\.(\d+)\.(\d+)", told)
    assert found, told
    is_old = tuple(map(int, found.groups())) < (2, 6, 3)
    return {"BUFFERED": "buffered-before-2.6.3"} if is_old else {}


@contextmanager
def caddy(folder: Path, port: int, **environment: str) -> Iterator[None]:
    """Run it until the block ends; it listens when the block begins. Its log is ``folder/caddy.log``."""
    own = {"XDG_DATA_HOME": str(folder / "caddy"), "XDG_CONFIG_HOME": str(folder / "caddy")}
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(
            COMMAND, env={**os.environ, **own, **spelling(), **environment}, stdout=log, stderr=log
        )
    try:
        _wait_until_it_listens(port, process, folder / "caddy.log")
        yield
    finally:
        process.kill()
        process.wait()


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + 150
    while not listens(port):
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < give_up, log.read_text()[-2000:]
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Return whether somebody takes connections at this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
