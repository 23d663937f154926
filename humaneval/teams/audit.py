"""Writing the audit log, and checking that nobody has rewritten it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from humaneval.teams.access import teams_of
from humaneval.teams.models import AuditEntry

_LOCK = 0x6175646974  # "audit": one writer at a time, so that the chain has no forks


def record_action(*, action: str, subject: Model, user: User | None = None, **detail: Any) -> AuditEntry:
    """Store that ``user`` (None: the platform) did something, chained to what was done before.

    It belongs to the subject's team, where the subject has one.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        before = AuditEntry.objects.order_by("-id").values_list("digest", flat=True).first() or ""
        entry = AuditEntry(
            team_id=next(iter(teams_of(subject)), None),
            at=timezone.now(),
            user=user,
            action=action,
            subject=f"{subject._meta.model_name}:{subject.pk}",
            detail=detail,
        )
        entry.digest = entry.expected_digest(before)
        entry.save()
    return entry


def first_broken_entry() -> AuditEntry | None:
    """Return the first entry that does not follow from the one before it, or None for a sound chain."""
    before = ""
    for entry in AuditEntry.objects.order_by("id").iterator():
        if entry.digest != entry.expected_digest(before):
            return entry
        before = entry.digest
    return None
