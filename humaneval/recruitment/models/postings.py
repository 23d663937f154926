"""A study posted to a panel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.studies.models import Study


class PostingState(models.TextChoices):
    DRAFT = "draft", _("draft")
    PUBLISHING = "publishing", _("being published")
    LIVE = "live", _("live")
    PAUSED = "paused", _("paused")
    CLOSED = "closed", _("closed")


class Posting(models.Model):
    """One study on one panel: how many people, for how much, and what has become of it there."""

    team_path = "study__team"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="postings")
    panel = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=PostingState, default=PostingState.DRAFT, editable=False)
    title = models.CharField(max_length=120, help_text=_("What people on the panel see in their list."))
    description = models.TextField(help_text=_("What is to be done, for people on the panel."))
    places = models.PositiveIntegerField(
        validators=[MinValueValidator(1)], help_text=_("How many people may take part.")
    )
    reward = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("For one person's whole session."),
    )
    currency = models.CharField(
        max_length=3, default="USD", validators=[RegexValidator("^[A-Z]{3}$", _("Three capital letters."))]
    )
    minutes = models.PositiveIntegerField(
        default=10, validators=[MinValueValidator(1)], help_text=_("How long a session is expected to take.")
    )
    target_wage = models.DecimalField(
        max_digits=8, decimal_places=2, default=Decimal("12.00"), help_text=_("What an hour should pay.")
    )
    budget = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_(
            "The most that this study may cost over all its postings in this currency, fees and all."
        ),
    )
    approves_itself = models.BooleanField(
        default=False,
        help_text=_("Approve, and so pay, whoever finished the session, without asking a person each time."),
    )
    options = models.JSONField(default=dict, blank=True, help_text=_("What only this panel knows."))
    external_id = models.CharField(max_length=64, blank=True, editable=False)
    problem = models.TextField(blank=True, editable=False)
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(auto_now_add=True)
    polled_at = models.DateTimeField(null=True, blank=True, editable=False)
    restored_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_(
            "When a backup brought it back, until the panel has told what was done since; else empty."
        ),
    )

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("publish_posting", "Can publish studies to panels"),
            ("pay_posting", "Can approve, reject and pay raters"),
            ("import_archive", "Can read archived results of a panel into a study"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["panel", "external_id"],
                condition=~models.Q(external_id=""),
                name="posting_once_a_panel_id",
            )
        ]

    def __str__(self) -> str:
        return f"{self.study} on {self.panel}"

    @property
    def is_held(self) -> bool:
        """Whether a backup brought it back and the panel has not yet told what was done since."""
        return self.restored_at is not None

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete a draft; raises ValidationError for what a panel has seen."""
        if self.state != PostingState.DRAFT:
            raise ValidationError(_("Only drafts can be deleted: the panel knows of this one."))
        return super().delete(*args, **kwargs)
