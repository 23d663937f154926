"""``humaneval import``: images become a sample set, or a study file's sets come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.jobs.commands import DataCommand
from humaneval.samples.models import ImportRun, SampleKind, SampleSet
from humaneval.workspace.study_files.located import StudyFileError, load
from humaneval.workspace.study_files.shapes import check
from humaneval.workspace.verbs import FILE_ENDINGS, import_into, place_beside, refusals_said, text_of


class Command(DataCommand):
    """Import one source, or all that a study file names."""

    help = (
        "Import images into a sample set (import photos/ --name photos --kind real), or every set of a study "
        "file that says where its images lie (import study.yaml). Doing it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the source and what it becomes."""
        parser.add_argument("source", help="folder, archive, table or array file; or a study file")
        parser.add_argument("--name", help="the set's slug; made if it is not there")
        parser.add_argument("--kind", choices=SampleKind.values)
        parser.add_argument(
            "--prompts",
            default="",
            help="table of prompts (name, prompt[, category]), or a prompt list (DrawBench, PartiPrompts)",
        )
        parser.add_argument("--strict", action="store_true", help="import nothing at all if any file is bad")
        parser.add_argument("--team", default="", help="slug of the team that new sets belong to")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what came in and what did not."""
        path = Path(options["source"])
        if path.suffix.lower() in FILE_ENDINGS:
            if options["prompts"]:
                raise CommandError("A study file names its prompts itself: write “prompts” beside “import”.")
            self._import_file(path, options)
            return
        if not (options["name"] and options["kind"]):
            raise CommandError("Say what it becomes: --name SLUG --kind real|generated.")
        self._import(options["name"], options["kind"], options["source"], options["prompts"], options)

    def _import_file(self, path: Path, options: dict[str, Any]) -> None:
        with refusals_said(path):
            document = load(text_of(path))
            rows = check(document)["sample_sets"]
            lacking = [
                document.problem(
                    ("sample_sets", number), "“import” needs “kind” beside it: real or generated."
                )
                for number, row in enumerate(rows)
                if "import" in row and row.get("kind") not in SampleKind.values
            ]
            if lacking:
                raise StudyFileError(lacking)
        for row in rows:
            if "import" in row:
                prompts = place_beside(path, row["prompts"]) if row.get("prompts") else ""
                self._import(row["set"], row["kind"], place_beside(path, row["import"]), prompts, options)
            elif not SampleSet.objects.filter(slug=row["set"]).exists():
                raise CommandError(
                    f"There is no set “{row['set']}”, and the file does not say where it lies."
                )

    def _import(self, name: str, kind: str, origin: str, prompts: str, options: dict[str, Any]) -> None:
        sample_set, run = import_into(
            name=name,
            kind=kind,
            origin=origin,
            prompts=prompts,
            strict=options["strict"],
            team=options["team"],
        )
        self._list(run)
        self.stdout.write(
            f"{sample_set.slug}: {run.added:,} added, {run.unchanged:,} unchanged, {run.rejected:,} rejected."
        )

    def _list(self, run: ImportRun) -> None:
        for heading, listed in (("rejected", run.problems), ("note", run.remarks)):
            for entry in listed:
                self.stderr.write(f"{heading}: {entry['name']}: {entry['reason']}")
