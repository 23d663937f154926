"""Web servers are replaced one by one while people vote: no rater sees an error and no vote is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Vote
from tests.deploy.caddy import caddy, need_caddy
from tests.factories import open_study
from tests.faults.hosts import HEALTH_SECONDS, Hosts
from tests.faults.voters import Log, UntiringClient, status_of
from tests.jobs.platform import Platform
from tests.ports import free_port

pytestmark = [pytest.mark.alone, pytest.mark.services, pytest.mark.timeout(900)]
CLIENTS = 4


@pytest.fixture
def hosts(on_postgres: Platform) -> Hosts:
    """Give two web servers that are ready."""
    on_postgres.settings = {**on_postgres.settings, "WEB_DRAIN_SECONDS": "4"}
    return Hosts(on_postgres, [free_port(), free_port()])


@pytest.fixture
def proxy(hosts: Hosts, tmp_path: Path) -> Iterator[int]:
    """Give the port of deploy's own proxy in front of them."""
    need_caddy()
    port = free_port()
    environment = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HTTP_PORT": str(port),
        "HEALTH_PORT": str(free_port()),
        "WEB": " ".join(f"127.0.0.1:{port}" for port in hosts.ports),
        "WEBS": "several",
        "HEALTH_INTERVAL": f"{HEALTH_SECONDS}s",
    }
    with caddy(tmp_path, port, **environment):
        hosts.wait_for(lambda: status_of(f"http://127.0.0.1:{port}/healthz") == 200)
        yield port


@pytest.mark.parametrize("rounds", [1, pytest.param(3, marks=pytest.mark.slow)], ids=["once", "thrice"])
def test_no_rater_sees_an_error_and_no_vote_is_lost_while_web_servers_are_replaced(
    on_postgres: Platform, hosts: Hosts, proxy: int, rounds: int
):
    study = open_study(trial_count=40, votes_per_trial=100_000, assignments_per_session=20)
    arrival = {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}
    log = Log()
    clients = [UntiringClient(proxy, arrival, log, seed) for seed in range(CLIENTS)]
    for client in clients:
        client.start()
    marks = []
    for port in hosts.ports * rounds:
        hosts.replace(port)
        marks.append(len(log.acknowledged))
    for client in clients:
        client.enough.set()
        client.join(180)

    assert not any(client.is_alive() for client in clients)
    assert [error for client in clients for error in client.errors] == []
    assert (log.failures, log.retries, log.rejected) == ([], 0, [])
    stored = {str(key): str(assignment) for key, assignment in Vote.objects.values_list("key", "assignment")}
    assert stored == log.acknowledged
    assert len(set(stored.values())) == len(stored) == Vote.objects.count() == log.stored
    assert marks[0] > 0
    assert marks == sorted(set(marks)), "people voted through each replacement"
