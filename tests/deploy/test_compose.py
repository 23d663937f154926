"""compose.yaml is kept honest: its very commands and environment run a study against real servers."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
import yaml
from moto.server import ThreadedMotoServer
from PIL import Image

from tests.config.test_settings import settings_read
from tests.deploy.compose import (
    COMPOSE,
    CONTAINERFILE,
    ROOT,
    Processes,
    can_contain,
    image_of,
    interpolate,
    services,
)

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
SCALING = ROOT / "deploy" / "kubernetes" / "large" / "scaling.yaml"
MONITORING = ROOT / "deploy" / "monitoring"
RESTORED = "_restored"
PROGRAMS = ("caddy", "redis-server", "prometheus", "wget")
PREPARATIONS = ("migrate", "bucket")
SERVERS = ("web", "worker", "scheduler", "metrics", "proxy", "prometheus")
NOBODYS_HOST = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
"""Where web is: an address that, as a container's, is in no list of hosts."""
NOT_RUN = {
    "db": "PostgreSQL as it runs here",
    "storage": "moto's S3 server",
    "metrics-cuda": "metrics, on a card",
    "backup": "its loop by itself, below, and in the run the command in it",
}
"""Services whose command the test does not start, and what stands in for them."""


def need(reachable: bool, what: str) -> None:
    if not reachable and os.environ.get("CI"):
        pytest.fail(f"{what}, and CI must run this test")
    if not reachable:
        pytest.skip(f"{what} on this machine")


def can_reach_postgres() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return value


def make_secrets(folder: Path) -> str:
    """Make secrets as operators do; return what the command says."""
    command = [sys.executable, "deploy/make_secrets.py", "--folder", folder]
    return subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout


@pytest.fixture
def database() -> Iterator[str]:
    """Give the address of an empty database; another one, with RESTORED behind its name, is there too."""
    need(can_reach_postgres(), "PostgreSQL does not answer")
    name, server = f"compose_{os.getpid()}", re.sub(r"/[^/]*$", "", POSTGRES)
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
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def processes(tmp_path: Path, database: str, storage: str) -> Iterator[Processes]:
    """Give the services, none of them started; secrets are made as operators make them."""
    for program in PROGRAMS:
        need(shutil.which(program) is not None, f"{program} is not installed")
    make_secrets(tmp_path / "secrets")
    web, redis, tls, plain, proxy, prometheus, *counts = (free_port() for _ in range(8))
    web_at = f"{NOBODYS_HOST}:{web}"
    workers = dict(zip(("worker", "metrics"), map(str, counts), strict=True))
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
        "/etc/caddy/Caddyfile": str(ROOT / "deploy" / "Caddyfile"),
        "/etc/prometheus": str(tmp_path / "monitoring"),
    }
    where = {"web": web_at} | {name: f"127.0.0.1:{port}" for name, port in workers.items()}
    configure_prometheus(tmp_path, where)
    address = f"https://localhost:{tls}"
    ports = {"HTTP_PORT": str(plain), "HTTPS_PORT": str(tls), "HEALTH_PORT": str(proxy)}
    images = {"proxy": {"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/config", **ports}}
    extra = {
        "redis": ["--port", str(redis), "--dir", str(tmp_path)],
        "prometheus": [f"--web.listen-address=127.0.0.1:{prometheus}"],
    }
    own = {name: {"9101": port} for name, port in workers.items()}
    running = Processes(tmp_path, {"PUBLIC_URL": address, **ports}, here, extra, images, own)
    yield running
    running.stop()


def configure_prometheus(folder: Path, where: dict[str, str]) -> None:
    """Copy Prometheus's folder; names that Docker would resolve become the addresses on this machine."""
    shutil.copytree(MONITORING, folder / "monitoring")
    path = folder / "monitoring" / "prometheus.yaml"
    wanted = yaml.safe_load(path.read_text().replace("/run/secrets", str(folder / "secrets")))
    wanted["global"]["scrape_interval"] = "1s"
    for job in wanted["scrape_configs"]:
        job.pop("scrape_interval", None)
        names = [name for asked in job.pop("dns_sd_configs", []) for name in asked["names"]]
        found = [(name, where[name]) for name in names if name in where]
        resolved = [{"targets": [at], "labels": {"__meta_dns_name": name}} for name, at in found]
        job["static_configs"] = resolved or [{"targets": [where["web"]]}]
    path.write_text(yaml.safe_dump(wanted))


