"""Nothing that tests need may be missing in CI."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.needs import missing

TESTS = Path(__file__).parent
NOT_OF_THE_MACHINE = {"tests/needs.py", "tests/jobs/test_migrating.py"}
"""Where a test is skipped for what it is about (SQLite has no such statements), not for what is missing."""


def test_a_person_sees_the_test_skipped_and_ci_sees_it_fail(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no server"):
        missing("no server")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no server; CI must run this test"):
        missing("no server")


def test_no_test_skips_itself_in_another_way():
    skips = re.compile(r"pytest\.skip\b(?!\.)")
    files = [path for path in TESTS.rglob("*.py") if skips.search(path.read_text())]
    assert {str(path.relative_to(TESTS.parent)) for path in files} == NOT_OF_THE_MACHINE
