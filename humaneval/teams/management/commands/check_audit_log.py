"""`manage.py check_audit_log`: whether any line of the audit log was changed or taken out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from humaneval.teams.audit import first_broken_entry
from humaneval.teams.models import AuditEntry


class Command(BaseCommand):
    """Each line's digest covers the line before it."""

    help = "Check that the audit log is whole."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say that it is whole, or fail with the first line that is not."""
        broken = first_broken_entry()
        if broken is not None:
            raise CommandError(
                f"Line {broken.pk} of the audit log ({broken.action}, {broken.at:%Y-%m-%d %H:%M} UTC) does "
                "not follow from the one before it: one of them was changed, or one between them taken out."
            )
        self.stdout.write(f"The audit log is whole: {AuditEntry.objects.count()} lines.")
