"""Keys to the API, of which only a hash is stored."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy

BEGINNING = 6
"""Characters of a key that are stored as they are, to recognise it by: 24 of its 160 bits."""


def stored_form(key: str) -> str:
    """Return the 40 characters that are stored of a key: its beginning, and 198 bits of its SHA-256.

    Keys are random, so a fast hash does: nobody guesses the 136 bits that the beginning leaves open.
    """
    digest = base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()).decode()
    return f"{key[:BEGINNING]}~{digest[:33]}"


class ApiToken(TokenProxy):
    """A person's key to the API: shown when it is made, stored hashed, known by its beginning afterwards."""

    secret = ""
    """The key itself, on the object that has just made it and nowhere else."""

    class Meta:
        proxy = True
        verbose_name = _("API token")

    def __str__(self) -> str:
        return f"{self.beginning}…"

    @property
    def beginning(self) -> str:
        """The key's first six characters."""
        return str(self.key)[:BEGINNING]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save a token; a new one gets a key, which is in ``secret`` from then on."""
        if not self.key:
            self.secret = self.generate_key()
            self.key = stored_form(self.secret)
            kwargs["force_insert"] = True
        super().save(*args, **kwargs)
