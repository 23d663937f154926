"""Which backups were begun and made from here, so that one that does not come is noticed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class BackupRecord(models.Model):
    """One run of ``backup``, noted before the database is dumped: its own backup holds it, unfinished."""

    place = models.TextField()
    began_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    """None while it runs, and for one that failed or was killed."""
    stamp = models.CharField(max_length=20, default="")
    """What the backup is called in its place."""
    media_lost = models.PositiveIntegerField(default=0)
    """Media files that it lacks because storage had lost them."""

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.place}/{self.stamp}"

    def finish(self, *, stamp: str, media_lost: int) -> None:
        """Note that the backup was made."""
        self.finished_at, self.stamp, self.media_lost = timezone.now(), stamp, media_lost
        self.save(update_fields=["finished_at", "stamp", "media_lost"])
