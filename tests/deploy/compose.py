"""Reads deploy/compose.yaml and runs its services as plain processes against this machine's servers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
OWN_FOLDERS = ("/tmp", "/data", "/scratch", "/cache", "/config", "/prometheus")
WITHOUT_TORCH = "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)\n"


READ_ONLY = """
mount --bind "$0" "$0"
mount -o remount,bind,ro /
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
"""


def can_contain() -> bool:
    """Return whether this user may make a root read-only and drop rights, as a container engine does."""
    programs = all(shutil.which(name) for name in ("unshare", "setpriv", "mount"))
    return programs and sys.platform == "linux" and os.geteuid() == 0


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name, with YAML's anchors and merges resolved."""
    return yaml.safe_load(COMPOSE.read_text())["services"]


def image_of(service: dict[str, Any]) -> str:
    """Return the target in our Containerfile that a service runs; nothing for an image of others."""
    built = {one["image"]: one["build"]["target"] for one in services().values() if "build" in one}
    return built.get(service["image"], "")


def interpolate(text: str, variables: dict[str, str]) -> str:
    """Fill in ${NAME:?...}, ${NAME:-default} and ${NAME} as compose does; a missing one is an error.

    Two dollars are one that is left.
    """

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        default = match[3] if match[2] == ":-" else None
        return variables[match[1]] if default is None else variables.get(match[1], default)

    return re.sub(r"\$\$|\$\{(\w+)(?:(:[?-])([^}]*))?\}", value, text)


@dataclass
class Processes:
    """The services of compose.yaml, started one by one.

    Each has a /tmp, /data and /scratch of its own, as containers have; ``here`` says what else of theirs
    stands where on this machine: servers, ports and files.
    """

    folder: Path
    variables: dict[str, str]
    here: dict[str, str]
    extra: dict[str, list[str]] = field(default_factory=dict)
    """What a service's command gets on top, since it shares this machine with others: a port."""
    others_images: dict[str, dict[str, str]] = field(default_factory=dict)
    """What an image that is not ours sets for its service."""
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    """What stands elsewhere here for one service alone: ports that several have."""
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def environment(self, name: str) -> dict[str, str]:
        """Return exactly what the service gets from compose.yaml and its image, in terms of this machine."""
        service = services()[name]
        given = {k: interpolate(str(v), self.variables) for k, v in service.get("environment", {}).items()}
        system = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        if image := image_of(service):
            system |= self._as_in_the_image(name, image)
        given = {**self.others_images.get(name, {}), **given}
        return {**system, **{key: self._translated(name, value) for key, value in given.items()}}

    def command(self, name: str) -> list[str]:
        """Return the service's own command in terms of this machine."""
        service = services()[name]
        command = [*service.get("entrypoint", []), *service["command"]]
        given = [interpolate(part, self.variables) for part in command]
        return [self._translated(name, part) for part in given] + self.extra.get(name, [])

    def run(self, name: str, *command: str) -> str:
        """Run a command in a service's environment (its own if none is given); return what it printed."""
        done = self._done(name, list(command) or self.command(name))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_healthy(self, name: str) -> bool:
        """Return what the service's own health check says."""
        kind, *command = services()[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return self._done(name, [self._translated(name, part) for part in command]).returncode == 0

    def start(self, name: str) -> None:
        """Start a service's own command in its own environment."""
        self._mount(name)
        with self.log_of(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._contained(name),
                cwd=ROOT,
                env=self.environment(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _mount(self, name: str) -> None:
        """Put folders of this host that a service gets read-only where it looks for them."""
        for volume in services()[name].get("volumes", []):
            source, _, place = interpolate(volume, self.variables).removesuffix(":ro").rpartition(":")
            if volume.endswith(":ro") and place.startswith("/data/"):
                link = Path(self._translated(name, place))
                link.parent.mkdir(parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(source)

    def confinement(self, name: str) -> tuple[bool, int]:
        """Return whether a service's root is read-only, and its capabilities, as the kernel has them."""
        process = Path(f"/proc/{self._running[name].pid}")
        mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
        (root,) = [fields[5] for fields in mounts if fields[4] == "/"][-1:]
        capabilities = re.search(r"^CapEff:\s*(\w+)$", (process / "status").read_text(), re.MULTILINE)
        return "ro" in root.split(","), int(capabilities[1], 16) if capabilities else -1

    def log_of(self, name: str) -> Path:
        """Return where a service's output is kept."""
        return self.folder / f"{name}.log"

    def kill(self, name: str) -> None:
        """End a service and all that it started, at once."""
        process = self._running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End all services."""
        for name in reversed(list(self._running)):
            self.kill(name)

    def _contained(self, name: str) -> list[str]:
        """Return the service's command, held as compose.yaml asks where this user may hold it."""
        if not can_contain() or not services()[name].get("read_only"):
            return self.command(name)
        apart = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", READ_ONLY]
        return [*apart, str(self.folder / name), *self.command(name)]

    def _done(self, name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = self.environment(name)
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    def _as_in_the_image(self, name: str, image: str) -> dict[str, str]:
        """Return what the image sets; one without PyTorch finds none here either."""
        lines = " ".join(re.findall(r"^ENV (.*)$", CONTAINERFILE.read_text(), re.MULTILINE))
        set_there = re.findall(r"\b([A-Z_]+)=(/\S+)", lines)
        wanted = {"STATIC_ROOT", "DATA_DIR", "TMPDIR", "METRICS_CACHE"}
        given = {key: self._translated(name, value) for key, value in set_there if key in wanted}
        for folder in given.values():
            Path(folder).mkdir(parents=True, exist_ok=True)
        return given | ({"PYTHONPATH": str(self._without_torch())} if image == "server" else {})

    def _without_torch(self) -> Path:
        folder = self.folder / "without-torch"
        for package in ("torch", "torchvision", "mlxtend"):
            (folder / package).mkdir(parents=True, exist_ok=True)
            (folder / package / "__init__.py").write_text(WITHOUT_TORCH)
        return folder

    def _translated(self, name: str, text: str) -> str:
        """Say in terms of this machine what a service's text says in terms of its container."""
        own = {path: f"{self.folder}/{name}{path}" for path in OWN_FOLDERS} | self.own.get(name, {})
        places = {**own, "/app/static": f"{self.folder}/static", **self.here}
        (self.folder / name / "tmp").mkdir(parents=True, exist_ok=True)
        known = "|".join(re.escape(there) for there in sorted(places, key=len, reverse=True))
        return re.sub(rf"(?<![\w/.])({known})(?!\w)", lambda match: places[match[1]], text)
