"""The second factor: an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django_otp import devices_for_user
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from humaneval.teams.audit import record_action

settings: Any = django_settings
CODES = 10
_PASSED = "second_factor_passed"


def is_asked_of_staff() -> bool:
    """Return whether the operator asks all staff for a second factor."""
    return bool(settings.SECOND_FACTOR == "required")


def has_passed(request: HttpRequest) -> bool:
    """Return whether a right code was given in the request's session."""
    return bool(request.session.get(_PASSED))


def note_passed(request: HttpRequest) -> None:
    """Keep in the request's session that a right code was given in it."""
    request.session[_PASSED] = True


def has_factor(user: User) -> bool:
    """Return whether a person signs in with a second factor."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def pending_device(user: User) -> TOTPDevice:
    """Return the device that a person is about to set up, the same until it is confirmed."""
    device, _made = TOTPDevice.objects.get_or_create(
        user=user, confirmed=False, defaults={"name": "authenticator"}
    )
    return device


def confirm(user: User, token: str) -> list[str] | None:
    """Switch the second factor on if the token is the pending device's; return the recovery codes.

    None for a wrong token, and for any within seconds of a wrong one: tries are slowed down.
    """
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().get(pk=pending_device(user).pk)
        allowed, _why = device.verify_is_allowed()
        if not (allowed and device.verify_token(token)):
            return None
        TOTPDevice.objects.filter(user=user, confirmed=True).delete()
        device.confirmed = True
        device.save()
        record_action(action="switch second factor on", subject=user, user=user)
        return renew_codes(user)


def renew_codes(user: User) -> list[str]:
    """Return new recovery codes, each for one sign-in; older ones stop working."""
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="recovery codes")
        codes = [secrets.token_hex(5) for _ in range(CODES)]
        for code in codes:
            device.token_set.create(token=stored_form(code, user))
        record_action(action="make recovery codes", subject=user, user=user)
    return codes


def stored_form(code: str, user: User) -> str:
    """Return the 16 characters that are stored of a recovery code: 96 bits of an HMAC under SECRET_KEY.

    A code has 40 bits, which a fast hash without a key would not hide from who has the database.
    """
    digest = salted_hmac("recovery code", f"{user.pk}:{code}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode()[:16]


def remove(user: User, *, by: User) -> None:
    """Switch a person's second factor off."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        record_action(action="switch second factor off", subject=user, user=by)


def is_right(user: User, token: str) -> bool:
    """Return whether a token is the person's, from the app or a recovery code, which is then used up.

    After a wrong one nothing is right for a while, twice as long each time.
    """
    given = token.strip().replace(" ", "")
    forms = {StaticDevice: stored_form(given, user)}
    with transaction.atomic():
        devices = devices_for_user(user, for_verify=True)
        return any(device.verify_token(forms.get(type(device), given)) for device in devices)


def codes_left(user: User) -> int:
    """Return how many recovery codes a person has left."""
    return sum(device.token_set.count() for device in StaticDevice.objects.filter(user=user))
