"""``humaneval analyze FILE``: a bundle's report built again; no database is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from humaneval.workspace.bundles.archive import Bundle, BundleRefused
from humaneval.workspace.bundles.layout import REPORT

MOST_SHOWN = 50


class Command(BaseCommand):
    """Build a report from files alone."""

    help = "Build a bundle's report again and say whether its numbers are the same. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file and where to."""
        parser.add_argument("file", type=Path, help="a bundle made by `humaneval export STUDY --bundle FILE`")
        parser.add_argument("--out", metavar="DIR", type=Path, help="folder to write the report into")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, compare, write."""
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        self._rebuild(file, options["out"])

    def _rebuild(self, file: Path, out: Path | None) -> None:
        from humaneval.reports.version import code_version
        from humaneval.workspace.bundles.rebuilding import rebuild

        try:
            with Bundle(file) as bundle:
                self.stdout.write(f"{file}: {len(bundle.names()):,} files, manifest SHA-256 {bundle.digest}")
                found = rebuild(bundle)
        except BundleRefused as error:
            raise CommandError(f"The bundle is refused. {error}") from error
        self.stdout.write("Every file is what the manifest says.")
        if out is not None:
            self._write(found.report, out)
        if found.reworded:
            self.stdout.write(
                f"{len(found.reworded):,} sentences read otherwise: the bundle was made by {found.made_by}, "
                f"this is {code_version()}."
            )
        if not found.differences:
            self.stdout.write(
                f"The report of “{found.report.study.name}” was built again: it agrees with {REPORT}, "
                f"all {found.numbers:,} numbers within 1e-9."
            )
            return
        lines = [str(one) for one in found.differences[:MOST_SHOWN]]
        if len(found.differences) > MOST_SHOWN:
            lines.append(f"and {len(found.differences) - MOST_SHOWN:,} more.")
        versions = f"The bundle was made by {found.made_by}; this is {code_version()}."
        raise CommandError("\n".join(["The rebuilt report differs from the bundle's:", *lines, versions]))

    def _write(self, report: Any, out: Path) -> None:
        from humaneval.reports.folder import report_files, write_files

        try:
            written = write_files(out, report_files(report))
        except OSError as error:
            raise CommandError(f"The report could not be written: {error}") from error
        for path in written:
            self.stdout.write(str(path))
