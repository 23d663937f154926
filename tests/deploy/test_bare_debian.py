"""The README's commands need nothing but Python, its venv package and make: in a Debian without more."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.deploy.bare_debian import PACKAGES, BareDebian, why_not
from tests.needs import missing
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
NOWHERE = "127.0.0.1:1"
SERVICES = {"POSTGRES": f"postgres://{NOWHERE}/none", "REDIS": f"redis://{NOWHERE}"}
SERVICES["RABBITMQ"] = f"amqp://{NOWHERE}"
FORBIDDEN = {"git", "gcc", "python3-pip", "nodejs", "chromium", "curl"}


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> BareDebian:
    """Give a bare Debian; it is kept in BARE_DEBIAN for the next run, if that names a folder."""
    if reason := why_not():
        missing(reason)
    kept = os.environ.get("BARE_DEBIAN")
    debian = BareDebian(Path(kept) if kept else tmp_path_factory.mktemp("bare-debian"))
    debian.make()
    return debian


def test_it_is_bare(debian: BareDebian) -> None:
    installed = set(debian.installed())
    assert set(PACKAGES) <= installed
    assert not installed & FORBIDDEN


def test_make_demo_comes_up_for_an_ordinary_user(debian: BareDebian) -> None:
    said = list(debian.lines(f"make demo PORT={free_port()}", until="READY"))
    assert any(line.startswith("ADMIN http://127.0.0.1:") for line in said), said
    assert any(line.startswith("REPORT which-is-real ") for line in said), said


def test_make_serve_gives_an_ordinary_user_a_server_that_is_ready_and_a_page_to_sign_in_at(
    debian: BareDebian,
):
    port = free_port()
    serving = debian.start(f"make serve PORT={port}")
    try:
        for path, wanted in (("readyz", ""), ("admin/login/", "<form")):
            assert wanted in page_of(f"http://127.0.0.1:{port}/{path}", serving)
    finally:
        os.killpg(serving.pid, signal.SIGKILL)
        serving.wait()


def page_of(address: str, serving: subprocess.Popen[str]) -> str:
    """Return a page as soon as it is answered with 200; fail where the server ended, or nothing comes."""
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline:
        assert serving.poll() is None, serving.stdout.read() if serving.stdout else ""
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(1)
    pytest.fail(f"{address} was never answered")


def test_make_test_sets_itself_up_and_passes(debian: BareDebian) -> None:
    """As root, who may install the one thing that pip cannot: a browser. Services are out of reach."""
    out_of_reach = " ".join(f"TEST_{name}_URL={url}" for name, url in SERVICES.items())
    said = list(debian.lines(f"{out_of_reach} make test", user="root"))
    assert any(" passed" in line for line in said[-5:]), said[-20:]
