"""The demo's login, made anew for each run."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import User

from humaneval.teams.models import ApiToken

NAME = "demo"


@dataclass(frozen=True)
class Login:
    """A researcher's login for this run."""

    user: User
    password: str
    token: str


def make_login() -> Login:
    """Return a superuser with a fresh password and API token; those of earlier runs stop working."""
    password = secrets.token_urlsafe(9)
    user, _ = User.objects.get_or_create(username=NAME)
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.save()
    ApiToken.objects.filter(user=user).delete()
    return Login(user, password, ApiToken.objects.create(user=user).secret)
