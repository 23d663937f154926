"""Whether a worker or the scheduler is at work: it touches a file, and a health check looks how old that is.

A worker is alive while it waits for messages or holds a job's lease; Celery's own ping would need remote
control, which we leave off, and does not answer during a long job. Run as
``python -m humaneval.jobs.alive FILE``, it needs no settings and no Django.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

LATE_SECONDS = 60.0


def age(path: Path) -> float:
    """Return how many seconds ago a file was touched; infinite if it is not there."""
    with suppress(FileNotFoundError):
        return max(0.0, time.time() - path.stat().st_mtime)
    return float("inf")


def main(arguments: list[str]) -> int:
    """Return 0 if the file of a process is fresh, else 1, saying why; 2 if no file is named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m humaneval.jobs.alive FILE (the file that HEARTBEAT_FILE names)\n")
        return 2
    seconds = age(Path(arguments[0]))
    if seconds > LATE_SECONDS:
        state = "is not there" if seconds == float("inf") else f"was last touched {seconds:.0f} s ago"
        sys.stderr.write(f"{arguments[0]} {state}: this process does no work.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
