"""``manage.py backup DEST``: database and media into a folder or an S3 prefix."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.jobs.commands import DataCommand
from humaneval.keeping.backing_up import Made, make_backup
from humaneval.keeping.dumps import check_tools
from humaneval.keeping.places import Place
from humaneval.keeping.progress import telling
from humaneval.keeping.refusals import in_lines, refusals_said
from humaneval.keeping.storages import storage_at

SECRETS_APART = (
    "Not in it, and to be kept apart: SECRET_KEY, RATER_KEY and PANEL_ID_KEY (without a setting they lie in "
    "DATA_DIR as secret_key and panel_id_key), and files in EXTRACTOR_DIR."
)


class Command(DataCommand):
    """Back everything up, while raters vote."""

    help = "Back up database and media into a folder or s3://bucket/prefix; only new files are copied."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where to."""
        parser.add_argument("place", metavar="DEST", help="a folder, or s3://bucket/prefix")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and say what it holds."""
        with refusals_said():
            check_tools()
            place = Place(storage_at(options["place"]), options["place"])
            made = make_backup(place, progress=telling(self.stderr))
        self._tell(made)
        if made.lost:
            raise CommandError(
                in_lines("The backup is made, but these files are lost or damaged in storage:", made.lost)
            )

    def _tell(self, made: Made) -> None:
        found = made.manifest
        self.stdout.write(f"Backup {made.stamp}")
        self.stdout.write(
            f"Database: {found.database.size:,} bytes, {sum(found.census.tables.values()):,} rows"
        )
        self.stdout.write(
            f"Media: {found.media_files:,} files, {found.media_bytes:,} bytes, {made.copied:,} new"
        )
        for slug, head in found.census.heads.items():
            self.stdout.write(f"Head of {slug}: {head}")
        self.stdout.write(SECRETS_APART)
