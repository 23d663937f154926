"""``manage.py restore SRC``: a backup into an empty database and empty media."""

from __future__ import annotations

from typing import Any

from humaneval.keeping.commands import BackupCommand
from humaneval.keeping.progress import telling
from humaneval.keeping.refusals import refusals_said
from humaneval.keeping.restoring import restore


class Command(BackupCommand):
    """Bring a backup back where nothing is."""

    help = "Restore a backup into an empty database and empty media, checking it before and afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore it, and say what was checked."""
        with refusals_said():
            place, stamp = self.chosen(options)
            remarks = restore(place, stamp, progress=telling(self.stderr))
        self.stdout.write(
            f"Backup {stamp} is restored: counts, chains of votes and audit log, and their protection are as "
            "they were."
        )
        for remark in remarks:
            self.stdout.write(self.style.WARNING(remark))
