"""Look the locked packages up among known vulnerabilities; where the service cannot be reached, say so.

In CI (CI=true) it must be reached.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "runtime.lock"
UNREACHABLE = (
    "ConnectionError",
    "ServiceError",
    "Max retries exceeded",
    "Name or service not known",
    "timed out",
)


def main() -> int:
    """Return pip-audit's exit status; 0 with a sentence where nobody could be asked, outside CI."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--no-deps"]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode and any(word in ended.stderr for word in UNREACHABLE):
        print("Known vulnerabilities were not looked up: the service cannot be reached from here.")
        return int(os.environ.get("CI", "").lower() == "true")
    print(ended.stdout + ended.stderr, end="")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
