"""`manage.py check_audit_log`: whether any line of the audit log was changed or taken out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.teams.audit import audit_head, first_broken_entry, still_has
from humaneval.teams.models import AuditEntry
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Each line's digest covers the line before it; that the newest are gone, only a kept head shows."""

    help = "Check that the audit log is whole."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to hold the log against."""
        parser.add_argument("--head", metavar="LINES:DIGEST", help="a head that was printed earlier")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say that it is whole, or fail with the first line that is not."""
        broken = first_broken_entry()
        if broken is not None:
            raise CommandError(
                f"Line {broken.pk} of the audit log ({broken.action}, {broken.at:%Y-%m-%d %H:%M} UTC) does "
                "not follow from the one before it: one of them was changed, or one between them taken out."
            )
        head = options.get("head")
        if head:
            self._hold_against(head)
        self.stdout.write(f"The audit log is whole: {AuditEntry.objects.count()} lines.")
        if not head:
            self.stdout.write("Whether the newest lines were taken, only a head that was kept shows: --head.")
        self.stdout.write(f"Head: {audit_head()}")

    def _hold_against(self, head: str) -> None:
        try:
            holds = still_has(head)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if not holds:
            raise CommandError(
                f"The audit log once ended at {head} and no longer has that line: lines were taken from it, "
                "or it was written anew."
            )
