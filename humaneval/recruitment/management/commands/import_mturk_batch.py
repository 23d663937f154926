"""`manage.py import_mturk_batch STUDY FILE`: read an archived MTurk batch result file into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.jobs.commands import DataCommand
from humaneval.recruitment.mturk.archives import ArchiveRefused, Columns, import_batch
from humaneval.studies.models import Study


class Command(DataCommand):
    """All or nothing; the same file again adds nothing."""

    help = "Read an MTurk batch result CSV into a study whose trials are made."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("file", type=Path)
        parser.add_argument("--trial", default="Input.trial", help="column with the trial's number")
        parser.add_argument("--order", default="Input.order", help="column with the slots as shown: 1 0")
        parser.add_argument(
            "--answer", action="append", default=[], metavar="QUESTION=COLUMN", help="may be given repeatedly"
        )
        parser.add_argument("--with-rejected", action="store_true", help="read rejected assignments too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file and say what came of it."""
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study {options['study']!r}.")
        answers = dict(pair.partition("=")[::2] for pair in options["answer"])
        columns = Columns(options["trial"], options["order"], answers)
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as lines:
                found = import_batch(
                    study=study, lines=lines, columns=columns, with_rejected=options["with_rejected"]
                )
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The file cannot be read: {error}") from error
        except ArchiveRefused as refusal:
            raise CommandError("\n".join(refusal.problems)) from refusal
        self.stdout.write(
            f"{found.votes} votes stored, {found.known} were there, {found.rejected} rejected left out."
        )
