"""The table of known answers names every public estimator, and tests that exist."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import humaneval.stats as stats

HERE = Path(__file__).parent
ROWS = [
    line.split("|")
    for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    if "test_" in line
]


def test_every_public_estimator_has_a_known_answer():
    listed = {name for row in ROWS if len(row) > 3 for name in re.findall(r"`(\w+)`", row[1])}
    functions = {name for name in stats.__all__ if inspect.isfunction(getattr(stats, name))}
    assert functions - listed == set()


def test_every_test_that_is_named_exists():
    named = {name for row in ROWS if len(row) > 3 for name in re.findall(r"`(test_\w+)`", row[2])}
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    assert {name for name in named if f"def {name}(" not in text} == set()
