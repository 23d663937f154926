"""A platform on a database server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster, NoCluster, free_port
from tests.jobs.platform import Databases, Platform

UNTHROTTLED = {
    "DJANGO_SETTINGS_MODULE": "humaneval.config.settings",
    "THROTTLE_ARRIVAL": "1000000/min",
    "THROTTLE_SESSION": "1000000/min",
}


@pytest.fixture
def cluster(monkeypatch) -> Iterator[Cluster]:
    """Give a database server of the test's own, never the machine's."""
    try:
        cluster = Cluster(free_port())
    except NoCluster as reason:
        pytest.skip(str(reason))
    monkeypatch.setenv("DATABASE_URL", cluster.url)
    yield cluster
    cluster.remove()


@pytest.fixture
def on_postgres(cluster: Cluster, tmp_path: Path, django_db_blocker) -> Iterator[Platform]:
    """Give a platform on that server."""
    platform = Platform(tmp_path, Databases(tmp_path).copy(), UNTHROTTLED)
    with django_db_blocker.unblock(), platform.database():
        yield platform
    platform.end()
