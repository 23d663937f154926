"""``humaneval export STUDY``: a study as a folder of files, as a bundle, or as its study file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from humaneval.studies.models import Study
from humaneval.ui.commands import DataCommand
from humaneval.workspace.exporting import export_study
from humaneval.workspace.study_files.writing import write_study
from humaneval.workspace.verbs import study_named


class Command(DataCommand):
    """Write files."""

    help = (
        "Write a study's report, tables, votes and study file into a folder, or a bundle that the report can "
        "be rebuilt from; or print the study file alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the study and where to."""
        parser.add_argument("study", metavar="STUDY", help="the study's slug")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--out", metavar="DIR", type=Path, help="folder to write into, made if missing")
        where.add_argument(
            "--bundle", metavar="FILE", type=Path, help="one archive that the report can be rebuilt from"
        )
        where.add_argument("--yaml", action="store_true", help="print the study file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, and print the files' names."""
        study = study_named(options["study"])
        if options["yaml"]:
            self.stdout.write(write_study(study), ending="")
            return
        _check_place(options["out"], options["bundle"])
        try:
            if options["bundle"]:
                self._bundle(study, options["bundle"])
                return
            written = export_study(study=study, folder=options["out"])
        except OSError as error:
            raise CommandError(f"The study could not be written: {error}") from error
        for path in written:
            self.stdout.write(str(path))

    def _bundle(self, study: Study, path: Path) -> None:
        from humaneval.workspace.bundles.packing import write_bundle  # SciPy: a second for bundles alone

        written = write_bundle(study=study, path=path)
        self.stdout.write(str(written.path))
        self.stderr.write(
            f"{written.votes:,} votes; SHA-256 of its manifest: {written.digest}\n"
            f"Rebuild its report anywhere: humaneval analyze {written.path} --out rebuilt/"
        )


def _check_place(folder: Path | None, file: Path | None) -> None:
    """Raise CommandError, before anything is computed, where nothing can be written."""
    if folder is not None and folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file: name a folder that is to hold the study's files.")
    if file is not None and file.is_dir():
        raise CommandError(f"{file} is a folder: name the file that is to be the bundle, such as a.zip.")
    if file is not None and not file.parent.is_dir():
        raise CommandError(f"There is no folder {file.parent}: make it, or write the bundle elsewhere.")
