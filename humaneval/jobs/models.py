"""Work that outlives a request: one row a job, and the row is the truth."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Job(models.Model):
    """One unit of background work.

    Brokers lose messages and workers are killed, so a broker message is only a wake-up: a worker
    claims the row with one conditional UPDATE and holds it by a lease that a heartbeat renews.
    A row whose lease ran out is taken again by the sweep.
    """

    team_path = "team"

    kind = models.CharField(max_length=80)
    key = models.CharField(
        max_length=200, unique=True, help_text=_("A second submission under one key is the same job.")
    )
    queue = models.CharField(max_length=40, default="default")
    args = models.JSONField(default=dict, blank=True)
    team = models.ForeignKey(
        "teams.Team",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Whose work it is; empty for the platform's own."),
    )
    state = models.CharField(max_length=12, choices=JobState, default=JobState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    run_after = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=64, blank=True, help_text=_("Who holds the lease."))
    cancel_requested = models.BooleanField(default=False)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    progress_note = models.CharField(max_length=200, blank=True)
    progress_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it last got further; a job that stands does not.")
    )
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["lease_until"],
                name="job_running_lease",
                condition=models.Q(state="running"),
            ),
            models.Index(fields=["queue", "id"], name="job_queued", condition=models.Q(state="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"

    @property
    def is_finished(self) -> bool:
        """Whether no worker will touch this job again unless it is retried."""
        return self.state in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}

    @property
    def progress_text(self) -> str:
        """How far the job is in words for people, e.g. ``40 of 200 (20%), rendering``; may be empty."""
        if not self.progress_total:
            return self.progress_note
        percent = 100 * self.progress_done // self.progress_total
        count = f"{self.progress_done:,} of {self.progress_total:,} ({percent}%)"
        return f"{count}, {self.progress_note}" if self.progress_note else count


class QueueLook(models.Model):
    """When a worker last looked for work in a queue: one row a queue, so that its absence is noticed."""

    queue = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.queue} at {self.at:%Y-%m-%d %H:%M:%S}"


class SchedulerTick(models.Model):
    """When the scheduler last turned: one row, written anew every few seconds, so that its end is noticed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
