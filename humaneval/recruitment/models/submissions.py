"""What people on a panel have handed in there."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.recruitment.models.postings import Posting


class SubmissionState(models.TextChoices):
    ACTIVE = "active", _("at work")
    SUBMITTED = "submitted", _("submitted, to be decided")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    RETURNED = "returned", _("returned")
    TIMED_OUT = "timed_out", _("timed out")
    SCREENED_OUT = "screened_out", _("screened out")


class Submission(models.Model):
    """One person's place in a posting, as the panel sees it; ``session`` is what became of it here."""

    team_path = "posting__study__team"

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="submissions", db_index=False)
    external_id = models.CharField(max_length=64)
    person_hash = models.CharField(
        max_length=64, blank=True, help_text=_("Keyed hash of the panel's id; empty once erased.")
    )
    sealed_person = models.TextField(
        blank=True, help_text=_("The panel's id as ciphertext, for payment; empty once erased.")
    )
    session = models.ForeignKey(
        "rating.Session", null=True, blank=True, on_delete=models.SET_NULL, related_name="submissions"
    )
    state = models.CharField(max_length=12, choices=SubmissionState, default=SubmissionState.ACTIVE)
    entered_code = models.CharField(max_length=60, blank=True)
    details = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    paid_bonuses = models.DecimalField(
        max_digits=10, decimal_places=2, default=0, help_text=_("Bonuses that the panel lists as paid.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["posting", "id"]
        constraints = [
            models.UniqueConstraint(fields=["posting", "external_id"], name="submission_once_a_posting")
        ]
        indexes = [models.Index(fields=["person_hash"], name="submission_person")]

    def __str__(self) -> str:
        return f"submission {self.pk}"
