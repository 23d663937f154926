"""``humaneval export STUDY``: a study's report, votes and study file as a folder, or the file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.jobs.commands import DataCommand
from humaneval.workspace.exporting import export_study
from humaneval.workspace.study_files.writing import write_study
from humaneval.workspace.verbs import study_named


class Command(DataCommand):
    """Write files."""

    help = (
        "Write a study's report, tables, votes and study file into a folder; or print the study file alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study and where to."""
        parser.add_argument("study", metavar="STUDY", help="the study's slug")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--out", metavar="DIR", type=Path, help="folder to write into, made if missing")
        where.add_argument("--yaml", action="store_true", help="print the study file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, and print the files' names."""
        study = study_named(options["study"])
        if options["yaml"]:
            self.stdout.write(write_study(study), ending="")
            return
        try:
            written = export_study(study=study, folder=options["out"])
        except OSError as error:
            raise CommandError(f"The study could not be written: {error}") from error
        for path in written:
            self.stdout.write(str(path))
