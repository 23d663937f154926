"""Who may do what: staff with the permission to look, to publish, or to pay."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from humaneval.recruitment.models import IntentKind

LOOK = "recruitment.view_posting"
PUBLISH = "recruitment.publish_posting"
PAY = "recruitment.pay_posting"
INVITE = "recruitment.add_invitation"
IMPORT = "recruitment.import_archive"

View = Callable[..., HttpResponseBase]
_PAYING = {IntentKind.APPROVE, IntentKind.REJECT, IntentKind.OVERTURN, IntentKind.BONUS, IntentKind.BLOCK}


def permission_for(kind: str) -> str:
    """Return the permission that a call of a kind needs: to pay, or to publish."""
    return PAY if kind in _PAYING else PUBLISH


def staff_who_may(permission: str) -> Callable[[View], View]:
    """Return a decorator: strangers are sent to sign in, staff without the permission get a 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return staff_member_required(checked)

    return decorate


def user_of(request: HttpRequest | Request) -> User:
    """Return who asks; raises PermissionDenied for nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
