"""What the commands are made of that read a table into a draft."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from humaneval.studies.models import Study
from humaneval.ui.commands import DataCommand


class TableCommand(DataCommand, ABC):
    """manage.py NAME STUDY TABLE.csv; says what has come of it, or what is wrong with the table."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the study's slug and the table."""
        parser.add_argument("study")
        parser.add_argument("table", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the table into the study."""
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study “{options['study']}”.")
        try:
            with options["table"].open(encoding="utf-8-sig", newline="") as file:
                said = self.take(study, file.read())
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['table']} cannot be read: {error}.") from error
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(said)

    @abstractmethod
    def take(self, study: Study, text: str) -> str:
        """Store what a table says, and return what is there now; raises ValidationError."""