class Visitor:
    """Somebody outside: over the proxy's TLS, with its certificate checked."""

    def __init__(self, processes: Processes, authorization: str = "") -> None:
        authority = (
            processes.folder / "proxy" / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        )
        headers = {"Authorization": authorization} if authorization else {}
        self.address = processes.variables["PUBLIC_URL"]
        self._pool = urllib3.PoolManager(ca_certs=str(authority), headers=headers, retries=False)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self._pool.request("GET", f"{self.address}{path}")

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status == 200, answer.data
        return answer.json()

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        answer = self._pool.request("POST", f"{self.address}{path}", **({"json": body or {}} | more))
        assert answer.status in {200, 201, 202}, answer.data
        return answer.json()

    def answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False


def a_zip_of_images(shade: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(12):
            picture = io.BytesIO()
            Image.new("RGB", (16, 16), (number * 20, shade, (number * 7) % 50)).save(picture, "PNG")
            archive.writestr(f"{number}.png", picture.getvalue())
    return buffer.getvalue()


def import_zip(researcher: Visitor, name: str, kind: str, shade: int) -> None:
    """Upload a zip through the proxy; the worker reads it from storage."""
    slug = researcher.post("/api/v1/sample-sets/", {"name": name, "kind": kind})["slug"]
    archive = {"archive": ("images.zip", a_zip_of_images(shade), "application/zip")}
    imports = f"/api/v1/sample-sets/{slug}/imports/"
    started = researcher.post(imports, json=None, fields=archive)
    done = wait_for(lambda: (run := researcher.json(f"{imports}{started['id']}/"))["finished_at"] and run)
    assert (done["added"], done["rejected"]) == (12, 0)


def launch(researcher: Visitor) -> None:
    """Make a study and launch it; the worker draws the trials and renders the stimuli."""
    conditions = [{"sample_set": "photos"}, {"sample_set": "model"}]
    researcher.post(
        "/api/v1/studies/",
        {"name": "Real", "protocol": "two_afc", "trial_count": 6, "seed": 1, "conditions": conditions},
    )
    researcher.post("/api/v1/studies/real/launch/")
    wait_for(lambda: researcher.json("/api/v1/studies/real/")["state"] == "open")


def rate(processes: Processes) -> int:
    """Take part as a rater: arrive from the public page, see the images, vote; return the votes stored."""
    stranger = Visitor(processes)
    page = stranger.get("/s/real/").data.decode()
    consent_hash = re.search(r"[0-9a-f]{64}", page)
    assert consent_hash, page
    arrival = {"study": "real", "consent": True, "consent_hash": consent_hash[0], "client": str(uuid.uuid4())}
    token = stranger.post("/api/v1/rating/sessions/", {**arrival, "arrival": {}, "device": {}})["token"]
    rater, stored = Visitor(processes, f"Session {token}"), 0
    while assignments := rater.post("/api/v1/rating/session/assignments/")["assignments"]:
        stored += vote(rater, assignments)
    rater.post("/api/v1/rating/session/complete/")
    return stored


def vote(rater: Visitor, assignments: list[dict[str, Any]]) -> int:
    for shown in (image for one in assignments for place in one["places"] for image in place):
        assert rater.get(shown["url"]).data[8:12] == b"WEBP"
    votes = [
        {"assignment": one["id"], "key": str(uuid.uuid4()), "answers": {"real": 0}, "response_ms": 900}
        for one in assignments
    ]
    results = rater.post("/api/v1/rating/session/votes/", {"votes": votes})["results"]
    return sum(result["status"] == "stored" for result in results)


def score(researcher: Visitor) -> dict[str, Any]:
    """Start a metric run and wait for the metrics worker; return the run."""
    wanted = {
        "name": "Scores",
        "reference": "photos",
        "generated": ["model"],
        "extractor": "pixels:8",
        "seed": 1,
    }
    run = researcher.post("/api/v1/metric-runs/", {**wanted, "metrics": ["frechet_distance"]})
    return wait_for(
        lambda: (now := researcher.json(f"/api/v1/metric-runs/{run['id']}/"))["finished_at"] and now
    )


@pytest.mark.services
@pytest.mark.timeout(300)
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
    run = score(researcher)
    assert (run["state"], run["problems"]) == ("succeeded", [])
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


def check_what_keda_asks(database: str) -> None:
    """The query that metrics workers come and go by works on PostgreSQL."""
    (query,) = set(re.findall(r'query: "(SELECT .*)"', SCALING.read_text()))
    with psycopg.connect(database, autocommit=True) as connection:
        assert connection.execute(query).fetchone() == (0,)
        connection.execute("UPDATE jobs_job SET state = 'running' WHERE kind = 'scoring.run'")
        assert connection.execute(query).fetchone() == (1,)
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

    wait_for(lambda: read() == {("web", "web"), ("installation", ""), *WORKERS}, 30)
    ((_labels, stored),) = ask_prometheus(processes, "humaneval_votes_stored_total")
    ((_labels, silent),) = ask_prometheus(processes, "humaneval_scheduler_silent_seconds")
    assert stored == 6
    assert silent < 60


WORKERS = {("workers", "worker"), ("workers", "metrics")}


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
    with pytest.raises((AssertionError, urllib3.exceptions.HTTPError)):
        researcher.post("/api/v1/rating/sessions/", {"consent": "x" * 7_000_000})
    answer = researcher.get("/healthz?PROLIFIC_PID=someone")
    assert "Server" not in answer.headers
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    plain = urllib3.request("GET", f"http://localhost:{processes.variables['HTTP_PORT']}/", redirect=False)
    assert plain.headers["Location"].startswith("https://localhost")
    log = processes.log_of("proxy").read_text()
    assert '"status":413' in log
    assert "/healthz?..." in log
    assert not any(word in log for word in ("remote_ip", "someone", "User-Agent"))


def check_health(processes: Processes, researcher: Visitor) -> None:
    """Each service's own check sees that it works and that it does not; the proxy waits for a new web."""
    for name in SERVERS:
        wait_for(lambda name=name: processes.is_healthy(name), 30)
        bound = services()[name].get("cap_add", [])
        assert not can_contain() or bound or processes.confinement(name) == (True, 0), name
    processes.kill("worker")
    alive = processes.folder / "worker" / "tmp" / "alive"
    os.utime(alive, (time.time() - 61,) * 2)  # a minute later
    assert not processes.is_healthy("worker")
    for name in ("web", "proxy", "prometheus"):
        processes.kill(name)
        assert not processes.is_healthy(name), name
    processes.start("proxy")
    wait_for(lambda: processes.is_healthy("proxy"), 30)
    processes.start("web")
    assert researcher.get("/healthz").status == 200


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


def test_a_backup_is_made_each_night_and_its_health_tells_of_the_last_good_one(tmp_path: Path) -> None:
    told, good = tmp_path / "told", tmp_path / "last-success"
    stand_ins = {  # it sleeps three times, the last time in vain, and the second backup fails
        "date": "echo 1799989000",  # 04:56:40
        "sleep": f'echo "sleep $1" >> {told}; test $(grep -c sleep {told}) -lt 3',
        "python": f'echo "$@" >> {told}; test $(grep -c manage {told}) -eq 1',
    }
    for name, script in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    shell, option, loop = services()["backup"]["command"]
    loop = interpolate(loop, {}).replace("$$", "$").replace("/backups/last", str(tmp_path / "last"))
    subprocess.run(
        [shell, option, loop], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=20, check=False
    )
    until_a_quarter_past_two = 24 * 3600 - (4 * 3600 + 56 * 60 + 40) + 2 * 3600 + 15 * 60
    night = [f"sleep {until_a_quarter_past_two + 1}", "manage.py backup /backups --keep 14"]
    assert told.read_text().splitlines() == [*night, *night, night[0]]

    _kind, *check = services()["backup"]["healthcheck"]["test"]
    check[-1] = check[-1].replace("/backups/last-success", str(good))
    assert subprocess.run(check).returncode == 0
    os.utime(good, (time.time() - 27 * 3600,) * 2)
    assert subprocess.run(check).returncode == 1


def test_no_service_is_left_out_of_the_run() -> None:
    assert {*PREPARATIONS, *SERVERS, *NOT_RUN, "redis"} == set(services())


def test_compose_and_what_the_docs_add_to_it_keep_to_the_published_schema(tmp_path: Path) -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "operate.md").read_text(), re.DOTALL)
    (tmp_path / "panels.yaml").write_text(written)
    program = Path(sys.executable).parent / "check-jsonschema"
    files = [COMPOSE, tmp_path / "panels.yaml"]
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.compose-spec", *files], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name, added in yaml.safe_load(written)["services"].items():
        assert image_of(services()[name]) == "server"
        assert {setting.removesuffix("_FILE") for setting in added["environment"]} <= settings_read()


