"""Run every benchmark of this folder, each in a process of its own: `make bench`.

A benchmark is a module that can be run by itself (`python -m tests.benchmarks.NAME`) and prints what
it measured beside a peer. `python -m tests.benchmarks NAME ...` runs only those whose names start so.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def benchmarks(wanted: list[str]) -> list[str]:
    """Return the names of the modules that are benchmarks: those with a main block."""
    names = sorted(
        path.stem for path in FOLDER.glob("*.py") if re.search(r"^if __name__", path.read_text(), re.M)
    )
    chosen = [name for name in names if name != "__main__"]
    return [name for name in chosen if not wanted or name.startswith(tuple(wanted))]


def main() -> int:
    """Run them one after the other; return 1 if any of them broke."""
    broken = []
    for name in benchmarks(sys.argv[1:]):
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        if subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{name}"], cwd=FOLDER.parents[1]
        ).returncode:
            broken.append(name)
        print(f"== {name} took {time.monotonic() - started:.0f} s", flush=True)
    if broken:
        print(f"\nThese broke: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
