"""`manage.py import_samples NAME FOLDER --kind real|generated`: a server folder becomes a sample set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from humaneval.samples.importing import ImportHeld, ImportRefused, create_sample_set, import_folder
from humaneval.samples.models import ImportRun, SampleKind, SampleSet
from humaneval.teams.models import Team
from humaneval.ui.commands import DataCommand


class Command(DataCommand):
    """Import the images of a server folder into a sample set, which is made if it is not there."""

    help = "Import the images of a folder into a sample set. Doing it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("name", help="Name or slug of the sample set; made if it is not there.")
        parser.add_argument(  # no Path: it would make one slash of the two in s3://
            "folder",
            help="Folder with images, subfolders included; or a zip, manifest or array file, or s3://bucket/prefix.",
        )
        parser.add_argument("--kind", required=True, choices=SampleKind.values)
        parser.add_argument(
            "--prompts",
            type=Path,
            help="Table with the columns name, prompt[, category], or a prompt list (DrawBench, "
            "PartiPrompts); default: those that lie among the images.",
        )
        parser.add_argument("--strict", action="store_true", help="Import nothing at all if any file is bad.")
        parser.add_argument("--team", default="", help="Slug of the team that a new set belongs to.")
        parser.add_argument("--description", default="", help="What a new set is, for people.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, show progress, list bad files; exit with an error when the import is refused."""
        existed = _find(options) is not None
        sample_set = _find_or_create(options)
        try:
            run = import_folder(
                sample_set=sample_set,
                folder=options["folder"],
                prompts=options["prompts"],
                strict=options["strict"],
                progress=self._show,
            )
        except ImportHeld as error:
            raise CommandError(str(error)) from error
        except ImportRefused as refusal:
            self._list_problems(refusal.run)
            if not existed:
                sample_set.delete()
            raise CommandError(str(refusal)) from refusal
        self._list_problems(run)
        self.stdout.write(
            f"{sample_set.name}: {run.added:,} added, {run.unchanged:,} unchanged, {run.rejected:,} rejected."
        )

    def _show(self, done: int, total: int, note: str = "") -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{note} {done:,} of {total:,}", ending="\n" if done == total else "")

    def _list_problems(self, run: ImportRun) -> None:
        for heading, listed in (("rejected", run.problems), ("note", run.remarks)):
            for entry in listed:
                self.stderr.write(f"{heading}: {entry['name']}: {entry['reason']}")
        if run.rejected > len(run.problems):
            self.stderr.write(f"and {run.rejected - len(run.problems):,} more rejected files")


def _find(options: dict[str, Any]) -> SampleSet | None:
    named = SampleSet.objects.filter(Q(name=options["name"]) | Q(slug=options["name"]))
    return named.filter(team=_team(options)).first() if options["team"] else named.first()


def _team(options: dict[str, Any]) -> Team | None:
    team = Team.objects.filter(slug=options["team"]).first()
    if team is None and options["team"]:
        known = ", ".join(Team.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no team “{options['team']}”. Teams: {known}.")
    return team


def _find_or_create(options: dict[str, Any]) -> SampleSet:
    sample_set = _find(options)
    if sample_set is None:
        try:
            return create_sample_set(
                name=options["name"],
                kind=options["kind"],
                description=options["description"],
                team=_team(options),
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
    if sample_set.kind != options["kind"]:
        raise CommandError(
            f"The set “{sample_set.name}” is there already and is {sample_set.kind}, "
            f"not {options['kind']}: choose another name."
        )
    return sample_set