def test_every_service_of_ours_is_locked_down() -> None:
    ours = {name: service for name, service in services().items() if image_of(service)}
    assert len(ours) == 8
    for name, service in {**ours, **{name: services()[name] for name in ("proxy", "prometheus")}}.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_every_service_has_a_check_of_its_health_and_whoever_waits_waits_for_that() -> None:
    for name, service in services().items():
        assert "healthcheck" in service, name
        for other, awaited in service.get("depends_on", {}).items():
            ends = services()[other]["healthcheck"].get("disable", False)
            assert awaited["condition"] == f"service_{'completed_successfully' if ends else 'healthy'}", name


def test_others_images_are_checked_with_what_is_in_them() -> None:
    """BusyBox's wget knows few options, and no curl comes with Caddy, SeaweedFS and Prometheus."""
    for name in ("proxy", "storage", "prometheus"):
        *command, address = services()[name]["healthcheck"]["test"]
        assert command == ["CMD", "wget", "-q", "-O", "/dev/null"], name
        assert address.startswith("http://127.0.0.1:"), name
    assert ":8333/" in services()["storage"]["healthcheck"]["test"][-1]
    assert "-s3.port=8333" in services()["storage"]["command"]


def test_databases_and_storage_are_reached_from_inside_only() -> None:
    networks = {name: service["networks"] for name, service in services().items()}
    assert [name for name, of in networks.items() if of == ["inside"]] == ["db", "redis", "storage"]
    ports = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert ports.keys() == {"proxy", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for port in ports["prometheus"]), "it asks for no password"


