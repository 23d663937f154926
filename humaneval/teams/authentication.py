"""Researchers' programs prove who they are by a key, of which the database holds a hash."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import TokenAuthentication

from humaneval.teams.models.tokens import ApiToken, stored_form


class ApiTokenAuthentication(TokenAuthentication):
    """``Authorization: Token <key>``."""

    model = ApiToken

    def authenticate_credentials(self, key: str) -> Any:
        """Return the key's person and token; raises AuthenticationFailed for a key of nobody."""
        return super().authenticate_credentials(stored_form(key))
