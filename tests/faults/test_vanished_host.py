"""A metric run over three hosts, one of which vanishes: network namespaces stand in for hosts."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import metrics
from humaneval.jobs.models import Job, JobState
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import SampleSet
from humaneval.scoring.models import FeatureShard, MetricRun
from humaneval.scoring.runs import start_run
from tests.faults.cluster import Cluster
from tests.faults.network import ADDRESS, Network, NoNetwork
from tests.jobs.platform import Platform
from tests.needs import missing
from tests.ports import free_port
from tests.s3 import aws_server, client_of
from tests.scoring.conftest import write_images

pytestmark = [pytest.mark.alone, pytest.mark.services, pytest.mark.timeout(900)]
REAL, GENERATED = 40, 320
BATCHES = 1 + 5
HOSTS = 3


@pytest.fixture
def network() -> Iterator[Network]:
    """Give a network of the test's own."""
    try:
        network = Network()
    except NoNetwork as reason:
        missing(f"no network namespaces here: {reason}")
    yield network
    network.remove()


@pytest.fixture
def redis(network: Network, tmp_path: Path) -> Iterator[str]:
    """Give the address of a Redis that only this network reaches."""
    if not shutil.which("redis-server"):
        missing("Redis is not installed (Debian: apt install redis-server)")
    port = str(free_port())
    options = ["--bind", ADDRESS, "--protected-mode", "no", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(["redis-server", "--port", port, *options], stdout=subprocess.DEVNULL)
    yield f"redis://{ADDRESS}:{port}/0"
    server.kill()
    server.wait()


@pytest.fixture
def storage(network: Network, settings) -> Iterator[dict[str, str]]:
    """Give the settings of a bucket that this process and the hosts keep media in."""
    key = {"access_key": "test", "secret_key": "test"}
    with aws_server(ADDRESS) as address:
        place = {"endpoint_url": address, "region_name": "us-east-1"}
        client_of(address).create_bucket(Bucket="hosts")
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {
                "BACKEND": "storages.backends.s3.S3Storage",
                "OPTIONS": {"bucket_name": "hosts", "file_overwrite": True, **key, **place},
            },
        }
        yield {
            "S3_BUCKET": "hosts",
            "S3_ENDPOINT_URL": address,
            "S3_REGION": place["region_name"],
            "S3_ACCESS_KEY": "test",
            "S3_SECRET_KEY": "test",
            "NO_PROXY": ADDRESS,
        }


@pytest.fixture
def center(
    network: Network,
    redis: str,
    storage: dict[str, str],
    new_cluster: Callable[..., Cluster],
    tmp_path: Path,
    django_db_blocker,
) -> Iterator[Platform]:
    """Give the platform whose servers the hosts share, its rows in reach of this process."""
    cluster = new_cluster(ADDRESS)
    shared = {
        **storage,
        "DJANGO_SETTINGS_MODULE": "tests.scoring.slow_settings",
        "BROKER_URL": redis,
        "JOB_LEASE_SECONDS": "15",
        "METRICS_WORKERS": str(HOSTS),
        "STOP_BEFORE": "2",
    }
    (tmp_path / "center").mkdir()
    platform = Platform(tmp_path / "center", cluster.url, shared)
    with django_db_blocker.unblock(), platform.database():
        yield platform
    platform.end()
    cluster.remove()


@pytest.fixture
def hosts(network: Network, center: Platform, tmp_path: Path) -> Iterator[list[Platform]]:
    """Give hosts with nothing in common but the network."""
    hosts = []
    for name in [network.add_host() for _ in range(HOSTS)]:
        (tmp_path / name).mkdir()
        through = ("ip", "netns", "exec", name)
        hosts.append(Platform(tmp_path / name, center.database_url, center.settings, through))
    yield hosts
    for host in hosts:
        host.end()


@pytest.fixture
def run(center: Platform, tmp_path: Path) -> MetricRun:
    """Give a queued run: one batch of real samples, five of generated ones."""
    real = imported(tmp_path / "real", kind="real", count=REAL)
    generated = imported(tmp_path / "generated", kind="generated", count=GENERATED)
    return start_run(reference=real, generated=[generated], extractor="pixels:8", metrics=["fid", "prdc"])


def imported(folder: Path, *, kind: str, count: int) -> SampleSet:
    sample_set = create_sample_set(name=folder.name, kind=kind)
    write_images(folder, count=count, seed=count)
    assert import_folder(sample_set=sample_set, folder=folder).added == count
    return sample_set


def batches(hosts: list[Platform]) -> int:
    return sum(len(re.findall(r"batch by \d+", host.output())) for host in hosts)


def scores_by_library(folder: Path) -> dict[str, float]:
    extractor = metrics.load_extractor("pixels:8")
    real, generated = (metrics.extract(extractor, folder / name) for name in ("real", "generated"))
    found = metrics.evaluate(["fid", "prdc"], real=real, generated=generated)
    return {score.metric: pytest.approx(score.value, rel=1e-9) for score in found}


def test_a_run_over_three_hosts_ends_right_though_the_one_that_leads_it_vanishes(
    network: Network, center: Platform, hosts: list[Platform], run: MetricRun, tmp_path: Path
):
    center.start(
        "-m", "celery", "--app=humaneval.config", "beat", "--pidfile=", f"--schedule={tmp_path / 'beat'}"
    )
    for host in hosts:
        host.start(
            *("-m", "celery", "--app=humaneval.config", "worker", "--queues=metrics", "--pool=solo"),
            *("--loglevel=INFO", "--without-gossip", "--without-mingle"),
        )
    center.wait_for(lambda: all(batches([host]) == 2 for host in hosts), 300)
    assert FeatureShard.objects.exclude(file="").count() + 1 >= BATCHES - HOSTS, "each has one in hand"
    (leader,) = [host for host in hosts if "(scoring.run) starts" in host.output()]
    network.cut(leader.through[-1])
    for host in hosts:
        (host.folder / "go").touch()

    center.wait_for(lambda: Job.objects.get(kind="scoring.run").is_finished, 300)
    job = Job.objects.get(kind="scoring.run")
    assert job.state == JobState.SUCCEEDED, job.error
    assert dict(run.scores.values_list("metric", "value")) == scores_by_library(tmp_path)
    assert batches(hosts) == BATCHES + 1, "only the shard that the lost host had in hand was computed again"
    assert not FeatureShard.objects.exists()
    taken_over = [host for host in hosts if host is not leader and "(scoring.run) starts" in host.output()]
    assert len(taken_over) == 1
