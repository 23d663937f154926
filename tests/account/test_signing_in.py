"""Signing in: wrong passwords are slowed down, and a second factor is asked for by who has one."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import TOTP

from humaneval.account import factors
from humaneval.teams.models import AuditEntry
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LOGIN, CODE, SECURITY = "/admin/login/", "/account/sign-in/code/", "/account/security/"
WORDS = {"username": "ada", "password": "correct horse"}


@pytest.fixture
def ada() -> User:
    user = UserFactory(username="ada")
    user.set_password(WORDS["password"])
    user.save()
    return user


def token_of(user: User, *, steps: int = 0) -> str:
    """Return what the person's app shows now, or some steps of half a minute later."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    device = TOTPDevice.objects.get(user=user)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift + steps)
    return f"{totp.token():06d}"


def enrolled(user: User) -> list[str]:
    """Switch a person's second factor on; return the recovery codes."""
    factors.pending_device(user)
    codes = factors.confirm(user, token_of(user))
    assert codes is not None
    return codes


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_password_is_enough_for_who_has_no_second_factor(client: Client, ada: User) -> None:
    assert client.post(f"{LOGIN}?next=/admin/samples/", WORDS)["Location"] == "/admin/samples/"
    assert is_in(client)


def test_the_form_leads_to_the_page_that_was_asked_for(client: Client, ada: User) -> None:
    asked = client.get("/s/any-study/preview/?screen=break")["Location"]
    form = re.search(r'<form action="([^"]+)"', client.get(asked).content.decode())
    assert form is not None
    entered = client.post(html.unescape(form[1]), WORDS)
    assert entered["Location"] == "/s/any-study/preview/?screen=break"


def test_wrong_passwords_lock_the_name_from_that_address_for_a_while(client: Client, ada: User) -> None:
    for _ in range(5):
        answer = client.post(LOGIN, {**WORDS, "password": "wrong"})
    assert answer.status_code == 429
    assert "Too many wrong passwords" in answer.content.decode()
    assert client.post(LOGIN, WORDS).status_code == 429, "the right password too"
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert elsewhere.post(LOGIN, WORDS).status_code == 302, "nobody can lock others out from afar"


def test_an_address_that_a_client_claims_is_believed_only_behind_proxies(settings, client, ada) -> None:
    for number in range(6):
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        answer = client.post(LOGIN, {**WORDS, "password": "wrong"}, headers=headers)
    assert answer.status_code == 429


def test_enrolling_shows_a_qr_code_and_asks_for_a_code_before_it_holds(client: Client, ada: User) -> None:
    client.force_login(ada)
    page = client.get(f"{SECURITY}enrol/")
    assert "<svg" in page.content.decode()
    assert "style=" not in page.content.decode(), "the strict policy would not apply it"
    assert client.post(f"{SECURITY}enrol/", {"token": "000000"}).status_code == 400
    assert not factors.has_factor(ada)


def test_with_a_second_factor_the_password_alone_opens_nothing(client: Client, ada: User) -> None:
    enrolled(ada)
    assert client.post(LOGIN, WORDS)["Location"] == CODE
    assert not is_in(client)
    assert client.get("/api/v1/studies/").status_code in {401, 403}
    assert client.post(CODE, {"token": "123"}).status_code == 400
    assert not is_in(client)


def test_a_code_of_the_app_lets_in_once(client: Client, ada: User) -> None:
    enrolled(ada)
    client.post(f"{LOGIN}?next=/admin/samples/", WORDS)
    token = token_of(ada, steps=1)
    assert client.post(CODE, {"token": token})["Location"] == "/admin/samples/"
    assert is_in(client)
    another = Client()
    another.post(LOGIN, WORDS)
    assert another.post(CODE, {"token": token}).status_code == 400


def test_a_recovery_code_lets_in_once_and_is_used_up(ada: User) -> None:
    code, *_others = enrolled(ada)
    for status in (302, 400):
        client = Client()
        client.post(LOGIN, WORDS)
        assert client.post(CODE, {"token": code}).status_code == status
    assert factors.codes_left(ada) == factors.CODES - 1


def test_the_second_step_needs_the_first(client: Client, ada: User) -> None:
    enrolled(ada)
    assert client.get(CODE)["Location"] == LOGIN


def test_a_password_that_changed_in_between_begins_anew(client: Client, ada: User) -> None:
    enrolled(ada)
    client.post(LOGIN, WORDS)
    ada.set_password("another")
    ada.save()
    assert client.post(CODE, {"token": token_of(ada, steps=1)})["Location"] == LOGIN


def test_the_operator_may_ask_everybody_for_one(settings, client: Client, ada: User) -> None:
    settings.SECOND_FACTOR = "required"
    assert client.post(LOGIN, WORDS)["Location"] == "/account/sign-in/enrol/"
    assert not is_in(client)
    client.get("/account/sign-in/enrol/")
    page = client.post("/account/sign-in/enrol/", {"token": token_of(ada)})
    assert len(re.findall(r"<code>[0-9a-f]{10}</code>", page.content.decode())) == factors.CODES
    assert is_in(client)
    assert client.post(f"{SECURITY}remove/", {"token": "0"}).status_code == 403


def test_asking_everybody_for_one_reaches_sessions_that_are_open(settings, client: Client, ada: User) -> None:
    without, with_code = Client(), Client()
    for session in (client, without):
        session.post(LOGIN, WORDS)
    assert is_in(client)
    enrolling = client.get(f"{SECURITY}enrol/")
    assert enrolling.status_code == 200
    client.post(f"{SECURITY}enrol/", {"token": token_of(ada)})
    with_code.post(LOGIN, WORDS)
    with_code.post(CODE, {"token": token_of(ada, steps=1)})
    settings.SECOND_FACTOR = "required"
    assert [is_in(session) for session in (client, with_code, without)] == [True, True, False]
    assert without.get("/api/v1/studies/").status_code in {401, 403}
    assert without.get("/admin/")["Location"].startswith(LOGIN)
    settings.SECOND_FACTOR = "optional"
    assert is_in(without)


def test_pages_that_ask_nobody_stay_free_of_cookies(settings, client: Client, ada: User) -> None:
    settings.SECOND_FACTOR = "required"
    client.post(LOGIN, WORDS)
    assert "Cookie" not in client.get("/healthz").headers.get("Vary", "")


def test_switching_it_off_needs_a_code_and_all_of_it_is_in_the_audit_log(client: Client, ada: User) -> None:
    codes = enrolled(ada)
    client.force_login(ada)
    client.post(f"{SECURITY}remove/", {"token": "nonsense"})
    assert factors.has_factor(ada)
    from django_otp.plugins.otp_static.models import StaticDevice
    from django_otp.plugins.otp_totp.models import TOTPDevice

    for kind in (StaticDevice, TOTPDevice):
        kind.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    client.post(f"{SECURITY}remove/", {"token": codes[0]})
    assert not factors.has_factor(ada)
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["switch second factor on", "make recovery codes", "switch second factor off"]
