"""A progress bar on standard error: one line on a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 28
SHORTEST = 0.1


class ProgressLine:
    """Call it with (what, done, total); ``close`` ends the line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.what = ""
        self.begun = self.shown = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show a stage's progress; a new stage begins a new line."""
        now = time.monotonic()
        if what != self.what:
            self.close()
            self.what, self.begun, self.shown = what, now, 0.0
            if not self.live:
                self.stream.write(f"{what} ({total})\n")
        if self.live and (now - self.shown >= SHORTEST or done >= total):
            self.shown = now
            self._draw(done, total, now - self.begun)

    def _draw(self, done: int, total: int, seconds: float) -> None:
        filled = WIDTH * done // max(total, 1)
        bar = "#" * filled + "." * (WIDTH - filled)
        left = f", {seconds / done * (total - done):.0f} s left" if 0 < done < total else ""
        self.stream.write(f"\r{self.what[:34]:34} [{bar}] {done}/{total}{left}\x1b[K")
        self.stream.flush()

    def close(self) -> None:
        """End the current line."""
        if self.what and self.live:
            self.stream.write("\n")
        self.what = ""
