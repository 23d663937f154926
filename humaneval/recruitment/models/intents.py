"""Calls to panels, written down before they are made."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.recruitment.models.postings import Posting


def annotation() -> str:
    """Return a mark that no other call bears, short and plain enough for any panel's fields."""
    return f"he-{secrets.token_hex(12)}"


class IntentKind(models.TextChoices):
    CREATE = "create", _("create")
    PUBLISH = "publish", _("publish")
    PAUSE = "pause", _("pause")
    RESUME = "resume", _("resume")
    STOP = "stop", _("stop")
    EXTEND = "extend", _("add places")
    APPROVE = "approve", _("approve")
    REJECT = "reject", _("reject")
    OVERTURN = "overturn", _("approve after rejection")
    BONUS = "bonus", _("pay bonuses")
    BLOCK = "block", _("keep out of later studies")
    REMOVE = "remove", _("delete at the panel")


HALTING = (IntentKind.PAUSE, IntentKind.STOP)
"""What spends nothing, and keeps more from being spent."""


class IntentState(models.TextChoices):
    RECORDED = "recorded", _("recorded")
    SENDING = "sending", _("being sent")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused by the panel")
    UNCLEAR = "unclear", _("unclear: look at the panel")


class Intent(models.Model):
    """One thing to be done at a panel, at most once.

    ``sent_at`` is set, and committed, before anything leaves; so whoever finds it set must first ask the
    panel whether it was done, by the ``annotation`` that the call bore.
    """

    team_path = "posting__study__team"

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="intents")
    kind = models.CharField(max_length=12, choices=IntentKind)
    key = models.CharField(max_length=160, unique=True, help_text=_("The same wish is recorded once."))
    annotation = models.CharField(max_length=40, unique=True, default=annotation)
    args = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=12, choices=IntentState, default=IntentState.RECORDED)
    evidence = models.JSONField(
        default=dict, blank=True, help_text=_("How things stood at the panel before the call.")
    )
    outcome = models.JSONField(default=dict, blank=True)
    problem = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty where a rule asked for it that a person switched on."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will be sent for it."""
        return self.state in {IntentState.DONE, IntentState.REFUSED, IntentState.UNCLEAR}

    @property
    def is_held(self) -> bool:
        """Whether it must not be sent now: its posting is held, and it is no halt asked for since."""
        restored = self.posting.restored_at
        return restored is not None and not (self.kind in HALTING and self.created_at > restored)
