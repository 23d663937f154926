"""A known vulnerability fails `make audit`, which CI runs; an index that tells nothing only is said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.compose import ROOT

FLAW = {"name": "django", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
SOUND = {"name": "pillow", "version": "2", "vulns": []}
SKIPPED = {"name": "numpy", "skip_reason": "not found"}


def audit(folder: Path, program: str) -> tuple[int, str]:
    """Run the audit with a stand-in for pip-audit; return its exit status and what it said."""
    (folder / "pip_audit.py").write_text(program)
    command = [sys.executable, "deploy/audit.py"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "CI": "true"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [
        (
            [SOUND, FLAW],
            1,
            "django: PYSEC-1, see https://osv.dev/vulnerability/PYSEC-1\n2 packages looked up",
        ),
        ([SOUND], 0, "1 packages looked up, 0 known vulnerabilities."),
        ([SKIPPED, SOUND], 0, "1 were NOT looked up: this package index tells nothing of them."),
        ([SKIPPED, FLAW], 1, "1 packages looked up, 1 known vulnerabilities."),
    ],
)
def test_a_known_vulnerability_fails_and_what_was_not_looked_up_is_said(
    tmp_path: Path, told: list[dict], status: int, said: str
) -> None:
    ended, text = audit(tmp_path, f"print({json.dumps(json.dumps({'dependencies': told}))})")
    assert ended == status
    assert said in text


def test_an_index_that_does_not_answer_is_said_and_fails_nothing(tmp_path: Path) -> None:
    ended, text = audit(tmp_path, "raise SystemExit('the index cannot be reached')")
    assert (ended, text) == (0, "Known vulnerabilities were NOT looked up: the index cannot be reached\n")


def test_ci_and_lint_run_it() -> None:
    assert "make audit" in (ROOT / ".ci" / "run").read_text()
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert "deploy/audit.py" in lint
