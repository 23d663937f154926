"""A port is given to one test, whichever processes run them."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ports
from tests.jobs.platform import ROOT

ASK = """
import sys
from tests import ports
ports.TO_CHOOSE_FROM = [int(port) for port in sys.argv[1:]]
print(ports.free_port(), flush=True)
sys.stdin.read()
"""


def test_no_port_is_given_that_another_process_was_given_or_listens_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    two = [ports.free_port(), ports.free_port()]
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(ports.tempfile, "tempdir", None)
    monkeypatch.setattr(ports, "TO_CHOOSE_FROM", two)
    command = [sys.executable, "-c", ASK, *map(str, two)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        its = int(other.stdout.readline())
        assert {its, ports.free_port()} == set(two)
        with pytest.raises(RuntimeError, match="All ports are taken"):
            ports.free_port()
        other.communicate()
    with socket.create_server(("127.0.0.1", its)), pytest.raises(RuntimeError, match="All ports are taken"):
        ports.free_port()
    assert ports.free_port() == its
