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
from rest_framework.permissions import BasePermission, IsAdminUser
from rest_framework.request import Request
from rest_framework.views import APIView

from humaneval.recruitment.models import IntentKind
from humaneval.teams.access import may

LOOK = "recruitment.view_posting"
PUBLISH = "recruitment.publish_posting"
PAY = "recruitment.pay_posting"
INVITE = "recruitment.add_invitation"
IMPORT = "recruitment.import_archive"
HALT = "recruitment.change_posting"
"""Pausing and stopping spend nothing: whoever looks after a posting may."""
EXCLUDE = "recruitment.change_submission"
"""Keeping a person out of later postings."""

View = Callable[..., HttpResponseBase]
_NEEDED = {
    **dict.fromkeys((IntentKind.APPROVE, IntentKind.REJECT, IntentKind.OVERTURN, IntentKind.BONUS), PAY),
    **dict.fromkeys((IntentKind.PAUSE, IntentKind.STOP), HALT),
    IntentKind.BLOCK: EXCLUDE,
}


def permission_for(kind: str) -> str:
    """Return the permission that a call of a kind needs."""
    return _NEEDED.get(IntentKind(kind), PUBLISH)


def staff_who_may(permission: str) -> Callable[[View], View]:
    """Return a decorator: strangers are sent to sign in, staff without the permission anywhere get a 403.

    The view itself finds its row by :func:`humaneval.teams.access.find`, which asks in the row's team.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request.user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return staff_member_required(checked)

    return decorate


def who_may(permission: str) -> list[type[BasePermission]]:
    """Return the permission classes of staff with a permission in any team; views ask in the row's own."""

    class HasPermission(BasePermission):
        """Staff with the permission that the endpoint needs."""

        def has_permission(self, request: Request, view: APIView) -> bool:
            """Return whether the user has it."""
            return may(request.user, permission)

    return [IsAdminUser, HasPermission]


def user_of(request: HttpRequest | Request) -> User:
    """Return who asks; raises PermissionDenied for nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
