"""How often raters may knock. Simulated raters are let through: a researcher's token vouches for them."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from humaneval.rating.models import Session


class ArrivalThrottle(SimpleRateThrottle):
    """Arrivals from one address."""

    scope = "arrival"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the address's key, or None for staff, whom nothing limits."""
        if request.user and request.user.is_staff:
            return None
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class SessionThrottle(SimpleRateThrottle):
    """Requests of one session."""

    scope = "session"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the session's key, or None for a simulated rater and for a request without a session."""
        session = request.auth
        if not isinstance(session, Session) or session.rater.simulated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": session.pk}


class ForgedTokenThrottle(SimpleRateThrottle):
    """Tokens from one address that open nothing. Whoever holds a good one there is let through still."""

    scope = "forged"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return the address's key."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
