"""Reads deploy/compose.yaml and runs its services as plain processes against this machine's servers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name, with YAML's anchors and merges resolved."""
    return yaml.safe_load(COMPOSE.read_text())["services"]


def interpolate(text: str, variables: dict[str, str]) -> str:
    """Fill in ${NAME:?...} and ${NAME} as compose does; a missing one is an error."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda match: variables[match[1]], text)


@dataclass
class Processes:
    """The services of compose.yaml, started one by one; ``hosts`` says where their hosts are here."""

    folder: Path
    variables: dict[str, str]
    hosts: dict[str, str]
    port: int
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self, name: str) -> dict[str, str]:
        """Return exactly what the service gets from compose.yaml, with hosts and folders of this machine."""
        given = {k: interpolate(str(v), self.variables) for k, v in services()[name]["environment"].items()}
        for there, here in self.hosts.items():
            given = {key: value.replace(there, here) for key, value in given.items()}
        folders = {"DATA_DIR": str(self.folder), "STATIC_ROOT": str(self.folder / "static")}
        system = {key: os.environ[key] for key in ("HOME", "LANG") if key in os.environ}
        return {**system, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **folders, **given}

    def command(self, name: str) -> list[str]:
        """Return the service's own command, on a free port and with this machine's scratch folder."""
        changes = {"0.0.0.0:8000": f"127.0.0.1:{self.port}", "/tmp/celerybeat": f"{self.folder}/celerybeat"}
        command = list(services()[name]["command"])
        for there, here in changes.items():
            command = [part.replace(there, here) for part in command]
        return command

    def run(self, name: str, *command: str) -> str:
        """Run a command in a service's environment (its own if none is given); return what it printed."""
        done = subprocess.run(
            list(command) or self.command(name),
            cwd=ROOT,
            env=self.environment(name),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service's own command in its own environment."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                self.command(name),
                cwd=ROOT,
                env=self.environment(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def stop(self) -> None:
        """Kill all services."""
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
