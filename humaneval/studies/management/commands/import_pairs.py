"""manage.py import_pairs STUDY TABLE.csv: the pairs that a study of duplicates shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from humaneval.jobs.commands import DataCommand
from humaneval.studies.models import Study
from humaneval.studies.pairs import import_pairs, read_pairs


class Command(DataCommand):
    """Read a CSV table of sample_set, batch, first, second[, distance] into a draft, replacing its pairs."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the study's slug and the table."""
        parser.add_argument("study")
        parser.add_argument("table", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say how many pairs there are."""
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study “{options['study']}”.")
        try:
            with options["table"].open(encoding="utf-8-sig", newline="") as file:
                count = import_pairs(study=study, rows=read_pairs(file))
        except OSError as error:
            raise CommandError(f"{options['table']} cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"{count} pairs; the study has as many trials now.")
