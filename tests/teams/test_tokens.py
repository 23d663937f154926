"""A key to the API is shown when it is made, and kept nowhere: what is stored opens nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from rest_framework.authtoken.models import Token

from humaneval.account import factors
from humaneval.teams.authentication import ApiTokenAuthentication
from humaneval.teams.models import ApiToken, AuditEntry, TokenTerms, tokens
from tests.factories import TokenFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGES = "/admin/teams/apitoken/"


def status(key: str) -> int:
    return Client().get("/api/v1/studies/", headers={"Authorization": f"Token {key}"}).status_code


def key_on(page: str) -> str:
    """Return the key that a page shows this once."""
    return page.split("shown this once: ")[1][:40]


def kept() -> str:
    """Return all that the database holds of tokens and of what was done about them."""
    rows = [list(model.objects.values()) for model in (Token, LogEntry, AuditEntry)]
    return json.dumps(rows, default=str)


def test_a_key_is_shown_once_and_neither_pages_nor_database_have_it(admin_client: Client) -> None:
    person = UserFactory(username="grace")
    key = key_on(admin_client.post(f"{PAGES}add/", {"user": person.pk}, follow=True).content.decode())
    assert status(key) == 200
    other = UserFactory()
    for page in ("", f"{person.pk}/change/", f"{person.pk}/delete/", f"{person.pk}/history/"):
        text = admin_client.get(f"{PAGES}{page}").content.decode()
        assert f"{key[:6]}…" in text, page
        assert key not in text, page
    text = admin_client.get(f"/admin/auth/user/{person.pk}/delete/").content.decode()
    assert key not in text
    admin_client.post(f"{PAGES}{person.pk}/change/", {"user": other.pk})
    assert key not in kept()
    assert status(key) == 200
    admin_client.post(f"{PAGES}{other.pk}/delete/", {"post": "yes"})
    assert LogEntry.objects.filter(object_repr=f"{key[:6]}…").count() == 3
    assert key not in kept()
    assert status(key) == 401, "revoked"


def test_what_is_stored_opens_nothing() -> None:
    token = TokenFactory()
    assert (status(token.secret), status(token.key)) == (200, 401)
    assert ApiToken.objects.get(user=token.user).secret == ""


def test_the_schema_still_tells_of_tokens() -> None:
    schemes = Client().get("/api/schema/?format=json").json()["components"]["securitySchemes"]
    assert schemes["tokenAuth"]["description"].startswith("Token-based authentication")


def test_the_frameworks_own_command_makes_a_key_that_opens(capsys: pytest.CaptureFixture[str]) -> None:
    user = UserFactory()
    call_command("drf_create_token", user.username)
    first = capsys.readouterr().out.strip()
    assert status(first) == 200
    with pytest.raises(CommandError, match="--reset"):
        call_command("drf_create_token", user.username)
    call_command("drf_create_token", user.username, reset=True)
    assert (status(first), status(capsys.readouterr().out.strip())) == (401, 200)
    with pytest.raises(CommandError, match="Nobody"):
        call_command("drf_create_token", "nobody")


def test_recovery_codes_are_stored_hashed_for_their_person() -> None:
    user, other = UserFactory(), UserFactory()
    codes = factors.renew_codes(user)
    stored = list(StaticToken.objects.values_list("token", flat=True))
    assert not set(stored) & set(codes)
    assert factors.stored_form(codes[0], user) != factors.stored_form(codes[0], other)
    assert not factors.is_right(user, stored[0])
    StaticDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert factors.is_right(user, codes[0])


@pytest.fixture
def former(db: Any) -> tuple[User, str, str]:
    """Give somebody whose key and recovery code an older version has stored as they are."""
    user = UserFactory()
    key = Token.objects.create(user=user).key
    StaticDevice.objects.create(user=user).token_set.create(token="0123456789")
    kind = ContentType.objects.get(app_label="authtoken", model="tokenproxy")
    LogEntry.objects.create(user=user, content_type=kind, object_id=user.pk, object_repr=key, action_flag=1)
    return user, key, "0123456789"


def test_keys_and_codes_of_older_versions_are_hashed_and_go_on_working(former: tuple[User, str, str]) -> None:
    user, key, code = former
    migration = import_module("humaneval.teams.migrations.0003_secrets_are_kept_hashed")
    for _again in range(2):
        migration.hash_all(apps, _Editor)
    assert key not in kept()
    assert not StaticToken.objects.filter(token=code).exists()
    assert status(key) == 200
    assert factors.is_right(user, code)
    migration.take_hashed_away(apps, _Editor)
    assert not Token.objects.exists()
    assert not StaticToken.objects.exists()


class _Editor:
    """What the migration asks of a schema editor; SQLite's own would refuse to work inside a test."""

    connection = connection


def test_a_key_opens_nothing_after_its_last_day(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = UserFactory()
    words = {"user": person.pk, "expires_on": "2027-01-31"}
    key = key_on(admin_client.post(f"{PAGES}add/", words, follow=True).content.decode())
    for moment, answer in (("2027-01-31T23:59:59", 200), ("2027-02-01T00:00:00", 401)):
        monkeypatch.setattr(tokens.timezone, "now", lambda at=moment: datetime.fromisoformat(f"{at}+00:00"))
        assert status(key) == answer
    monkeypatch.undo()
    page = admin_client.get(f"{PAGES}{person.pk}/change/").content.decode()
    assert 'value="2027-01-31"' in page
    assert "Jan. 31, 2027" in admin_client.get(PAGES).content.decode()
    admin_client.post(f"{PAGES}{person.pk}/change/", {"user": person.pk, "expires_on": ""})
    assert status(key) == 200
    last = AuditEntry.objects.order_by("-id").values_list("action", "detail__expires_on")
    assert list(last[:2]) == [("change token", ""), ("make token", "2027-01-31")]


def test_when_a_key_was_last_used_is_stored_once_a_minute(django_assert_num_queries: Any) -> None:
    token = TokenFactory()
    authentication = ApiTokenAuthentication()
    with django_assert_num_queries(2):
        authentication.authenticate_credentials(token.secret)
    first = TokenTerms.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        authentication.authenticate_credentials(token.secret)
    TokenTerms.objects.update(last_used_at=first - timedelta(minutes=1), expires_on="2099-01-01")
    authentication.authenticate_credentials(token.secret)
    terms = TokenTerms.objects.get()
    assert terms.last_used_at is not None
    assert terms.last_used_at >= first
    assert str(terms.expires_on) == "2099-01-01", "noting a use leaves the last day alone"


def test_servers_of_the_former_release_still_revoke_keys() -> None:
    token = TokenFactory()
    assert status(token.secret) == 200
    with connection.cursor() as cursor:  # as a release that knows of no terms does
        cursor.execute("DELETE FROM authtoken_token WHERE key = %s", [token.key])
        connection.check_constraints()
    assert status(token.secret) == 401


def test_the_command_gives_a_key_its_last_day(capsys: pytest.CaptureFixture[str]) -> None:
    user = UserFactory()
    call_command("drf_create_token", user.username, "--expires", "2099-12-31")
    assert str(ApiToken.objects.get(user=user).expires_on) == "2099-12-31"
    with pytest.raises(CommandError, match="no day: write it as"):
        call_command("drf_create_token", user.username, "--reset", "--expires", "31.12.2099")
