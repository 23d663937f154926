"""`manage.py import_mturk_batch STUDY FILE`: read an archived MTurk batch result file into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.recruitment.mturk.archives import ArchiveRefused, Columns, import_batch
from humaneval.studies.models import Study
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """All or nothing; the same file again adds nothing."""

    help = (
        "Read an MTurk batch result CSV into a study: by the numbers of its trials, or by the images shown, "
        "from which a draft makes its trials."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("file", type=Path)
        parser.add_argument("--trial", default="Input.trial", help="column with the trial's number")
        parser.add_argument("--order", default="Input.order", help="column with the slots as shown: 1 0")
        parser.add_argument(
            "--answer", action="append", default=[], metavar="QUESTION=COLUMN", help="may be given repeatedly"
        )
        parser.add_argument(
            "--image",
            action="append",
            default=[],
            metavar="COLUMN",
            help="column naming the image at each place, once a place from the left, in place of --trial; "
            'columns may be put together: "{Input.model_left}/{Input.file}"',
        )
        parser.add_argument(
            "--meaning",
            action="append",
            default=[],
            metavar="WORD=ANSWER",
            help="what the file's word for an answer means: left=0, same=tie; may be given repeatedly",
        )
        parser.add_argument("--with-rejected", action="store_true", help="read rejected assignments too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file and say what came of it."""
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study {options['study']!r}.")
        columns = Columns(
            trial=options["trial"],
            order=options["order"],
            images=options["image"],
            answers=_pairs(options["answer"], "--answer"),
            meanings={word.casefold(): to for word, to in _pairs(options["meaning"], "--meaning").items()},
        )
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


def _pairs(given: list[str], option: str) -> dict[str, str]:
    pairs = [pair.partition("=")[::2] for pair in given]
    if wrong := [pair for pair, (left, right) in zip(given, pairs, strict=True) if not (left and right)]:
        raise CommandError(f"{option} {wrong[0]}: it has the form NAME=VALUE.")
    return dict(pairs)
