"""Platforms with real workers, and the brokers on this machine."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kombu
import pytest
from django.db import connections, transaction

from tests.jobs.platform import Databases, Platform
from tests.migrated import fill_default_from, is_on_server, locked, on_server, template
from tests.needs import missing

BROKERS = {
    "filesystem": "filesystem://",
    "redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/13"),
    "rabbitmq": os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, request: Any) -> Path:
    """Give a folder that all processes of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if hasattr(request.config, "workerinput") else folder


@pytest.fixture(scope="session")
def migrated(shared: Path, django_db_blocker: Any) -> Iterator[str]:
    """Give the name of a migrated database that all processes of this run copy and none uses."""
    with django_db_blocker.unblock(), template(shared / "migrated") as name:
        yield name


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Databases]:
    """Give migrated databases of the kind that the tests run on."""
    databases = Databases(tmp_path_factory.mktemp("databases"), migrated)
    yield databases
    databases.drop()


@pytest.fixture(scope="session")
def django_db_setup(
    migrated: str, django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """Give this process a copy of the migrated database, in place of migrating once more."""
    with django_db_blocker.unblock():
        fill_default_from(migrated)
    yield
    connections["default"].close()
    if is_on_server():
        on_server(f'DROP DATABASE "{connections["default"].settings_dict["NAME"]}" WITH (FORCE)')


@pytest.fixture
def platform(tmp_path: Path, databases: Databases, django_db_blocker) -> Iterator[Platform]:
    """Give a platform of one's own, its rows in reach of this process."""
    folder = tmp_path / "platform"
    folder.mkdir()
    platform = Platform(folder, databases.copy())
    with django_db_blocker.unblock(), platform.database():
        yield platform
    platform.end()


@pytest.fixture
def in_turn(platform: Platform) -> Callable[..., list[Any]]:
    """Give a way to do two things at once: the second is begun before the first has committed."""

    def act(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
        done, asked = threading.Event(), threading.Event()

        def one() -> Any:
            with platform.database(), transaction.atomic():
                result = first()
                done.set()
                asked.wait(120)
                time.sleep(0.3)  # by now the other waits for this transaction, where the database lets it
            return result

        def other() -> Any:
            with platform.database():
                done.wait(120)
                asked.set()
                return second()

        with ThreadPoolExecutor(2) as pool:
            return [future.result() for future in (pool.submit(one), pool.submit(other))]

    return act


@pytest.fixture(params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest, shared: Path, platform: Platform) -> Iterator[str]:
    """Give the address of each kind of broker in turn, with nothing left in its queues.

    One test at a time: the workers of another would take its messages.
    """
    url = BROKERS[request.param]
    if request.param == "filesystem":  # each platform has a folder of its own
        yield url
        return
    (mine := shared / request.param).mkdir(exist_ok=True)
    with locked(mine):
        _need(url)
        _empty(url)
        yield url
        platform.end()
        _empty(url)


def _need(url: str) -> None:
    place = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(20)
        if probe.connect_ex((place.hostname, place.port)) == 0:
            return
    missing(f"no {place.scheme} server answers on {place.hostname}:{place.port}")


def _empty(url: str) -> None:
    with kombu.Connection(url) as connection:
        for queue in ("default", "long", "metrics"):
            kombu.Queue(queue, routing_key=queue)(connection.default_channel).declare()
            connection.default_channel.queue_purge(queue)
