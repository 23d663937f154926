"""Messages from panels that were taken."""

from __future__ import annotations

from django.db import models


class WebhookEvent(models.Model):
    """One event of a panel. Its id is kept so that the same event, sent again, is taken once."""

    panel = models.CharField(max_length=40)
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=80)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["panel", "event_id"], name="webhook_event_once")]

    def __str__(self) -> str:
        return f"{self.panel} {self.kind}"
