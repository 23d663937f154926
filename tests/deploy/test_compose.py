"""compose.yaml is kept honest: its very commands and environment run against real servers."""

from __future__ import annotations

import io
import os
import re
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from PIL import Image

from tests.deploy.compose import ROOT, Processes, services

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = ("127.0.0.1", 6379)


def need(reachable: bool, what: str) -> None:
    if not reachable and os.environ.get("CI"):
        pytest.fail(f"{what} does not answer, and CI must run this test")
    if not reachable:
        pytest.skip(f"{what} does not answer on this machine")


def can_reach_redis() -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(REDIS) == 0


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


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return value


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    need(can_reach_postgres(), "PostgreSQL")
    need(can_reach_redis(), "Redis")
    name = f"compose_{os.getpid()}"
    server = re.sub(r"/[^/]*$", "", POSTGRES)
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    variables = {
        "POSTGRES_PASSWORD": "secret",
        "SECRET_KEY": "x" * 64,
        "PUBLIC_URL": "https://study.example.org",
        "ALLOWED_HOSTS": "study.example.org",
    }
    hosts = {
        "postgres://humaneval:secret@db:5432/humaneval": f"{server}/{name}",
        "redis://redis:6379/0": "redis://127.0.0.1:6379/11",
        "redis://redis:6379/1": "redis://127.0.0.1:6379/12",
    }
    running = Processes(tmp_path, variables, hosts, free_port())
    yield running
    running.stop()
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]


def a_zip_of_images() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(5):
            picture = io.BytesIO()
            Image.new("RGB", (16, 16), (number * 40, 0, 0)).save(picture, "PNG")
            archive.writestr(f"{number}.png", picture.getvalue())
    return buffer.getvalue()


@pytest.mark.services
@pytest.mark.timeout(180)
def test_a_zip_uploaded_to_the_web_service_is_imported_by_the_worker_service(processes: Processes) -> None:
    processes.run("migrate")
    processes.run("web", "python", "manage.py", "collectstatic", "--noinput", "--verbosity=0")
    processes.run("web", "python", "manage.py", "shell", "-c", MAKE_USER)
    token = processes.run("web", "python", "manage.py", "drf_create_token", "op").split()[2]
    for name in ("web", "worker", "metrics"):
        processes.start(name)
    http = urllib3.PoolManager(headers={"Host": "study.example.org", "Authorization": f"Token {token}"})
    base = f"http://127.0.0.1:{processes.port}"
    wait_for(lambda: answers(http, f"{base}/healthz"))

    http.request("POST", f"{base}/api/v1/sample-sets/", json={"name": "Zip", "kind": "real"})
    started = http.request(
        "POST",
        f"{base}/api/v1/sample-sets/zip/imports/",
        fields={"archive": ("five.zip", a_zip_of_images(), "application/zip")},
    )
    assert started.status == 202, started.data
    run = f"{base}/api/v1/sample-sets/zip/imports/{started.json()['id']}/"
    done = wait_for(lambda: (found := http.request("GET", run).json())["finished_at"] and found)
    assert (done["added"], done["rejected"]) == (5, 0)


MAKE_USER = """
from django.contrib.auth.models import User
User.objects.create_user("op", is_staff=True, is_superuser=True)
"""


def answers(http: urllib3.PoolManager, url: str) -> bool:
    try:
        return http.request("GET", url, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_every_service_of_ours_is_locked_down() -> None:
    for name, service in services().items():
        if service.get("image") != "humaneval":
            continue
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    for secret in ("POSTGRES_PASSWORD", "SECRET_KEY"):
        assert f"${{{secret}:?" in text
        assert f"${{{secret}:-" not in text


def test_the_image_runs_as_an_ordinary_user() -> None:
    lines = (ROOT / "deploy" / "Containerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users[-1] != "root"
