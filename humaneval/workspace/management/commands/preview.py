"""``humaneval preview STUDY``: a study's first trials, as a table."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from humaneval.studies import links
from humaneval.ui.commands import DataCommand
from humaneval.workspace.previewing import preview_rows
from humaneval.workspace.verbs import refusals_said, study_named


class Command(DataCommand):
    """Print trials: of a draft as a launch would make them now."""

    help = "Print a study's first trials, and the address of the page that shows them as raters see them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study and how much of it."""
        parser.add_argument("study", metavar="STUDY", help="the study's slug")
        parser.add_argument("--count", type=int, default=10, help="trials to print (10)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the trials, one a line, with tabs between."""
        study = study_named(options["study"])
        with refusals_said():
            rows = preview_rows(study, max(options["count"], 0))
        self.stdout.write("trial\tcondition\tother\tprompt\tsamples")
        for row in rows:
            samples = " / ".join(" | ".join(slot) for slot in row["slots"])
            cells = (row["trial"], row["condition"], row["other"], row["prompt"], samples)
            self.stdout.write("\t".join(" ".join(str(cell).split()) for cell in cells))
        self.stderr.write(f"As raters see it: {links.preview_url(study)}")
