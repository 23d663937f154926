"""A second factor that the operator asks for counts in sessions that were open before, too."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from humaneval.account import factors


class SecondFactorMiddleware:
    """Takes staff whose session has not passed the second factor for strangers: they sign in again.

    Who somebody is, is looked up as late as without it, so pages that ask nobody stay free of cookies.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if factors.is_asked_of_staff():
            known = request.user
            request.user = SimpleLazyObject(lambda: _unless_passed(request, known))  # type: ignore[assignment]
        return self.get_response(request)


def _unless_passed(request: HttpRequest, known: object) -> object:
    is_staff = getattr(known, "is_staff", False)
    return AnonymousUser() if is_staff and not factors.has_passed(request) else known
