"""Keys to the API, of which only a hash is stored."""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy

USE_NOTED_EVERY = timedelta(minutes=1)
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
    def expires_on(self) -> date | None:
        """The last day (UTC) on which the key opens anything; None: it does not expire."""
        terms = getattr(self, "terms", None)
        return terms.expires_on if terms else None

    @property
    def last_used_at(self) -> datetime | None:
        """When the key was last used, to a minute; None where that is not known."""
        terms = getattr(self, "terms", None)
        return terms.last_used_at if terms else None

    @property
    def has_expired(self) -> bool:
        """Whether the key's last day is over."""
        return self.expires_on is not None and timezone.now().date() > self.expires_on

    def let_expire(self, day: date | None) -> None:
        """Let the key open nothing after a day (UTC); None: it does not expire."""
        TokenTerms.objects.update_or_create(token_id=self.key, defaults={"expires_on": day})

    def note_use(self) -> None:
        """Store that the key is used now, unless it was within the last minute: one query at most."""
        now = timezone.now()
        if self.last_used_at is not None and now - self.last_used_at < USE_NOTED_EVERY:
            return
        TokenTerms.objects.bulk_create(
            [TokenTerms(token_id=self.key, last_used_at=now)],
            update_conflicts=True,
            unique_fields=["token"],
            update_fields=["last_used_at"],
        )

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


class TokenTerms(models.Model):
    """Until when a key to the API opens anything, and when it was last used; a key may be without."""

    # No constraint in the database: servers of a release that knows of no terms revoke keys too.
    token = models.OneToOneField(
        "authtoken.Token",
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="terms",
        db_constraint=False,
    )
    expires_on = models.DateField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"terms of {self.token_id[:BEGINNING]}…"
