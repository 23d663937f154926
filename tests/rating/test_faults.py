"""The web server is killed while people vote: nothing acknowledged is lost, nothing is stored twice."""

from __future__ import annotations

import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Assignment, Opening, Session, Vote
from humaneval.studies.models import Study
from tests.factories import open_study
from tests.jobs.platform import Databases, Platform, kill_group
from tests.rating.clients import Log, VotingClient

KILLS = ("process", "process", "server", "process", "process", "server")
"""What is killed in turn: one of the web processes, which the server replaces, or all of them at once."""

CLIENTS = 6
TRIALS = 40
VOTES_PER_TRIAL = 12
PATIENCE = 120.0


@pytest.fixture
def platform(tmp_path: Path, django_db_blocker) -> Iterator[Platform]:
    """Give a platform with a database of its own, of the kind that the tests run on."""
    databases = Databases(tmp_path)
    settings = {
        "DJANGO_SETTINGS_MODULE": "humaneval.config.settings",
        "THROTTLE_ARRIVAL": "100000/min",
        "THROTTLE_SESSION": "100000/min",
    }
    platform = Platform(tmp_path, databases.copy(), settings)
    with django_db_blocker.unblock(), platform.database():
        yield platform
    platform.end()
    databases.drop()


def test_killing_the_web_server_loses_no_acknowledged_vote(platform):
    study = open_study(trial_count=TRIALS, votes_per_trial=VOTES_PER_TRIAL, assignments_per_session=20)
    log, port = Log(), free_port()
    server = serve(platform, port)
    clients = [VotingClient(port, arrival(study), log, seed) for seed in range(CLIENTS)]
    for client in clients:
        client.start()
    for number, victim in enumerate(KILLS, start=1):
        wait_for_votes(log, number * TRIALS * VOTES_PER_TRIAL // (len(KILLS) + 2), platform)
        if victim == "process":
            kill_a_process_of(server)
        else:
            kill_group(server)
            server = serve(platform, port)
    for client in clients:
        client.join(PATIENCE)
    assert not any(client.is_alive() for client in clients), platform.output()[-3000:]
    assert not log.failures
    assert log.retries > 0
    check_nothing_lost(log)
    check_quotas(study)


def check_nothing_lost(log: Log) -> None:
    """Every acknowledged vote is stored exactly once, and nothing else is."""
    stored = [
        (str(key), str(assignment)) for key, assignment in Vote.objects.values_list("key", "assignment")
    ]
    assert len(stored) == len(set(stored))
    assert set(stored) == set(log.acknowledged.items())
    assert log.rejected == []
    assert log.duplicates > 0


def check_quotas(study: Study) -> None:
    """Every trial has its votes, none more but by a late one, and nobody saw a trial twice."""
    punctual = Vote.objects.filter(late=False).values_list("assignment__trial", flat=True)
    assert max(Counter(punctual).values()) <= VOTES_PER_TRIAL
    everything = Counter(Vote.objects.values_list("assignment__trial", flat=True))
    late = Vote.objects.filter(late=True).count()
    assert sum(everything.values()) <= TRIALS * VOTES_PER_TRIAL + late
    assert len(everything) == TRIALS
    assert min(everything.values()) == VOTES_PER_TRIAL
    pairs = Counter(Assignment.objects.values_list("session", "trial"))
    assert set(pairs.values()) == {1}
    assert not Opening.objects.filter(study=study, free_from__isnull=False).exists()
    assert set(Session.objects.values_list("state", flat=True)) == {"completed"}


def arrival(study: Study) -> dict[str, object]:
    """Return what a browser sends on arrival, but for its own id."""
    return {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}


def serve(platform: Platform, port: int) -> subprocess.Popen[bytes]:
    """Start the web server: two processes of four threads, loaded once so that each starts at once."""
    return platform.start(
        *("-m", "gunicorn", "humaneval.config.wsgi:application", f"--bind=127.0.0.1:{port}"),
        *("--workers=2", "--threads=4", "--worker-class=gthread", "--preload"),
    )


def kill_a_process_of(server: subprocess.Popen[bytes]) -> None:
    """SIGKILL the oldest of a server's web processes."""
    processes = psutil.Process(server.pid).children()
    min(processes, key=lambda process: process.create_time()).kill()


def wait_for_votes(log: Log, count: int, platform: Platform) -> None:
    """Wait until so many votes have been acknowledged."""
    give_up = time.monotonic() + PATIENCE
    while len(log.acknowledged) < count and not log.failures:
        assert time.monotonic() < give_up, platform.output()[-3000:]
        time.sleep(0.02)
    assert not log.failures, log.failures


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
