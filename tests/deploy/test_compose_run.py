"""The very commands and environment of compose.yaml run a study against real servers."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import urllib3
import yaml

from metrics.extractors.own_file import save_module
from tests.deploy.caddy import CADDYFILE, spelling
from tests.deploy.compose import ROOT, Processes, can_contain, services
from tests.deploy.servers import make_secrets
from tests.deploy.visiting import Visitor, import_zip, launch, rate, score, wait_for
from tests.metrics.networks import SmallNetwork
from tests.needs import missing
from tests.ports import free_port
from tests.s3 import aws_server

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
SCALING = ROOT / "deploy" / "kubernetes" / "large" / "scaling.yaml"
MONITORING = ROOT / "deploy" / "monitoring"
RESTORED = "_restored"
NOT_ASKED = ("humaneval-outside", "humaneval-host")
"""Jobs of Prometheus that ask services which are not run."""
PROGRAMS = ("caddy", "redis-server", "prometheus", "wget")
PREPARATIONS = ("migrate", "bucket")
SERVERS = ("web", "worker", "long", "scheduler", "metrics", "proxy", "prometheus")
NOBODYS_HOST = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
"""Where web is: an address that, as a container's, is in no list of hosts."""
NOT_RUN = {
    "db": "PostgreSQL as it runs here",
    "storage": "moto's S3 server",
    "outside": "nothing: its metrics are Prometheus's blackbox exporter's",
    "host": "nothing: its metrics are Prometheus's node exporter's",
    "backup": "its loop by itself, in test_compose, and in the run the command in it",
}
"""Services whose command the test does not start, and what stands in for them."""


def can_reach_postgres() -> bool:
    """Return whether it answers."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def database() -> Iterator[str]:
    """Give the address of an empty database; another one, with RESTORED behind its name, is there too."""
    if not can_reach_postgres():
        missing("PostgreSQL does not answer")
    name, server = f"compose_{uuid.uuid4().hex[:12]}", re.sub(r"/[^/]*$", "", POSTGRES)
    names = (name, f"{name}{RESTORED}")
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        for one in names:
            connection.execute(f"CREATE DATABASE {one}")  # type: ignore[arg-type]
    yield f"{server}/{name}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        for one in names:
            connection.execute(f"DROP DATABASE IF EXISTS {one} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
def storage() -> Iterator[str]:
    """Give the address of an S3 server without a bucket."""
    with aws_server() as address:
        yield address


@pytest.fixture
def processes(tmp_path: Path, database: str, storage: str) -> Iterator[Processes]:
    """Give the services, none of them started; secrets are made as operators make them."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    make_secrets(tmp_path / "secrets")
    web, redis, tls, plain, proxy, prometheus, *counts = (free_port() for _ in range(9))
    web_at = f"{NOBODYS_HOST}:{web}"
    workers = dict(zip(("worker", "long", "metrics"), map(str, counts), strict=True))
    here = {
        "postgres://humaneval@db:5432/humaneval": database,
        "postgres://humaneval@db:5432/restored": database + RESTORED,
        "redis://redis:6379": f"redis://127.0.0.1:{redis}",
        "http://storage:8333": storage,
        "0.0.0.0:8000": web_at,
        "http://127.0.0.1:8000": f"http://{web_at}",
        "web:8000": web_at,
        "http://127.0.0.1:2020": f"http://127.0.0.1:{proxy}",
        "http://127.0.0.1:9090": f"http://127.0.0.1:{prometheus}",
        "/run/secrets": str(tmp_path / "secrets"),
        "/etc/caddy/Caddyfile": str(CADDYFILE),
        "/etc/prometheus": str(tmp_path / "monitoring"),
    }
    where = {"web": web_at} | {name: f"127.0.0.1:{port}" for name, port in workers.items()}
    configure_prometheus(tmp_path, where)
    address = f"https://localhost:{tls}"
    ports = {"HTTP_PORT": str(plain), "HTTPS_PORT": str(tls), "HEALTH_PORT": str(proxy)}
    images = {"proxy": {"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/config", **ports, **spelling()}}
    extra = {
        "redis": ["--port", str(redis), "--dir", str(tmp_path)],
        "prometheus": [f"--web.listen-address=127.0.0.1:{prometheus}"],
    }
    own = {name: {"9101": port} for name, port in workers.items()}
    given = {"PUBLIC_URL": address, "EXTRACTORS": str(tmp_path / "extractors"), **ports}
    running = Processes(tmp_path, given, here, extra, images, own)
    yield running
    running.stop()


