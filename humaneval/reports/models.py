"""Dated snapshots of a study's report."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from humaneval.studies.models import Study


class Snapshot(models.Model):
    """A report as it stood at one vote count: estimates beside the scores they were compared with.

    Never changed. The same votes, scores and names have the same ``fingerprint``, and one snapshot.
    """

    team_path = "study__team"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="snapshots")
    fingerprint = models.CharField(
        max_length=64, editable=False, help_text=_("SHA-256 over everything the report is made from.")
    )
    vote_count = models.PositiveIntegerField(help_text=_("Votes the estimates rest on."))
    last_vote = models.PositiveBigIntegerField(help_text=_("Highest vote id it has seen."))
    last_score = models.PositiveBigIntegerField(default=0, help_text=_("Highest score id it has seen."))
    payload = models.JSONField(
        help_text=_("The report: estimates, agreement, ranking, scores, correlations.")
    )
    code_version = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("export_votes", "Can take votes and sessions away")]
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["study", "fingerprint"], name="snapshot_once_a_state")]

    def __str__(self) -> str:
        return f"report of study {self.study_id} at {self.vote_count} votes"
