"""``humaneval status [STUDY]``: how studies stand."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from humaneval.studies.models import Study
from humaneval.ui.commands import DataCommand
from humaneval.workspace.standing import standing_of
from humaneval.workspace.verbs import study_named


class Command(DataCommand):
    """Print one study's progress, or a line for each study."""

    help = "Print how a study stands: its state, votes and raters. Without a study, a line for each."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study."""
        parser.add_argument("study", metavar="STUDY", nargs="?", help="the study's slug")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        if options["study"]:
            self._print_one(standing_of(study_named(options["study"])), options["json"])
            return
        found = list(Study.objects.values("slug", "state", "protocol", "name"))
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        for row in found:
            self.stdout.write("\t".join((row["slug"], row["state"], row["protocol"], row["name"])))

    def _print_one(self, standing: dict[str, Any], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(standing, indent=2))
            return
        for name, value in standing.items():
            if isinstance(value, dict):
                self.stdout.write(f"{name}:")
                for key, count in value.items():
                    self.stdout.write(f"  {key}: {count:,}")
            elif value not in ("", None, []):
                self.stdout.write(f"{name}: {'; '.join(value) if isinstance(value, list) else value}")