def configure_prometheus(folder: Path, where: dict[str, str]) -> None:
    """Copy Prometheus's folder; names that Docker would resolve become the addresses on this machine."""
    shutil.copytree(MONITORING, folder / "monitoring")
    path = folder / "monitoring" / "prometheus.yaml"
    wanted = yaml.safe_load(path.read_text().replace("/run/secrets", str(folder / "secrets")))
    wanted["global"]["scrape_interval"] = "5s"  # and so long may an answer take
    wanted["scrape_configs"] = [job for job in wanted["scrape_configs"] if job["job_name"] not in NOT_ASKED]
    for job in wanted["scrape_configs"]:
        job.pop("scrape_interval", None)
        names = [name for asked in job.pop("dns_sd_configs", []) for name in asked["names"]]
        found = [(name, where[name]) for name in names if name in where]
        resolved = [{"targets": [at], "labels": {"__meta_dns_name": name}} for name, at in found]
        job["static_configs"] = resolved or [{"targets": [where["web"]]}]
    path.write_text(yaml.safe_dump(wanted))


@pytest.mark.services
@pytest.mark.timeout(1800)
def test_a_study_runs_from_import_to_report_on_the_services_of_compose(
    processes: Processes, database: str, tmp_path: Path
) -> None:
    processes.start("redis")
    for name in PREPARATIONS:
        processes.run(name)
    token = processes.run("web", "python", "-c", PREPARE).split()[-1]
    for name in SERVERS:
        processes.start(name)
    researcher = Visitor(processes, f"Token {token}")
    wait_for(researcher.answers)

    import_zip(researcher, "Photos", "real", 0)
    import_zip(researcher, "Model", "generated", 90)
    launch(researcher)
    assert rate(processes) == 6
    for extractor in ("pixels:8", f"module:{network_of_ones_own(processes).name}"):
        run = score(researcher, extractor)
        assert (run["state"], run["problems"]) == ("succeeded", []), extractor
    report = researcher.json("/api/v1/studies/real/report/")
    assert report["estimates"][0]["votes"] == 6
    check_what_keda_asks(database)
    scores = researcher.get("/api/v1/studies/real/scores.csv").data.decode()
    assert "frechet_distance" in scores

    check_what_prometheus_sees(processes)
    check_restoring(processes, tmp_path)
    check_the_way_in(processes, researcher)
    check_health(processes, researcher)
    kept = {path.name for name in SERVERS for path in (processes.folder / name).rglob("*") if path.is_file()}
    assert not {name for name in kept if name.endswith((".png", ".webp", ".zip"))}, "media belong in storage"


def network_of_ones_own(processes: Processes) -> Path:
    """Return a network that the operator has put into the folder for them."""
    folder = Path(processes.variables["EXTRACTORS"])
    folder.mkdir(exist_ok=True)
    path = folder / "small.pt2"
    return save_module(SmallNetwork().eval(), path, name="small", input_size=(12, 12), channels=1)


def check_what_keda_asks(database: str) -> None:
    """The query that metrics workers come and go by works on PostgreSQL."""
    (query,) = set(re.findall(r'query: "(SELECT .*)"', SCALING.read_text()))
    with psycopg.connect(database, autocommit=True) as connection:
        assert connection.execute(query).fetchone() == (0,)
        connection.execute("UPDATE jobs_job SET state = 'running' WHERE kind = 'scoring.run'")
        assert connection.execute(query).fetchone() == (2,)
        connection.execute("UPDATE jobs_job SET state = 'succeeded' WHERE kind = 'scoring.run'")


