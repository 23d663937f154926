"""``humaneval import``: images become a sample set, or a study file's sets come in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.samples.models import ImportRun, SampleKind, SampleSet
from humaneval.ui.commands import DataCommand
from humaneval.workspace.study_files.located import Path as Place
from humaneval.workspace.study_files.located import StudyFileError, load
from humaneval.workspace.study_files.shapes import check
from humaneval.workspace.verbs import (
    FILE_ENDINGS,
    import_into,
    missing_beside,
    place_beside,
    refusals_said,
    text_of,
)


class Command(DataCommand):
    """Import one source, or all that a study file names."""

    help = (
        "Import images into a sample set (import photos/ --name photos --kind real), or every set of a study "
        "file that says where its images lie (import study.yaml). Doing it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the source and what it becomes."""
        parser.add_argument("source", help="folder, archive, table or array file; or a study file")
        parser.add_argument("--name", help="the set's slug or name; made if it is not there")
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
        name = _slug_of(options["name"])
        self._import(name, options["kind"], options["source"], options["prompts"], options)

    def _import_file(self, path: Path, options: dict[str, Any]) -> None:
        with refusals_said(path):
            document = load(text_of(path))
            rows = check(document)["sample_sets"]
            if wrong := [document.problem(*one) for one in _wrong_rows(path, rows)]:
                raise StudyFileError(wrong)
        for row in rows:
            if "import" in row:
                prompts = place_beside(path, row["prompts"]) if row.get("prompts") else ""
                self._import(row["set"], row["kind"], place_beside(path, row["import"]), prompts, options)

    def _import(self, name: str, kind: str, origin: str, prompts: str, options: dict[str, Any]) -> None:
        sample_set, run = import_into(
            name=name,
            kind=kind,
            origin=origin,
            prompts=prompts,
            strict=options["strict"],
            team=options["team"],
            progress=self._show,
        )
        self._list(run)
        self.stdout.write(
            f"{sample_set.slug}: {run.added:,} added, {run.unchanged:,} unchanged, {run.rejected:,} rejected."
        )

    def _show(self, done: int, total: int, note: str = "") -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{note} {done:,} of {total:,}", ending="\n" if done == total else "")

    def _list(self, run: ImportRun) -> None:
        for heading, listed in (("rejected", run.problems), ("note", run.remarks)):
            for entry in listed:
                self.stderr.write(f"{heading}: {entry['name']}: {entry['reason']}")


def _slug_of(name: str) -> str:
    """Return the slug of the set that has this name; the name itself where it is a slug, or no set's."""
    if SampleSet.objects.filter(slug=name).exists():
        return name
    return SampleSet.objects.filter(name=name).values_list("slug", flat=True).first() or name


def _wrong_rows(file: Path, rows: list[dict[str, str]]) -> Iterator[tuple[Place, str]]:
    """Yield what would stop the import of a study file's sets, with its place: told before any comes in."""
    for number, row in enumerate(rows):
        place: Place = ("sample_sets", number)
        if "import" not in row:
            if not SampleSet.objects.filter(slug=row["set"]).exists():
                yield place, f"there is no set “{row['set']}”: say with “import” where its images lie."
            continue
        if "kind" not in row:
            yield place, "“import” needs “kind” beside it: real or generated."
        for key in ("import", "prompts"):
            if reason := missing_beside(file, row.get(key, "")):
                yield (*place, key), reason
