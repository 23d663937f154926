"""A bare Debian in a folder: debootstrap's smallest system with python3, its venv package and make.

Nothing of the machine is seen in there but its network, its certificates and what its pip is told to
use (an index, wheels on disk). Needs root, debootstrap and a Debian mirror.

    python -m tests.deploy.bare_debian /tmp/bare 'make demo' --until READY
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("python3", "python3-venv", "make")
PERSON = "lab"
CERTIFICATES = "/etc/ssl/certs"


def why_not() -> str:
    """Return why no Debian can be made here, or nothing if it can."""
    if os.geteuid() != 0:
        return "making a root file system needs root"
    missing = [name for name in ("debootstrap", "unshare", "git") if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


@dataclass
class BareDebian:
    """A Debian under ``folder``, with a fresh clone of this repository in its person's home."""

    folder: Path
    suite: str = "bookworm"

    @property
    def clone(self) -> Path:
        """Where the clone lies, seen from outside."""
        return self.folder / "home" / PERSON / "humaneval"

    def make(self) -> None:
        """Make the system, unless it is there; then the clone, anew."""
        if not (self.folder / "usr/bin/make").exists():
            chosen = [
                "--variant=minbase",
                f"--include={','.join(PACKAGES)}",
                self.suite,
                str(self.folder),
                MIRROR,
            ]
            subprocess.run(["debootstrap", *chosen], check=True, stdout=subprocess.DEVNULL)
            self._in_here("root", f"useradd --create-home --shell /bin/sh {PERSON}")
        self._tell_about_the_network()
        shutil.rmtree(self.clone, ignore_errors=True)
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(self.clone)], check=True)
        self._in_here("root", f"chown -R {PERSON} {self._inside(self.clone)}")

    def installed(self) -> list[str]:
        """Return the names of all Debian packages in there."""
        asked = ["chroot", str(self.folder), "dpkg-query", "-W", "-f", "${Package}\n"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()

    def start(self, command: str, *, user: str = PERSON) -> subprocess.Popen[str]:
        """Start a shell command in the clone; all that it started ends with it."""
        inner = f"cd {self._inside(self.clone)} && {command}"
        return subprocess.Popen(
            self._entering(user, inner),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG": "C.UTF-8",
                "DEBIAN_FRONTEND": "noninteractive",
            },
            start_new_session=True,
        )

    def lines(self, command: str, *, user: str = PERSON, until: str | None = None) -> Iterator[str]:
        """Yield what a command prints, to its end or to a line; then end it with all that it started.

        Raises :class:`subprocess.CalledProcessError` if it fails, or ends before the awaited line.
        """
        process = self.start(command, user=user)
        try:
            for line in process.stdout or ():
                yield line.rstrip("\n")
                if until is not None and line.strip() == until:
                    return
            if process.wait() or until is not None:
                raise subprocess.CalledProcessError(process.returncode, command)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _in_here(self, user: str, command: str) -> None:
        subprocess.run(self._entering(user, command), check=True)

    def _entering(self, user: str, command: str) -> list[str]:
        """Return what runs a command in there: mounts and processes of its own, gone with it."""
        here = shlex.quote(str(self.folder))
        binds = "".join(
            f"mkdir -p {here}{path} && mount --rbind {path} {here}{path} && "
            for path in ("/dev", "/sys", CERTIFICATES, *pip_folders())
        )
        entry = f"su {PERSON}" if user == PERSON else "sh"
        script = (
            f"{binds} mount -t proc proc {here}/proc && exec chroot {here} {entry} -c {shlex.quote(command)}"
        )
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        return [*apart, "sh", "-ec", script]

    def _inside(self, path: Path) -> str:
        return f"/{path.relative_to(self.folder)}"

    def _tell_about_the_network(self) -> None:
        for name in ("resolv.conf", "hosts"):
            with suppress(FileNotFoundError):
                shutil.copy(f"/etc/{name}", self.folder / "etc" / name)
        lines = "".join(f"{key} = {value}\n" for key, value in pip_options().items())
        (self.folder / "etc" / "pip.conf").write_text(f"[global]\n{lines}")


def pip_options() -> dict[str, str]:
    """Return what this machine's pip is told by its files and its environment."""
    asked = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", told, re.MULTILINE))


def pip_folders() -> list[str]:
    """Return the folders of this machine that its pip's options name; an index lies beside its files."""
    options = " ".join(pip_options().values())
    indexes = [Path(path).parent for path in re.findall(r"file://(/[^\s']+)", options)]
    others = [Path(path) for path in re.findall(r"(?<!/)(?<![\w:])(/[^\s']+)", options)]
    folders = {path if path.is_dir() else path.parent for path in (*indexes, *others) if path.exists()}
    return sorted(str(folder) for folder in folders if not str(folder).startswith(CERTIFICATES))


def main() -> int:
    """Make the system and run a command in it; print what it says, each line with its second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("command")
    parser.add_argument("--until", help="end the command when it prints this line")
    parser.add_argument("--root", action="store_true", help="run it as root, not as an ordinary user")
    asked = parser.parse_args()
    if reason := why_not():
        parser.error(reason)
    debian = BareDebian(asked.folder.resolve())
    debian.make()
    started = time.monotonic()
    for line in debian.lines(asked.command, user="root" if asked.root else PERSON, until=asked.until):
        sys.stdout.write(f"{time.monotonic() - started:5.0f} s  {line}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