def check_what_prometheus_sees(processes: Processes) -> None:
    """It reads all that is there by the services' own names and addresses, though PUBLIC_URL is https."""
    token = (processes.folder / "secrets" / "metrics_token").read_text()
    for address in ("/metrics", "/metrics/installation"):
        for host in ("web:8000", "10.1.2.3:8000"):
            headers = {"Host": host, "Authorization": f"Bearer {token}"}
            at = f"http://{processes.here['web:8000']}{address}"
            assert urllib3.request("GET", at, headers=headers, redirect=False).status == 200, (address, host)

    def read() -> set[tuple[str, ...]]:
        found = ask_prometheus(processes, "up == 1")
        return {(one["job"].removeprefix("humaneval-"), one.get("service", "")) for one, _value in found}

    def told(query: str) -> bool:
        return bool(ask_prometheus(processes, query))

    wait_for(lambda: read() == {("web", "web"), ("installation", ""), *WORKERS})
    wait_for(lambda: told("humaneval_votes_stored_total == 6"))
    wait_for(lambda: told("humaneval_scheduler_silent_seconds < 60"))


WORKERS = {("workers", "worker"), ("workers", "long"), ("workers", "metrics")}


def ask_prometheus(processes: Processes, query: str) -> list[tuple[dict[str, str], float]]:
    """Return what Prometheus answers to a query: labels and value of each series."""
    address = f"{processes.here['http://127.0.0.1:9090']}/api/v1/query"
    answer = urllib3.request("GET", address, fields={"query": query}).json()
    return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]


def check_restoring(processes: Processes, folder: Path) -> None:
    """A backup is brought back beside what is there, in the way of docs/operate.md."""
    processes.run("backup", "python", "manage.py", "backup", f"{folder}/backups", "--keep", "14")
    processes.variables |= {"DATABASE": "restored", "S3_PREFIX": "restored"}
    told = processes.run("backup", "python", "manage.py", "restore", f"{folder}/backups")
    for name in ("DATABASE", "S3_PREFIX"):
        del processes.variables[name]
    assert (
        "is restored: counts, chains of votes and audit log, and their protection are as they were." in told
    )


def check_the_way_in(processes: Processes, researcher: Visitor) -> None:
    """The proxy insists on TLS, holds back what is too large, and tells its log nothing about people."""
    with pytest.raises(AssertionError, match=r"too large|larger"):  # says web or, where that is slower, Caddy
        researcher.post("/api/v1/rating/sessions/", {"consent": "x" * 6_050_000})
    answer = researcher.get("/healthz?PROLIFIC_PID=someone")
    assert "Server" not in answer.headers
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    plain = urllib3.request("GET", f"http://localhost:{processes.variables['HTTP_PORT']}/", redirect=False)
    assert plain.headers["Location"].startswith("https://localhost")
    for line in ('"status":413', "/healthz?..."):
        wait_for(lambda line=line: line in processes.log_of("proxy").read_text())
    log = processes.log_of("proxy").read_text()
    assert not any(word in log for word in ("remote_ip", "someone", "User-Agent"))


def check_health(processes: Processes, researcher: Visitor) -> None:
    """Each service's own check sees that it works and that it does not; the proxy waits for a new web."""
    for name in SERVERS:
        wait_for(lambda name=name: processes.is_healthy(name))
    check_confinement(processes)
    processes.kill("worker")
    alive = processes.folder / "worker" / "tmp" / "alive"
    os.utime(alive, (time.time() - 61,) * 2)  # a minute later
    assert not processes.is_healthy("worker")
    for name in ("web", "proxy", "prometheus"):
        processes.kill(name)
        assert not processes.is_healthy(name), name
    processes.start("proxy")
    wait_for(lambda: processes.is_healthy("proxy"))
    processes.start("web")
    assert researcher.get("/healthz").status == 200


def check_confinement(processes: Processes) -> None:
    """Each ran on a root that cannot be written to and without rights, where this user may do that."""
    if can_contain():
        assert {name: processes.confinement(name) for name in SERVERS} == dict.fromkeys(SERVERS, (True, 0))
    else:
        missing = (
            "Services ran with a writable root and their user's rights: to hold them needs root on Linux"
        )
        assert not os.environ.get("CI"), missing
        warnings.warn(missing, stacklevel=1)


PREPARE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "humaneval.config.settings"
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from humaneval.teams.models import ApiToken
call_command("check", deploy=True, fail_level="WARNING")
call_command("collectstatic", interactive=False, verbosity=0)
print(ApiToken.objects.create(user=User.objects.create_user("op", is_staff=True, is_superuser=True)).secret)
"""
"""What the image's build, an operator and an administrator do, in one process."""


def test_no_service_is_left_out_of_the_run() -> None:
    assert {*PREPARATIONS, *SERVERS, *NOT_RUN, "redis"} == set(services())
