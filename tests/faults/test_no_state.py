"""Web servers keep nothing that another needs: requests go to them by turns, and none can tell."""

from __future__ import annotations

import http.client
import itertools
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import urllib3
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Session, Vote
from humaneval.studies.models import Study
from tests.factories import UserFactory, open_study
from tests.faults.hosts import Hosts
from tests.jobs.platform import Databases, Platform
from tests.needs import missing
from tests.ports import free_port
from tests.rating.conftest import vote_for
from tests.studies.test_flow import FLOW

DEVICE = {"viewport": [1200, 800], "refresh_hz": 60, "keyboard": True}
PASSWORD = "correct horse"
ARRIVALS, GUESSES = 30, 2


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a Redis of these tests' own, or nothing where it is not installed."""
    if not shutil.which("redis-server"):
        yield ""
        return
    port = free_port()
    options = ["--port", str(port), "--save", "", "--dir", str(tmp_path_factory.mktemp("redis"))]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def platform(
    redis: str, tmp_path_factory: pytest.TempPathFactory, databases: Databases, django_db_blocker
) -> Iterator[Platform]:
    """Give a platform that all tests here share."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.jobs.odd_settings_plain_static",
        "THROTTLE_ARRIVAL": f"{ARRIVALS}/day",
        "LOGIN_FAILURES": str(GUESSES),
        "REDIS_URL": redis,
    }
    platform = Platform(tmp_path_factory.mktemp("platform"), databases.copy(), settings)
    with django_db_blocker.unblock(), platform.database():
        yield platform
    platform.end()


@pytest.fixture(scope="module")
def ports(platform: Platform) -> list[int]:
    """Give the ports of two web servers of two processes each."""
    return Hosts(platform, [free_port(), free_port()]).ports


class Wanderer:
    """A browser whose every request goes to another server than the one before."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._http = urllib3.PoolManager(retries=False, timeout=150)
        self.cookies: dict[str, str] = {}
        self.token = ""

    def ask(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Send a request and keep the cookies that come back."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers["Connection"] = "close"
        if self.token:
            headers["Authorization"] = f"Session {self.token}"
        address = f"http://127.0.0.1:{next(self._ports)}{path}"
        answer = self._http.request(method, address, redirect=False, headers=headers, **options)
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, _equals, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def rating(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Post to the rater API; return status and answer."""
        answer = self.ask("POST", f"/api/v1/rating/{path}", json=body)
        return answer.status, answer.json()

    def arrive(self, study: Study, client: str) -> tuple[int, dict[str, Any]]:
        """Arrive in a study, and hold its session's token from then on."""
        who = {"study": study.slug, "client": client, "device": DEVICE}
        self.token = ""
        status, answer = self.rating(
            "sessions/", {**who, "consent": True, "consent_hash": consent_hash(study)}
        )
        self.token = answer.get("token", "")
        return status, answer

    def vote(self, *votes: dict[str, Any]) -> list[str]:
        """Send votes; return what became of each."""
        return [row["status"] for row in self.rating("session/votes/", {"votes": votes})[1]["results"]]

    def sign_in(self, password: str) -> bool:
        """Send the form of the sign-in page; return whether it let somebody in."""
        page = self.ask("GET", "/admin/login/").data.decode()
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page))
        form = {"username": "ada", "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
        return self.ask("POST", "/admin/login/", fields=form, encode_multipart=False).status == 302


def test_a_session_goes_on_wherever_its_next_request_lands(platform: Platform, ports: list[int]):
    study = open_study(flow=FLOW, trial_count=8, samples=30, assignments_per_session=7, repeats_per_session=1)
    rater, client, stored = Wanderer(ports), str(uuid.uuid4()), set()
    assert rater.arrive(study, client)[0] == 201
    token = rater.token
    assert rater.arrive(study, client)[0] == 200
    assert rater.token == token
    assert rater.rating("session/assignments/", {})[1]["code"] == "comprehension"
    assert rater.rating("session/comprehension/", {"answers": {"task": 0}})[1]["tries_left"] == 1
    assert rater.rating("session/comprehension/", {"answers": {"task": 1}})[1]["passed"]
    while block := rater.rating("session/assignments/", {})[1]["assignments"]:
        again = rater.rating("session/assignments/", {})[1]["assignments"]
        assert [shown["id"] for shown in again] == [shown["id"] for shown in block]
        for vote in map(vote_for, block):
            assert rater.vote(vote) == ["stored"]
            assert rater.vote(vote) == ["duplicate"]
            assert rater.vote(vote_for({"id": vote["assignment"]})) == ["rejected"]
            stored.add(vote["key"])
    assert rater.rating("session/closing/", {"answers": {"age": 33, "eyes": 0}})[0] == 200
    completed = [rater.rating("session/complete/", {})[1]["completion"] for _ in range(2)]
    assert completed[0] == completed[1]
    assert rater.ask("GET", "/api/v1/rating/session/").json()["state"] == "completed"
    assert {str(key) for key in Vote.objects.values_list("key", flat=True)} == stored
    assert (len(stored), Session.objects.count()) == (8, 1)


def test_a_study_that_is_paused_by_one_server_is_paused_on_all(platform: Platform, ports: list[int]):
    study = open_study(trial_count=20, samples=50, assignments_per_session=20, repeats_per_session=0)
    rater = Wanderer(ports)
    rater.arrive(study, str(uuid.uuid4()))
    shown = rater.rating("session/assignments/", {})[1]["assignments"]
    assert rater.vote(vote_for(shown[0])) == rater.vote(vote_for(shown[1])) == ["stored"]
    Study.objects.filter(pk=study.pk).update(state="paused")
    for port in ports:
        assert Wanderer([port]).arrive(study, str(uuid.uuid4()))[1]["code"] == "study_paused"
        assert rater.rating("session/assignments/", {})[1]["study_state"] == "paused"
    assert rater.vote(vote_for(shown[2])) == rater.vote(vote_for(shown[3])) == ["stored"]


def test_who_signs_in_on_one_server_is_known_to_all_and_so_is_who_guesses(
    platform: Platform, ports: list[int]
):
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1)  # servers know no other kind
    UserFactory(username="ada", is_superuser=True, password=hashed)
    ada = Wanderer(ports)
    assert ada.sign_in(PASSWORD)
    assert [ada.ask("GET", "/admin/").status for _ in range(4)] == [200] * 4
    guesser = Wanderer(ports)
    assert not any(guesser.sign_in(f"wrong {number}") for number in range(GUESSES))
    assert not any(Wanderer(ports[turn:]).sign_in(PASSWORD) for turn in range(2))


def test_a_server_ends_no_connection_that_its_proxy_may_be_sending_over(ports: list[int]):
    with closing(http.client.HTTPConnection("127.0.0.1", ports[0], timeout=150)) as connection:
        for pause in (0, 3):  # gunicorn by itself ends it after two seconds
            time.sleep(pause)
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            assert (answer.status, answer.read() != b"", answer.will_close) == (200, True, False)


@pytest.mark.services
def test_arrivals_are_counted_over_all_servers(redis: str, platform: Platform, ports: list[int]):
    if not redis:
        missing("Redis is not installed (Debian: apt install redis-server)")
    study, stranger = open_study(), Wanderer(ports)
    statuses = [stranger.arrive(study, str(uuid.uuid4()))[0] for _ in range(ARRIVALS)]
    assert set(statuses) == {201, 429}
    assert statuses == sorted(statuses)
