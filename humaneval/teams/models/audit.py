"""Who did what, in a chain in which no link can be changed or left out unseen."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.teams.models.teams import Team


class AuditEntry(models.Model):
    """One action. Its digest covers its words and the digest of the entry before it."""

    team_path = "team"

    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Whose it is; empty for what concerns the whole installation."),
    )
    at = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty for what the platform does by itself."),
    )
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, help_text=_("What it was done to, such as posting:7."))
    detail = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "recruitment_auditentry"  # where the log began; old programs still write to it
        ordering = ["id"]
        verbose_name_plural = _("audit entries")

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save a new entry; raises ValidationError for one that exists, since entries never change."""
        if self.pk is not None:
            raise ValidationError(_("Audit entries never change."))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raise ValidationError: audit entries are kept."""
        raise ValidationError(_("Audit entries are kept."))

    def expected_digest(self, before: str) -> str:
        """Return the SHA-256, in hexadecimal, of this entry after the one whose digest is ``before``."""
        words: list[Any] = [before, self.at.isoformat(), self.user_id, self.action, self.subject, self.detail]
        if self.team_id is not None:
            words.append(self.team_id)
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
