"""`/healthz` says that this process lives, `/readyz` that a rater sent to it would be served."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from humaneval.config import health, leaving


@pytest.fixture(autouse=True)
def _not_seen_yet(monkeypatch) -> None:
    monkeypatch.setattr(health, "_seen_migrated", [])


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
def test_it_is_not_ready_when_the_shared_cache_is_gone(client: Client, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with patch("humaneval.config.health.cache.get", side_effect=ConnectionError):
        response = client.get("/readyz")
    assert (response.status_code, response.json()["cache"]) == (503, "does not answer")


@pytest.mark.django_db
def test_it_is_not_ready_once_its_server_was_told_to_stop(client: Client, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv(leaving.COUNTS, str(tmp_path))
    assert not leaving.is_leaving()
    (tmp_path / "leaving").touch()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["server"]) == (503, "is about to stop")
