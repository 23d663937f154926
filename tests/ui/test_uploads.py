"""An upload ends at the limit, whatever it says of its size; strangers may send little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.test import Client

from humaneval.ui import uploads
from humaneval.ui.uploads import UploadLimit
from tests.factories import SampleSetFactory, TokenFactory, UserFactory

ROOT = Path(__file__).resolve().parents[2]
FORGED = "x" * 32
"""A cookie against forged requests, as anybody can make for themselves."""


@pytest.mark.django_db
def test_an_upload_above_the_limit_is_refused(client: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    client.force_login(UserFactory())
    address = f"/api/v1/sample-sets/{SampleSetFactory().slug}/imports/"
    answer = client.post(address, {"archive": SimpleUploadedFile("a.zip", b"x" * 2000)})
    assert answer.status_code in {400, 413}
    assert client.post(address, {"archive": SimpleUploadedFile("a.zip", b"x")}).status_code == 400


@pytest.fixture
def opened(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let strangers send 1,000 bytes, write files of any size to disk, and note each that is begun."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    monkeypatch.setattr(uploads, "STRANGERS_MAX_BYTES", 1000)
    begun: list[str] = []
    new_file = TemporaryFileUploadHandler.new_file

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        begun.append(kwargs.get("file_name") or args[1])
        new_file(self, *args, **kwargs)

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", noted)
    return begun


def send(client: Client, address: str, size: int, **headers: str) -> int:
    """Post a form with a file of some size, with a self-made cookie against forged requests."""
    client.cookies["csrftoken"] = FORGED
    file = SimpleUploadedFile("a.zip", b"x" * size)
    return client.post(address, {"csrfmiddlewaretoken": FORGED, "archive": file}, headers=headers).status_code


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/admin/samples/importrun/add/", "/admin/login/"])
def test_what_strangers_send_is_not_written_to_disk(opened: list[str], address: str) -> None:
    stranger = Client(enforce_csrf_checks=True)
    assert send(stranger, address, 2000) == 400
    assert opened == []
    assert send(stranger, address, 100) in {200, 302}
    assert opened == ["a.zip"], "the form was read before it was asked who sends it"


@pytest.mark.django_db
def test_accounts_that_are_not_staff_are_strangers_too(opened: list[str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(is_staff=False, is_superuser=False))
    assert send(client, "/admin/samples/importrun/add/", 2000) == 400
    assert opened == []


@pytest.mark.django_db
def test_staff_send_large_files_by_page_and_by_token(opened: list[str]) -> None:
    staff = Client(enforce_csrf_checks=True)
    staff.force_login(UserFactory())
    assert send(staff, "/admin/samples/importrun/add/", 2000) == 200
    address = f"/api/v1/sample-sets/{SampleSetFactory().slug}/imports/"
    key = {"Authorization": f"Token {TokenFactory().secret}"}
    assert send(Client(), address, 2000, **key) == 400
    assert opened == ["a.zip", "a.zip"], "only what was in it was refused"


def test_bytes_are_counted_as_they_come(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    limit = UploadLimit(HttpRequest())
    limit.handle_raw_input(None, {}, 10, b"")
    assert limit.receive_data_chunk(b"x" * 600, 0) == b"x" * 600
    with pytest.raises(RequestDataTooBig):
        limit.receive_data_chunk(b"x" * 600, 600)


def test_the_clusters_way_in_takes_large_bodies_where_archives_arrive_and_nowhere_else() -> None:
    text = (ROOT / "deploy" / "kubernetes" / "base" / "ingress.yaml").read_text()
    limits = {}
    for ingress in yaml.safe_load_all(text):
        limit = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            limits[path["path"]] = limit
    assert limits == {"/": "6m", "/api/v1/sample-sets/": "10g", "/admin/samples/": "10g"}
    caddy = (ROOT / "deploy" / "Caddyfile").read_text()
    assert "@archives path /api/v1/sample-sets/*/imports/ /admin/samples/*" in caddy
