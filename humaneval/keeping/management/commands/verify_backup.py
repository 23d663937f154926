"""``manage.py verify_backup SRC``: is every file of a backup what it was?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from humaneval.keeping.places import Place
from humaneval.keeping.progress import telling
from humaneval.keeping.refusals import refusals_said
from humaneval.keeping.restoring import verify_backup
from humaneval.keeping.storages import storage_at


class Command(BaseCommand):
    """Read a whole backup and hold it against its manifest."""

    help = "Check every file of a backup against its hash."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which backup."""
        parser.add_argument("place", metavar="SRC", help="what was given to backup")
        parser.add_argument("--at", metavar="NAME", default="", help="which backup; the newest by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check it; fail with what is missing or altered."""
        with refusals_said():
            place = Place(storage_at(options["place"]), options["place"])
            stamp = place.choose(options["at"])
            manifest = verify_backup(place, stamp, progress=telling(self.stderr))
        self.stdout.write(f"Backup {stamp} is whole: its database and {manifest.media_files:,} media files.")
