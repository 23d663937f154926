"""``manage.py restore SRC``: a backup into an empty database and empty media."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from humaneval.keeping.places import Place
from humaneval.keeping.progress import telling
from humaneval.keeping.refusals import refusals_said
from humaneval.keeping.restoring import restore
from humaneval.keeping.storages import storage_at


class Command(BaseCommand):
    """Bring a backup back where nothing is."""

    help = "Restore a backup into an empty database and empty media, checking it before and afterwards."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which backup."""
        parser.add_argument("place", metavar="SRC", help="what was given to backup")
        parser.add_argument("--at", metavar="NAME", default="", help="which backup; the newest by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore it, and say what was checked."""
        with refusals_said():
            place = Place(storage_at(options["place"]), options["place"])
            stamp = place.choose(options["at"])
            remarks = restore(place, stamp, progress=telling(self.stderr))
        self.stdout.write(
            f"Backup {stamp} is restored: counts, votes' chains and their protection are as they were."
        )
        for remark in remarks:
            self.stdout.write(self.style.WARNING(remark))
