"""What has been paid."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.recruitment.models.intents import Intent
from humaneval.recruitment.models.postings import Posting
from humaneval.recruitment.models.submissions import Submission


class LedgerKind(models.TextChoices):
    BASE = "base", _("reward")
    BONUS = "bonus", _("bonus")
    SCREEN_OUT = "screen_out", _("screened out")


class LedgerEntry(models.Model):
    """One payment that the panel has made for us. Never changed: what is owed is worked out, not kept."""

    team_path = "posting__study__team"

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="payments")
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    kind = models.CharField(max_length=12, choices=LedgerKind)
    amount = models.DecimalField(max_digits=10, decimal_places=2, help_text=_("To the rater."))
    fee = models.DecimalField(
        max_digits=10, decimal_places=2, default=Decimal("0.00"), help_text=_("To the panel.")
    )
    currency = models.CharField(max_length=3)
    intent = models.ForeignKey(
        Intent,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payments",
        help_text=_("Empty where the panel paid by itself, as after its time for a decision."),
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "kind"],
                condition=~models.Q(kind="bonus"),
                name="payment_once_a_submission",
            ),
            models.UniqueConstraint(fields=["submission", "intent"], name="payment_once_an_intent"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount} {self.currency}"
