"""Secrets as operators make them, for services that run here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.deploy.compose import ROOT


def make_secrets(folder: Path) -> str:
    """Make secrets as operators do; return what the command says."""
    command = [sys.executable, "deploy/make_secrets.py", "--folder", folder]
    return subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout
