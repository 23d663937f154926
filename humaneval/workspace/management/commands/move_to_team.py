"""``manage.py move_to_team TEAM --study SLUG --set SLUG``: an installation that has grown is divided."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.samples.models import SampleSet
from humaneval.ui.commands import DataCommand
from humaneval.workspace.moving import move_to_team
from humaneval.workspace.verbs import refusals_said, study_named, team_named


class Command(DataCommand):
    """Move studies and sample sets; docs/roles.md says what that means."""

    help = "Give studies and sample sets, with all that hangs on them, to another team."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what moves where."""
        parser.add_argument("team", help="slug of the team")
        parser.add_argument("--study", action="append", default=[], help="slug of a study; may be repeated")
        parser.add_argument("--set", action="append", default=[], help="slug of a set; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move, and say what was moved."""
        team = team_named(options["team"])
        studies = [study_named(slug) for slug in options["study"]]
        sets = list(SampleSet.objects.filter(slug__in=options["set"]))
        if missing := set(options["set"]) - {one.slug for one in sets}:
            raise CommandError(f"There is no sample set “{min(missing)}”.")
        with refusals_said():
            move_to_team(team=team, studies=studies, sets=sets)
        self.stdout.write(f"{len(studies)} studies and {len(sets)} sample sets are {team}'s now.")
