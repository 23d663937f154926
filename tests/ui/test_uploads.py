"""An upload ends at the limit, whatever it says of its size; strangers may send little."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from humaneval.ui import uploads
from humaneval.ui.uploads import LargeUploads, UploadLimit
from tests.deploy.compose import services
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


def test_large_bodies_leave_threads_for_others() -> None:
    enough, inside = threading.Event(), threading.Barrier(uploads.LARGE_AT_ONCE + 1)

    def arriving(request: HttpRequest) -> HttpResponse:
        inside.wait(10)
        enough.wait(10)
        return HttpResponse()

    middleware = LargeUploads(arriving)
    large = RequestFactory().post("/", CONTENT_LENGTH=str(uploads.STRANGERS_MAX_BYTES + 1))
    with ThreadPoolExecutor() as threads:
        slow = [threads.submit(middleware, large) for _ in range(uploads.LARGE_AT_ONCE)]
        inside.wait(10)
        refused = middleware(large)
        enough.set()
        assert [answer.result().status_code for answer in slow] == [200] * uploads.LARGE_AT_ONCE
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    again = LargeUploads(lambda request: HttpResponse())
    assert [again(large).status_code for _ in range(5)] == [200] * 5, "places are given back"


@pytest.mark.django_db
def test_small_bodies_need_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGE_AT_ONCE", 0)
    monkeypatch.setattr(uploads, "STRANGERS_MAX_BYTES", 1000)
    assert send(Client(), "/admin/login/", 2000) == 503
    assert send(Client(), "/admin/login/", 10) == 200


def test_half_of_a_servers_threads_are_for_large_bodies() -> None:
    (threads,) = (part for part in services()["web"]["command"] if part.startswith("--threads="))
    assert threads == f"--threads={2 * uploads.LARGE_AT_ONCE}"


def test_the_proxy_takes_large_bodies_where_archives_arrive_and_nowhere_else() -> None:
    caddy = (ROOT / "deploy" / "proxy" / "Caddyfile").read_text()
    assert "@archives path /api/v1/sample-sets/*/imports/ /admin/samples/*" in caddy
    assert "@others not path /api/v1/sample-sets/*/imports/ /admin/samples/*" in caddy
    assert re.findall(r"request_body @(\w+) \{\s+max_size (\S+)\s", caddy) == [
        ("archives", "{$UPLOAD_LIMIT:10GB}"),
        ("others", "6MB"),
    ]
