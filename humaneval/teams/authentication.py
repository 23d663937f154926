"""Researchers' programs prove who they are by a key, of which the database holds a hash."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from humaneval.teams.models.tokens import ApiToken, stored_form


class ApiTokenAuthentication(TokenAuthentication):
    """``Authorization: Token <key>``."""

    model = ApiToken

    def authenticate_credentials(self, key: str) -> Any:
        """Return the key's person and token, and note that it was used: one query, two once a minute.

        Raises AuthenticationFailed for a key of nobody, or that has expired.
        """
        known = ApiToken.objects.select_related("user", "terms").filter(key=stored_form(key))
        token = known.first()
        if token is None:
            raise AuthenticationFailed(_("Invalid token."))
        if not token.user.is_active:
            raise AuthenticationFailed(_("User inactive or deleted."))
        if token.has_expired:
            raise AuthenticationFailed(
                _("This key has expired. Have a new one made in the admin, or its last day moved.")
            )
        token.note_use()
        return token.user, token
