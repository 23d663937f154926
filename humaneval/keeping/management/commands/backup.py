"""``manage.py backup DEST``: database and media into a folder or an S3 prefix."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.keeping.alone import alone
from humaneval.keeping.backing_up import Made, make_backup
from humaneval.keeping.commands import at_least_one, place_at, tell_pruned
from humaneval.keeping.dumps import check_tools
from humaneval.keeping.progress import telling
from humaneval.keeping.pruning import prune_backups
from humaneval.keeping.refusals import in_lines, refusals_said
from humaneval.ui.commands import DataCommand

SECRETS_APART = (
    "Not in it, and to be kept apart: SECRET_KEY, RATER_KEY and PANEL_ID_KEY (without a setting they lie in "
    "DATA_DIR as secret_key and panel_id_key), and files in EXTRACTOR_DIR."
)
LOST = (
    "The backup is made, but these files are lost or damaged in storage. An older backup may have them: none "
    "was taken away."
)


class Command(DataCommand):
    """Back everything up, while raters vote."""

    help = "Back up database and media into a folder or s3://bucket/prefix; only new files are copied."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where to."""
        parser.add_argument("place", metavar="DEST", help="a folder, or s3://bucket/prefix")
        parser.add_argument(
            "--keep",
            metavar="N",
            type=at_least_one,
            help="then keep the newest N good ones, as prune_backups",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and say what it holds."""
        place, keep, progress = options["place"], options["keep"], telling(self.stderr)
        with refusals_said(), alone():
            check_tools()
            made = make_backup(place_at(place), progress=progress)
            self._tell(made)
            if made.lost:
                raise CommandError(in_lines(LOST, made.lost))
            if keep is not None:
                pruned = prune_backups(place_at(place), keep, progress=progress)
                tell_pruned(self.stdout, pruned, keep)

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
        self.stdout.write(f"Head of the audit log: {found.census.audit}")
        if found.census.audit_broken:
            self.stdout.write(
                self.style.WARNING(
                    f"Line {found.census.audit_broken} of the audit log does not follow from the one before "
                    "it: see check_audit_log."
                )
            )
        self.stdout.write(SECRETS_APART)
