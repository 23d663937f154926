"""Guessing passwords is limited by address and by name before anything dear is computed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from humaneval.account import guarding
from humaneval.account.guarding import SignInThrottle
from tests.account.test_signing_in import CODE, LOGIN, WORDS, ada, enrolled, token_of

__all__ = ["ada"]

pytestmark = pytest.mark.django_db
WRONG = {**WORDS, "password": "wrong"}


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names whose passwords were checked."""
    from django.contrib.auth import forms

    seen, real = [], forms.authenticate

    def noted(request: Any, **words: Any) -> Any:
        seen.append(words["username"])
        return real(request, **words)

    monkeypatch.setattr(forms, "authenticate", noted)
    return seen


def browser(address: str) -> Client:
    return Client(REMOTE_ADDR=address)


@pytest.mark.parametrize("addresses", [["203.0.113.9"], ["2001:db8::1", "2001:db8::ffff:2"]])
def test_an_address_that_tries_many_names_is_stopped_before_passwords_are_checked(
    ada, checks, monkeypatch, addresses
) -> None:
    monkeypatch.setattr(SignInThrottle, "rate", "4/hour", raising=False)
    for number in range(6):
        sprayer = browser(addresses[number % len(addresses)])
        answer = sprayer.post(LOGIN, {"username": f"name{number}", "password": "Winter2026!"})
    assert answer.status_code == 429
    assert "tried from this address. Try again in 60 minutes" in answer.content.decode()
    assert checks == ["name0", "name1", "name2", "name3"]
    assert browser("2001:db8:0:1::1").post(LOGIN, WORDS).status_code == 302, "not from elsewhere"


def test_many_addresses_close_a_name_but_not_to_its_person(settings, ada, checks) -> None:
    settings.LOGIN_NAME_FAILURES = 6
    known = browser("198.51.100.1")
    assert known.post(LOGIN, WORDS).status_code == 302
    other = browser("198.51.100.2")
    other.cookies[guarding.MARK] = known.cookies[guarding.MARK].value[:-2]
    for number in range(6):
        assert browser(f"203.0.113.{number}").post(LOGIN, WRONG).status_code == 200
    checks.clear()
    answer = other.post(LOGIN, WORDS)
    assert (answer.status_code, checks) == (429, [])
    assert "only in browsers in which it was used before" in answer.content.decode()
    assert other.post(LOGIN, {**WRONG, "username": "grace"}).status_code == 200
    known.post("/admin/logout/")
    assert known.post(LOGIN, WORDS).status_code == 302
    for number in range(5):  # the mark is no way to guess: the name from that address is locked as ever
        assert known.post(LOGIN, WRONG).status_code == (429 if number == 4 else 200)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert other.post(LOGIN, WORDS).status_code == 302, "and it opens by itself"


def test_a_browser_is_known_only_after_the_second_step(settings, client, ada) -> None:
    enrolled(ada)
    client.post(LOGIN, WORDS)
    assert guarding.MARK not in client.cookies
    client.post(CODE, {"token": token_of(ada, steps=1)})
    mark = client.cookies[guarding.MARK]
    assert (mark["httponly"], mark["path"], mark["samesite"]) == (True, "/admin/login/", "Lax")
    assert client.cookies["sessionid"].value == client.session.session_key, "a key, and no name"


def test_the_apis_description_is_drawn_once_whoever_asks_and_however(monkeypatch) -> None:
    from drf_spectacular.views import SpectacularAPIView

    from humaneval.config import schema

    drawn, real = [], SpectacularAPIView.generator_class.get_schema

    def counted(self: Any, **words: Any) -> Any:
        drawn.append(words)
        return real(self, **words)

    schema._drawn.cache_clear()
    monkeypatch.setattr(SpectacularAPIView.generator_class, "get_schema", counted)
    for number in range(3):
        answer = Client().get(f"/api/schema/?format=json&version={number}&lang=de")
        assert answer.json()["openapi"].startswith("3.")
    assert len(drawn) == 1
    assert Client().get("/api/schema/").content.startswith(b"openapi: 3.")
