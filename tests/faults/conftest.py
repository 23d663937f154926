"""A platform on a database server of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Cluster, NoCluster
from tests.jobs.platform import Platform
from tests.migrated import locked
from tests.needs import missing
from tests.ports import free_port

UNTHROTTLED = {
    "DJANGO_SETTINGS_MODULE": "humaneval.config.settings",
    "THROTTLE_ARRIVAL": "1000000/min",
    "THROTTLE_SESSION": "1000000/min",
}


@pytest.fixture(scope="session")
def new_cluster(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Cluster]:
    """Return a function that makes a database server whose database is migrated; all are made of one."""
    files = shared / "cluster"
    with locked(shared):
        if not files.exists():
            try:
                first = Cluster(free_port())
            except NoCluster as reason:
                missing(str(reason))
            Platform(tmp_path_factory.mktemp("first"), first.url).migrate()
            first.keep(files)
    return lambda *address: Cluster(free_port(), *address, files=files)


@pytest.fixture
def cluster(new_cluster: Callable[..., Cluster]) -> Iterator[Cluster]:
    """Give a database server of the test's own, never the machine's."""
    cluster = new_cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def on_postgres(cluster: Cluster, tmp_path: Path, django_db_blocker: Any) -> Iterator[Platform]:
    """Give a platform on that server."""
    platform = Platform(tmp_path, cluster.url, UNTHROTTLED)
    with django_db_blocker.unblock(), platform.database():
        yield platform
    platform.end()
