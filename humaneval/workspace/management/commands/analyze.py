"""``humaneval analyze FILE``: a report from a bundle, or from votes gathered elsewhere. Needs no database."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from humaneval.reports.version import code_version
from humaneval.workspace.bundles.archive import Bundle, BundleRefused
from humaneval.workspace.bundles.layout import REPORT
from humaneval.workspace.foreign.mapping import ANALYSED, parse_pairs
from humaneval.workspace.foreign.presets import PRESETS
from humaneval.workspace.foreign.problems import ForeignRefused

if TYPE_CHECKING:
    from humaneval.reports.results import Report
    from humaneval.workspace.foreign.reporting import Analysed, Request

MOST_SHOWN = 50


class Command(BaseCommand):
    """Build a report from files alone."""

    help = (
        "Build a bundle's report again and say whether its numbers are the same; or report on votes from "
        "elsewhere, in CSV or JSON. Needs no database. docs/analyze.md has examples."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file and what it is."""
        parser.add_argument("file", type=Path, help="a bundle, or votes: .csv, .tsv, .json, .jsonl")
        parser.add_argument("--out", metavar="DIR", type=Path, help="folder to write the report into")
        votes = parser.add_argument_group("votes from elsewhere")
        votes.add_argument(
            "--preset",
            choices=PRESETS,
            help="; ".join(f"{name}: {one.summary}" for name, one in PRESETS.items()),
        )
        votes.add_argument("--protocol", choices=ANALYSED, help="how it was asked")
        votes.add_argument("--columns", default="", help="what is what, such as rater=worker_id,item=image")
        votes.add_argument("--values", default="", help="what answers mean, such as left=a,right=b,none=tie")
        votes.add_argument("--items", type=Path, help="a table that says more of items, by its first column")
        votes.add_argument("--real", default="", help="the conditions that are real, separated by commas")
        votes.add_argument("--points", default="", help="ends of the scale, such as 1-5")
        votes.add_argument("--scores", type=Path, help="scores: system, metric, value, standard_error")
        votes.add_argument("--name", default="", help="what the report calls the study")
        votes.add_argument("--anonymous", action="store_true", help="each row is a new person's")
        votes.add_argument("--skip-bad", action="store_true", help="leave bad rows out, however many")
        votes.add_argument("--strict", action="store_true", help="make no report if any row is bad")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, compare, write."""
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if zipfile.is_zipfile(file) or file.suffix.lower() == ".zip":
            self._rebuild(file, options["out"])
        else:
            self._report_on(file, options)

    # --- bundles ------------------------------------------------------------------------------------------

    def _rebuild(self, file: Path, out: Path | None) -> None:
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

    # --- votes from elsewhere -----------------------------------------------------------------------------

    def _report_on(self, file: Path, options: dict[str, Any]) -> None:
        from humaneval.workspace.foreign.reporting import analyse  # SciPy: a second

        try:
            found = analyse(_request(file, options))
        except ForeignRefused as error:
            raise CommandError(str(error)) from error
        self._tell(found)
        self._write(found.report, options["out"] or Path(f"{file.stem}-report"))

    def _tell(self, found: Analysed) -> None:
        for problem in found.problems[:MOST_SHOWN]:
            self.stderr.write(f"left out: {problem}")
        if len(found.problems) > MOST_SHOWN:
            self.stderr.write(f"left out: {len(found.problems) - MOST_SHOWN:,} more rows")
        if found.unused:
            self.stderr.write(f"columns not used: {', '.join(found.unused)}")
        report = found.report
        self.stdout.write(
            f"{report.votes.total:,} votes of {report.raters.total:,} raters from {found.rows:,} rows, "
            f"{len(report.study.conditions)} conditions, {report.study.protocol_title.lower()}."
        )

    def _write(self, report: Report, out: Path) -> None:
        from humaneval.reports.folder import report_files, write_files

        try:
            written = write_files(out, report_files(report))
        except OSError as error:
            raise CommandError(f"The report could not be written: {error}") from error
        for path in written:
            self.stdout.write(str(path))


def _request(file: Path, options: dict[str, Any]) -> Request:
    from humaneval.workspace.foreign.reporting import Request

    same = ("items", "scores", "name", "anonymous", "skip_bad", "strict")
    return Request(
        file=file,
        preset=options["preset"] or "",
        protocol=options["protocol"] or "",
        columns=parse_pairs(options["columns"], "--columns"),
        values=parse_pairs(options["values"], "--values"),
        real=[name.strip() for name in options["real"].split(",") if name.strip()],
        points=_points(options["points"]),
        **{name: options[name] for name in same},
    )


def _points(text: str) -> tuple[int, int] | None:
    """Return the ends of a scale written as 1-5; raises ForeignRefused for anything else."""
    if not text:
        return None
    low, _, high = text.rpartition("-")
    try:
        ends = int(low), int(high)
    except ValueError:
        ends = (0, 0)
    if ends[0] >= ends[1]:
        raise ForeignRefused(f"--points takes the ends of a scale, such as 1-5; “{text}” is none.")
    return ends
