"""What this machine has for services to run against: free ports, and secrets as operators make them."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.deploy.compose import ROOT


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_secrets(folder: Path) -> str:
    """Make secrets as operators do; return what the command says."""
    command = [sys.executable, "deploy/make_secrets.py", "--folder", folder]
    return subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout
