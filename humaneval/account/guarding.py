"""What stands before a password is checked: each check costs a good part of a second of this server.

Three limits, from the narrowest: one name from one address (django-axes), one address whatever the names,
one name whatever the addresses. The last would let anybody lock out whom they can name, so it does not hold
in browsers in which that person has signed in before: they bear a mark that only this server can make.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, cast

from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.core import signing
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.throttling import SimpleRateThrottle

settings: Any = django_settings
MARK = "known_here"
"""Name of the cookie by which a browser is known in which somebody has signed in."""
MARK_LASTS = timedelta(days=365)
MARKED_NAMES = 5
"""How many people's marks one browser keeps."""
_SALT = "humaneval.account.known_here"


def client_address(request: HttpRequest) -> str:
    """Return the address that a request comes from, as far as NUM_PROXIES says whom to believe."""
    proxies = cast(int, settings.REST_FRAMEWORK["NUM_PROXIES"])
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if not proxies or not passed:
        return str(request.META.get("REMOTE_ADDR", ""))  # none where a test or a program signs in
    return passed[-min(proxies, len(passed))]


class SignInThrottle(SimpleRateThrottle):
    """Passwords that one address may try, under whatever names."""

    scope = "sign_in"

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Return the key of the address; of IPv6 the network, all of which is one household's."""
        return self.cache_format % {"scope": self.scope, "ident": _network(client_address(request))}


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return f"{int(found) >> 64:x}"
    return str(found)


def seconds_to_wait(request: HttpRequest) -> int:
    """Count a try from the address that a request comes from; return for how long it has to wait, or 0."""
    throttle = SignInThrottle()
    if throttle.allow_request(cast(Any, request), cast(Any, None)):
        return 0
    return max(1, int(throttle.wait() or 0))


def is_name_closed(request: HttpRequest, name: str) -> bool:
    """Return whether too many wrong passwords came under a name of late, from wherever: one query.

    Browsers in which that person has signed in are not shut out.
    """
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    tries = AccessAttempt.objects.filter(username=name, attempt_time__gte=since)
    failures = tries.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
    return failures >= settings.LOGIN_NAME_FAILURES and name not in _names_known_in(request)


def mark_browser(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """Let the browser that gets a response be known as one in which somebody has signed in."""
    names = [name, *(one for one in _names_known_in(request) if one != name)][:MARKED_NAMES]
    response.set_cookie(
        MARK,
        signing.dumps(names, salt=_SALT),
        max_age=MARK_LASTS,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _names_known_in(request: HttpRequest) -> list[str]:
    try:
        names = signing.loads(request.COOKIES.get(MARK, ""), salt=_SALT, max_age=MARK_LASTS)
    except signing.BadSignature:
        return []
    return [str(name) for name in names]
