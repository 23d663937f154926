"""Look the locked packages up among known vulnerabilities, and say plainly where that was not possible.

In CI (CI=true) every package must be looked up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "runtime.lock"


def main() -> int:
    """Return 1 for a known vulnerability, and in CI for a package that could not be looked up; else 0."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--no-deps"]
    ended = subprocess.run([*command, "--format", "json"], capture_output=True, text=True)
    try:
        packages = json.loads(ended.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        last = (ended.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"Known vulnerabilities were not looked up: {last}")
        return _in_ci()
    found = [(one["name"], flaw["id"]) for one in packages for flaw in one.get("vulns", ())]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    for name, flaw in found:
        print(f"{name}: {flaw}, see https://osv.dev/vulnerability/{flaw}")
    print(f"{len(packages) - len(skipped)} packages looked up, {len(found)} known vulnerabilities.")
    if skipped:
        print(f"{len(skipped)} could not be looked up: this package index tells nothing of them.")
    return 1 if found else _in_ci() if skipped else 0


def _in_ci() -> int:
    return int(os.environ.get("CI", "").lower() == "true")


if __name__ == "__main__":
    sys.exit(main())
