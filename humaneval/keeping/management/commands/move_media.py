"""``manage.py move_media --to s3|local``: media into the bucket, or back onto this machine."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.keeping.moving_media import move_media
from humaneval.keeping.progress import telling
from humaneval.keeping.refusals import in_lines, refusals_said
from humaneval.keeping.storages import local_media, s3_media
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Copy media between the folder of this machine and the bucket that S3_BUCKET names."""

    help = (
        "Copy all media to S3 or back, verified by hash. Set S3_BUCKET and its kin for this command; the "
        "platform may run on meanwhile. Run it again for what came since, and after a break."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where to."""
        parser.add_argument("--to", choices=["s3", "local"], required=True, help="where media are to lie")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move them, and say what was moved; fail if any could not be."""
        with refusals_said():
            places = (local_media(), s3_media())
            source, target = places if options["to"] == "s3" else reversed(places)
            moved = move_media(source, target, progress=telling(self.stderr))
        self.stdout.write(
            f"{moved.copied:,} files copied, {moved.there:,} were there; {moved.same:,} read there and found "
            "to be what they should be."
        )
        if moved.failed:
            raise CommandError(in_lines("These files could not be moved:", moved.failed))
