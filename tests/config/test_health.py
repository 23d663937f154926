"""`/healthz` says that this process lives, `/readyz` that a rater sent to it would be served."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from humaneval.config import health, leaving, media, shared_cache
from humaneval.rating.throttles import ArrivalThrottle
from tests.s3 import aws_server, client_of


@pytest.fixture
def without_redis(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the platform be set to a Redis where none listens."""
    monkeypatch.setattr(shared_cache, "_away_until", 0.0)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    backend = {"BACKEND": "humaneval.config.shared_cache.SharedCache", "LOCATION": settings.REDIS_URL}
    settings.CACHES = {"default": backend}
    yield
    cache._own.clear()


@pytest.fixture(autouse=True)
def _not_seen_yet(monkeypatch) -> None:
    monkeypatch.setattr(health, "_seen_migrated", [])
    monkeypatch.setattr(media, "_not_before", [0.0])


def media_on(settings, address: str) -> None:
    """Let media be kept in a bucket of an S3 server."""
    names = ("endpoint_url", "region_name", "access_key", "secret_key")
    options = dict(zip(names, (address, "us-east-1", "someone", "secret"), strict=True))
    settings.S3_BUCKET = "misspelt"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "", "OPTIONS": options}}


@pytest.mark.django_db
def test_it_is_not_ready_while_the_bucket_is_not_there(client: Client, settings) -> None:
    with aws_server() as address:
        media_on(settings, address)
        response = client.get("/readyz")
        said = "there is no bucket misspelt: correct S3_BUCKET, or run manage.py make_bucket"
        assert (response.status_code, response.json()["storage"]) == (503, said)
        client_of(address).create_bucket(Bucket="misspelt")
        assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_a_storage_that_does_not_answer_keeps_no_votes_out(client: Client, settings) -> None:
    media_on(settings, "http://127.0.0.1:1")
    assert client.get("/readyz").status_code == 200


def test_a_living_process_says_so_without_its_database(client: Client) -> None:
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_it_is_ready_when_everything_answers(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_it_is_not_ready_when_the_database_does_not_answer(client: Client) -> None:
    health._seen_migrated.append(True)
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "not ready", "database": "does not answer"}


@pytest.mark.django_db
def test_it_is_not_ready_before_the_database_is_migrated(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="reports").delete()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["migrations"]) == (503, "run manage.py migrate")


@pytest.mark.django_db
def test_it_is_ready_without_the_shared_cache_and_says_that_it_is_gone(client: Client, without_redis) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert "counts rate limits for itself" in response.json()["cache"]


@pytest.mark.django_db
def test_without_the_shared_cache_raters_come_and_limits_hold_in_this_process(
    client: Client, without_redis, caplog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArrivalThrottle, "get_rate", lambda self: "2/min")
    statuses = [
        client.post("/api/v1/rating/sessions/", "{}", "application/json").status_code for _ in range(3)
    ]
    assert statuses == [400, 400, 429]
    said = [record.levelname for record in caplog.records if "Redis does not answer" in record.message]
    assert set(said) == {"WARNING"}


@pytest.mark.django_db
def test_it_is_not_ready_once_its_server_was_told_to_stop(client: Client, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv(leaving.COUNTS, str(tmp_path))
    assert not leaving.is_leaving()
    (tmp_path / "leaving").touch()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["server"]) == (503, "is about to stop")
