"""Raters prove who they are by their session's token, sent in a header: no cookie, so no CSRF either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from humaneval.rating.identity import token_hash
from humaneval.rating.models import Session
from humaneval.rating.sessions import has_expired


def whole_session(hashed: str) -> Session | None:
    """Return the session with a token's hash, its study and its rater, or None."""
    return Session.objects.select_related("study", "rater").filter(token_hash=hashed).first()


class SessionTokenAuthentication(BaseAuthentication):
    """``Authorization: Session <token>``; the request's ``auth`` is then the session.

    ``find`` returns the session with a token's hash: a view that every vote goes through fetches less of it.
    """

    keyword = "Session"

    def __init__(self, find: Callable[[str], Session | None] = whole_session) -> None:
        self._find = find

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Session] | None:
        """Return the token's session, None without such a header; raises AuthenticationFailed if unknown."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword.lower().encode():
            return None
        token = words[1].decode("latin-1") if len(words) == 2 else ""
        session = self._find(token_hash(token))
        if session is None:
            raise AuthenticationFailed(_("No session has this token. Open the study's link again."))
        if has_expired(session, timezone.now()):
            raise AuthenticationFailed(_("This session's token has expired. Open the study's link again."))
        structlog.contextvars.bind_contextvars(study=str(session.study_id))
        return AnonymousUser(), session

    def authenticate_header(self, request: Request) -> str:
        """Return the scheme, which makes a missing token a 401."""
        return self.keyword


class HasSession(BasePermission):
    """Lets in whoever holds a session's token."""

    message = _("Send the session's token: Authorization: Session <token>.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the request came with a session's token."""
        return isinstance(request.auth, Session)


def session_of(request: Request) -> Session:
    """Return the session that a request's token opened; raises NotAuthenticated if it came with none."""
    if not isinstance(request.auth, Session):
        raise NotAuthenticated
    return request.auth


class SessionTokenScheme(OpenApiAuthenticationExtension):
    """How the published schema describes the token."""

    target_class = SessionTokenAuthentication
    name = "sessionToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Session <token>`, the token that `POST /api/v1/rating/sessions/` returned.",
        }
