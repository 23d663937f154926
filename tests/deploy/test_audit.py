"""A known vulnerability fails `make audit`, which CI runs; an index that tells nothing only is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.compose import ROOT

FLAW = {"name": "django", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
SOUND = {"name": "pillow", "version": "2", "vulns": []}
SKIPPED = {"name": "numpy", "skip_reason": "not found"}
TORCH = {"name": "torch", "version": "3", "vulns": []}


def audit(folder: Path, program: str, **settings: str) -> tuple[int, str]:
    """Run the audit with a stand-in for pip-audit; return its exit status and what it said."""
    (folder / "pip_audit.py").write_text(program)
    command = [sys.executable, "deploy/audit.py"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "CI": "true", **settings}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("told", "of_torch", "status", "said"),
    [
        (
            [SOUND, FLAW],
            TORCH,
            1,
            "django: PYSEC-1, see https://osv.dev/vulnerability/PYSEC-1\n3 packages looked up",
        ),
        ([SOUND], TORCH, 0, "2 packages looked up, 0 known vulnerabilities."),
        ([SOUND], {**TORCH, "vulns": [{"id": "PYSEC-2"}]}, 1, "torch: PYSEC-2"),
        ([SKIPPED, SOUND], TORCH, 0, "1 were NOT looked up: this package index tells nothing of them."),
        ([SKIPPED, FLAW], TORCH, 1, "2 packages looked up, 1 known vulnerabilities."),
    ],
)
def test_a_known_vulnerability_fails_and_what_was_not_looked_up_is_said(
    tmp_path: Path, told: list[dict], of_torch: dict, status: int, said: str
) -> None:
    answers = [json.dumps({"dependencies": rows}) for rows in (told, [of_torch])]
    program = f"import sys; print({answers}[any(word.endswith('torch.lock') for word in sys.argv)])"
    ended, text = audit(tmp_path, program)
    assert ended == status
    assert said in text


def test_an_index_that_does_not_answer_is_said_and_fails_nothing(tmp_path: Path) -> None:
    ended, text = audit(tmp_path, "raise SystemExit('the index cannot be reached')")
    words = "were NOT looked up: the index cannot be reached\n"
    locks = ("runtime.lock", "torch.lock")
    assert (ended, text) == (0, "".join(f"Known vulnerabilities of {lock} {words}" for lock in locks))


@pytest.mark.parametrize(
    ("of_torch", "status"), [(TORCH, 0), ({"name": "torch", "skip_reason": "not found"}, 1), (None, 1)]
)
def test_where_it_is_required_a_lock_that_was_not_looked_up_fails(
    tmp_path: Path, of_torch: dict | None, status: int
) -> None:
    answers = [json.dumps({"dependencies": rows}) for rows in ([SOUND, SKIPPED], [of_torch])]
    if of_torch is None:
        answers[1] = "the index cannot be reached"
    program = f"import sys; print({answers}[any(word.endswith('torch.lock') for word in sys.argv)])"
    assert audit(tmp_path, program, AUDIT="required")[0] == status
    assert audit(tmp_path, program)[0] == 0


def test_a_word_that_requires_nothing_is_refused(tmp_path: Path) -> None:
    assert audit(tmp_path, "", AUDIT="requierd") == (
        1,
        "AUDIT=requierd means nothing: set it to required, or leave it out.\n",
    )


def test_the_bill_of_materials_lists_what_is_locked(tmp_path: Path) -> None:
    bill = tmp_path / "sbom.json"
    subprocess.run([sys.executable, "deploy/sbom.py", str(bill)], cwd=ROOT, check=True, capture_output=True)
    listed = {(one["name"], one["version"]) for one in json.loads(bill.read_text())["components"]}
    locks = "".join((ROOT / "requirements" / f"{name}.lock").read_text() for name in ("runtime", "torch"))
    assert listed == set(re.findall(r"^([\w.-]+)==([^\s;]+)", locks, re.MULTILINE))
    assert {"torch", "torchvision", "django"} <= {name for name, _version in listed}
    assert "deploy/sbom.py" in (ROOT / "Makefile").read_text()


def test_ci_and_lint_run_it() -> None:
    assert "make lint" in (ROOT / ".ci" / "run").read_text().splitlines()
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert "deploy/audit.py" in lint
