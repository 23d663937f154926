"""A PostgreSQL cluster of a test's own, made with initdb: one that may be crashed at will."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


class NoCluster(RuntimeError):
    """Why no cluster can be made on this machine."""


class Cluster:
    """A database server on its own port; ``crash`` ends it as a power cut would, and starts it again.

    With another ``address`` than this machine's own, all hosts of its network (/24) may come in. With
    ``files`` that :meth:`keep` kept of another, it has the databases of that one.
    """

    def __init__(self, port: int, address: str = "127.0.0.1", files: Path | None = None) -> None:
        self.port, self.crashes, self._address = port, 0, address
        self._user = _who_may_run_it()
        self._folder = Path(tempfile.mkdtemp(prefix="humaneval-cluster-"))
        shutil.chown(self._folder, self._user)
        if files:
            subprocess.run(["cp", "-a", files, self._data], check=True)
        else:
            self._run("initdb", "-D", str(self._data), "-U", "postgres", "--auth=trust", "--encoding=UTF8")
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {address}/24 trust\n")
        self.start()

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"postgres://postgres@{self._address}:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers; what it writes goes to the disk for good."""
        options = (
            f"-p {self.port} -k {self._folder} -c listen_addresses={self._address} -c max_connections=60"
        )
        self._run(
            *("pg_ctl", "-D", str(self._data), "-l", str(self._folder / "log"), "-o", options),
            *("-w", "-t", "300", "start"),
        )

    def crash(self) -> None:
        """Abort all server processes at once, and start the server, which recovers from its log."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "-t", "300", "stop")
        self.crashes += 1
        self.start()

    def keep(self, files: Path) -> None:
        """Stop the server, put its files where others can be made of them, and delete the rest."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "-t", "300", "stop")
        shutil.move(self._data, files)
        shutil.rmtree(self._folder)

    def remove(self) -> None:
        """Stop the server and delete its files."""
        subprocess.run(
            [_tool("pg_ctl"), "-D", str(self._data), "-m", "immediate", "stop"],
            **self._as_user(),
            capture_output=True,
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _as_user(self) -> dict[str, str]:
        return {"user": self._user} if os.geteuid() == 0 else {}

    def _run(self, tool: str, *arguments: str) -> None:
        log = self._folder / "tools.log"
        with log.open("ab") as output:
            done = subprocess.run(
                [_tool(tool), *arguments], cwd="/", stdout=output, stderr=output, **self._as_user()
            )
        if done.returncode:
            raise NoCluster(f"{tool} failed: {log.read_text()[-500:]}")


def _tool(name: str) -> str:
    found = shutil.which(name)
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not found and not newest:
        raise NoCluster(f"PostgreSQL's {name} is not installed.")
    return found or str(newest[-1])


def _who_may_run_it() -> str:
    """Return a user who may run a database server: anybody but root."""
    _tool("initdb")
    if os.geteuid() != 0:
        return getpass.getuser()
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NoCluster("root may not run PostgreSQL, and there is no other user.")