def test_secrets_are_files_and_none_is_written_down_here() -> None:
    text = COMPOSE.read_text()
    for name in (
        "SECRET_KEY",
        "RATER_KEY",
        "PANEL_ID_KEY",
        "S3_SECRET_KEY",
        "DATABASE_PASSWORD",
        "POSTGRES_PASSWORD",
    ):
        assert not re.search(rf"\b{name}:", text), name
        assert re.search(rf"\b{name}_FILE: /run/secrets/\w+", text), name


def test_secrets_are_made_once_and_out_of_others_reach(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert "already" in make_secrets(tmp_path / "secrets")
    assert first == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert set(first) == set(re.findall(r"\./secrets/(\w+)", COMPOSE.read_text()))
    user = json.loads(first["storage_users"])["identities"][0]
    assert user["credentials"][0]["secretKey"] == first["storage_key"]


def test_images_run_as_an_ordinary_user_and_check_themselves() -> None:
    stages = re.split(r"^FROM ", CONTAINERFILE.read_text(), flags=re.MULTILINE)[1:]
    images = {stage.split("AS ", 1)[1].split()[0]: stage for stage in stages if "\nCMD " in stage}
    assert set(images) == {"server", "metrics", "metrics-cuda"}
    for stage in images.values():
        assert re.findall(r"^USER (.*)$", stage, re.MULTILINE) == ["10001:10001"]
        assert "HEALTHCHECK" in stage


def test_backups_are_made_by_a_client_as_new_as_the_servers() -> None:
    (client,) = re.findall(r"postgresql-client-(\d+)", CONTAINERFILE.read_text())
    small = (ROOT / "deploy" / "kubernetes" / "small" / "database.yaml").read_text()
    assert set(re.findall(r"/postgres:(\d+)", COMPOSE.read_text() + small)) == {client}


def test_images_start_what_compose_starts() -> None:
    commands = re.findall(r"^CMD (\[.*\])$", CONTAINERFILE.read_text(), re.MULTILINE)
    by_compose = [services()[name]["command"] for name in ("metrics", "metrics-cuda", "web")]
    assert [json.loads(command) for command in commands] == by_compose
