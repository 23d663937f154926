"""manage.py import_gold STUDY TABLE.csv: trials with known answers, mixed in to check raters' attention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from humaneval.studies.gold_tables import import_gold, read_gold
from humaneval.studies.models import Study


class Command(BaseCommand):
    """Read a CSV table of slot_1[, slot_2 ...] and right answers into a draft, replacing its gold trials."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the study's slug and the table."""
        parser.add_argument("study")
        parser.add_argument("table", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say how many gold trials there are."""
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study “{options['study']}”.")
        try:
            with options["table"].open(encoding="utf-8-sig", newline="") as file:
                count = import_gold(study=study, rows=read_gold(file))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['table']} cannot be read: {error}.") from error
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"{count} gold trials.")
