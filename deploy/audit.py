"""Look the locked packages up among known vulnerabilities, and say plainly where that was not possible.

A known vulnerability fails. An index that does not answer, or tells nothing of vulnerabilities, is said, and
fails with AUDIT=required: set it wherever the index can be reached, lest a gate stand open unnoticed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
LOCKS = (REQUIREMENTS / "runtime.lock", REQUIREMENTS / "torch.lock")
PATIENCE = 90
"""Seconds for all lookups together."""


def main() -> int:
    """Return 1 for a known vulnerability, and where that is required for a lock not looked up; else 0."""
    required = os.environ.get("AUDIT", "")
    if required not in {"", "required"}:
        print(f"AUDIT={required} means nothing: set it to required, or leave it out.")
        return 1
    end, packages, closed = time.monotonic() + PATIENCE, [], False
    for lock in LOCKS:  # one after the other: with hashes in one, pip-audit wants them in the other too
        told, problem = look_up(lock, end - time.monotonic())
        packages += told
        if problem:
            print(f"Known vulnerabilities of {lock.name} were NOT looked up: {problem}")
        closed |= all("skip_reason" in one for one in told)
    fails_unseen = bool(required) and closed
    if not packages:
        return int(fails_unseen)
    found = [(one["name"], flaw["id"]) for one in packages for flaw in one.get("vulns", ())]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    for name, flaw in found:
        print(f"{name}: {flaw}, see https://osv.dev/vulnerability/{flaw}")
    print(f"{len(packages) - len(skipped)} packages looked up, {len(found)} known vulnerabilities.")
    if skipped:
        print(f"{len(skipped)} were NOT looked up: this package index tells nothing of them.")
    return int(bool(found) or fails_unseen)


def look_up(lock: Path, patience: float) -> tuple[list[dict[str, Any]], str]:
    """Return what pip-audit tells of each package of a lock, or why it tells nothing."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip", "--no-deps"]
    options = ["--format", "json", "--progress-spinner", "off"]
    try:
        ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=max(patience, 1))
    except subprocess.TimeoutExpired:
        return [], f"no answer within {PATIENCE} s"
    try:
        return json.loads(ended.stdout)["dependencies"], ""
    except (json.JSONDecodeError, KeyError):
        return [], (ended.stderr.strip().splitlines() or ["no answer"])[-1]


if __name__ == "__main__":
    sys.exit(main())
