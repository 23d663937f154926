"""``manage.py verify_backup SRC``: is every file of a backup what it was?"""

from __future__ import annotations

from typing import Any

from humaneval.keeping.commands import BackupCommand
from humaneval.keeping.progress import telling
from humaneval.keeping.refusals import refusals_said
from humaneval.keeping.restoring import verify_backup


class Command(BackupCommand):
    """Read a whole backup and hold it against its manifest."""

    help = "Check every file of a backup against its hash."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check it; fail with what is missing or altered."""
        with refusals_said():
            place, stamp = self.chosen(options)
            manifest = verify_backup(place, stamp, progress=telling(self.stderr))
        self.stdout.write(f"Backup {stamp} is whole: its database and {manifest.media_files:,} media files.")
