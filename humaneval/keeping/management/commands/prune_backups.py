"""``manage.py prune_backups DEST --keep N``: old backups go, the newest good ones stay."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from humaneval.keeping.alone import alone
from humaneval.keeping.commands import at_least_one, place_at, tell_pruned
from humaneval.keeping.progress import telling
from humaneval.keeping.pruning import prune_backups
from humaneval.keeping.refusals import refusals_said
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Take old backups away."""

    help = (
        "Keep the newest good backups of a place and take away older ones, with media files that only those "
        "need. One that is damaged, or was made without lost files, does not count."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where, and how many stay."""
        parser.add_argument("place", metavar="DEST", help="what was given to backup")
        parser.add_argument("--keep", metavar="N", type=at_least_one, required=True, help="how many stay")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be taken away")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take them away, and say which."""
        pretend = options["dry_run"]
        with refusals_said(), alone():
            pruned = prune_backups(
                place_at(options["place"]), options["keep"], pretend=pretend, progress=telling(self.stderr)
            )
        tell_pruned(self.stdout, pruned, options["keep"], pretended=pretend)
