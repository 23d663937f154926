"""Everything breaks while people vote: nothing acknowledged is lost, nothing is stored twice.

The short storms are in every test run. ``pytest tests/faults -m slow -s`` (``make faults``) has the long ones
and prints their numbers; ``FAULT_VOTES`` sets how many votes each of them takes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import UNTHROTTLED
from tests.faults.storm import Size, Storm, check
from tests.jobs.platform import Platform
from tests.ports import free_port

pytestmark = [pytest.mark.alone, pytest.mark.services, pytest.mark.timeout(1800)]

SHORT = Size(trials=20, votes_per_trial=12, strikes=5, clients=5)
LONG = Size(trials=100, votes_per_trial=int(os.environ.get("FAULT_VOTES", "10000")) // 100, strikes=40)


@pytest.fixture
def on_sqlite(tmp_path: Path, django_db_blocker) -> Iterator[Platform]:
    """Give a platform on SQLite."""
    platform = Platform(tmp_path, f"sqlite:///{tmp_path / 'db.sqlite3'}", UNTHROTTLED)
    platform.migrate()
    with django_db_blocker.unblock(), platform.database():
        yield platform
    platform.end()


@pytest.mark.parametrize("size", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)], ids=["short", "long"])
def test_postgres_keeps_every_vote(on_postgres: Platform, cluster: Cluster, size: Size):
    numbers = Storm(on_postgres, size, cluster.crash).rage(free_port())
    print(f"\nPostgreSQL: {numbers}")  # noqa: T201 (what make faults is for)
    check(numbers)
    assert cluster.crashes > 0


@pytest.mark.parametrize("size", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)], ids=["short", "long"])
def test_sqlite_keeps_every_vote(on_sqlite: Platform, size: Size):
    numbers = Storm(on_sqlite, size, None).rage(free_port())
    print(f"\nSQLite: {numbers}")  # noqa: T201 (what make faults is for)
    check(numbers)
