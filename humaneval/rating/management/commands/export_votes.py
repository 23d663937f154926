"""``manage.py export_votes STUDY --out FILE``: a study's sealed votes, to be checked at any later time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.rating.chain_files import write_chain
from humaneval.rating.sealing import seal_votes
from humaneval.studies.models import Study
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Seal what is not yet sealed, write the chain, and print its head."""

    help = "Write a study's sealed votes as JSON lines and print the chain's head; keep that elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study and the file."""
        parser.add_argument("study", metavar="STUDY", help="the study's slug")
        parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file; print the head."""
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study “{options['study']}”.")
        seal_votes(thorough=True)
        try:
            head = write_chain(study=study, path=options["out"])
        except OSError as error:
            raise CommandError(f"The votes could not be written: {error}") from error
        self.stdout.write(str(head))
