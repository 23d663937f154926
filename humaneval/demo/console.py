"""What the demo says while it works."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Console:
    """Prints steps with the seconds since the start, and progress in place on a terminal."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._start = time.monotonic()
        self._terminal = self._out.isatty()
        self._quarter = -1

    def say(self, text: str) -> None:
        """Print a step that begins."""
        self._quarter = -1
        self._write(f"[{time.monotonic() - self._start:4.0f} s] {text}\n")

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Show how far a step is: always on a terminal, at every quarter elsewhere."""
        share = done / max(total, 1)
        text = f"         {done} of {total} {note}".rstrip()
        if self._terminal:
            self._write(f"\r\033[K{text}" + ("\n" if done >= total else ""))
        elif int(4 * share) > self._quarter:
            self._quarter = int(4 * share)
            self._write(text + "\n")

    def line(self, text: str) -> None:
        """Print a line as it is, for people and scripts."""
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
