"""Child processes that are kept alive: started again when they die, and leaving nothing behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LOG_LIMIT = 20 * 1024**2
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
STEADY_SECONDS = 60.0
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> Callable[[], None]:
    """Return what makes Linux end a child whose parent is killed; elsewhere it does nothing."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One command in its own process group, its output in a log file.

    ``inherit`` are file descriptors that it gets; ``nice`` how far it yields to others.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    inherit: Sequence[int] = ()
    nice: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _start_after: float = field(default=0.0, init=False)
    _wait: float = field(default=FIRST_WAIT, init=False)

    def start(self) -> None:
        """Start the command; its output is appended to the log."""
        self._keep_log_small()
        die_with_parent = _die_with_parent()

        def prepare() -> None:
            die_with_parent()
            os.nice(self.nice)

        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                pass_fds=self.inherit,
                start_new_session=True,
                preexec_fn=prepare,
            )
        self._started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def revive(self) -> str:
        """Start the command again if it has died and its back-off is over; return a line for people or ''."""
        if self._process is not None and self._process.poll() is not None:
            return self._bury()
        if self._process is None and time.monotonic() >= self._start_after:
            self.start()
        return ""

    def _bury(self) -> str:
        assert self._process is not None  # noqa: S101
        code = self._process.returncode
        self._kill_group()
        self._process = None
        if time.monotonic() - self._started_at > STEADY_SECONDS:
            self._wait = FIRST_WAIT
        wait, self._wait = self._wait, min(2 * self._wait, LONGEST_WAIT)
        self._start_after = time.monotonic() + wait
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{self.name} {how}; it starts again in {wait:g} s (log: {self.log})"

    def ask_to_stop(self) -> None:
        """Send SIGTERM, upon which the command finishes what it is at."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, *, deadline: float) -> None:
        """Wait for the command to end, but not beyond ``deadline`` (monotonic seconds)."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, deadline - time.monotonic()))

    def kill(self) -> None:
        """End the command and all that it started, at once."""
        if self._process is not None:
            self._kill_group()
            self._process.wait()
            self._process = None

    def kill_soon(self) -> None:
        """Send SIGKILL to the command and all that it started; may be called from a signal handler."""
        if self._process is not None:
            self._kill_group()

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def _kill_group(self) -> None:
        assert self._process is not None  # noqa: S101
        with suppress(ProcessLookupError):  # nothing of the group is left
            os.killpg(self._process.pid, signal.SIGKILL)

    def _keep_log_small(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
