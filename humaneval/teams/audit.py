"""Writing the audit log, and checking that nobody has rewritten it."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from humaneval.teams.access import teams_of
from humaneval.teams.models import AuditEntry

_LOCK = 0x6175646974  # "audit": one writer at a time, so that the chain has no forks
_HEAD = re.compile(r"(\d+):([0-9a-f]{64})")


def record_action(*, action: str, subject: Model, user: User | None = None, **detail: Any) -> AuditEntry:
    """Store that ``user`` (None: the platform) did something, chained to what was done before.

    It belongs to the subject's team, where the subject has one.
    """
    return _append(next(iter(teams_of(subject)), None), action, subject, user, detail)


def record_for_all_teams(
    *, action: str, subject: Model, user: User | None = None, **detail: Any
) -> AuditEntry:
    """Store what concerns the whole installation, though its subject is a team's; superusers see it."""
    return _append(None, action, subject, user, detail)


def _append(
    team: int | None, action: str, subject: Model, user: User | None, detail: dict[str, Any]
) -> AuditEntry:
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        before = AuditEntry.objects.order_by("-id").values_list("digest", flat=True).first() or ""
        entry = AuditEntry(
            team_id=team,
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


def audit_head() -> str:
    """Return the log's end as ``LINES:DIGEST``: whoever keeps it apart can tell later whether lines are gone.

    The chain alone does not show that, for what is left of it after the newest lines were taken is sound.
    """
    lines = AuditEntry.objects.count()
    last = AuditEntry.objects.order_by("-id").values_list("digest", flat=True).first()
    return f"{lines}:{last or '0' * 64}"


def still_has(head: str) -> bool:
    """Return whether the log still has the line at which it once ended; raises ValueError for no head."""
    found = _HEAD.fullmatch(head.strip())
    if found is None:
        raise ValueError(f"A head looks like 12:3f8a… (a number, a colon, 64 hexadecimal digits): {head}")
    lines = int(found[1])
    if lines == 0:
        return True
    there = AuditEntry.objects.order_by("id").values_list("digest", flat=True)[lines - 1 : lines]
    return list(there) == [found[2]]
