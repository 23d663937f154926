"""``manage.py export_report STUDY --out DIR``: a study's report as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.reports.folder import write_report
from humaneval.studies.models import Study
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Write a study's report in every form: page, JSON, votes, tables, figures."""

    help = (
        "Write a study's report into a folder: report.html, report.json, votes, tables as CSV, Parquet and "
        "LaTeX, figures as PDF and SVG."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study and the folder."""
        parser.add_argument("study", metavar="STUDY", help="the study's slug")
        parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder to write into")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the files and print their names."""
        study = self._study(options["study"])
        try:
            written = write_report(study=study, folder=options["out"])
        except OSError as error:
            raise CommandError(f"The report could not be written: {error}") from error
        for path in written:
            self.stdout.write(str(path))

    def _study(self, slug: str) -> Study:
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            known = ", ".join(Study.objects.values_list("slug", flat=True)[:20]) or "none yet"
            raise CommandError(f"There is no study “{slug}”. Studies: {known}.")
        return study
