"""What is asked from within is answered by whatever name, without TLS; all else keeps to its own host."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

TOKEN = "a-long-secret"
ASKED_FROM_WITHIN = ("healthz", "readyz", "process-metrics", "installation-metrics")


@pytest.fixture(autouse=True)
def public_server(settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.ALLOWED_HOSTS = ["study.example.org"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fd00::7]:8000", "web:8000", "localhost"])
@pytest.mark.parametrize("name", ASKED_FROM_WITHIN)
def test_probes_and_prometheus_are_answered_by_address_and_by_name(
    client: Client, name: str, host: str
) -> None:
    headers = {"host": host, "authorization": f"Bearer {TOKEN}"}
    assert client.get(reverse(name), headers=headers).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/metrics", "/metrics/installation"])
def test_counts_ask_for_the_token_there_too(client: Client, address: str) -> None:
    for given in ({}, {"authorization": "Bearer wrong"}):
        assert client.get(address, headers={"host": "web:8000", **given}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/s/faces/", "/metrics/", "//healthz", "/healthz/x"])
def test_all_else_is_answered_under_its_own_host_and_with_tls_only(client: Client, address: str) -> None:
    assert client.get(address, headers={"host": "10.1.2.3:8000"}, secure=True).status_code == 400
    away = client.get(address, headers={"host": "study.example.org"})
    assert away.status_code == 301
    assert away.headers["Location"].startswith("https://study.example.org/")
