"""``humaneval analyze FILE``: a report from a bundle, or from votes gathered elsewhere. Needs no database."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from itertools import chain
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
    from humaneval.reports.folder import Files
    from humaneval.reports.results import Report
    from humaneval.workspace.foreign.reporting import Analysed, Request

MOST_SHOWN = 50
OF_VOTES = (
    "preset", "protocol", "columns", "values", "items", "real", "points", "scores", "name", "anonymous",
    "skip_bad", "strict",
)  # fmt: skip
"""Options that say what votes from elsewhere are; of a bundle they say nothing."""


class Command(BaseCommand):
    """Build a report from files alone."""

    help = (
        "Build a bundle's report again and say whether its numbers are the same; or report on votes from "
        "elsewhere, in CSV or JSON. Needs no database. docs/analyze.md has examples."
    )
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as from a shell, where a scale that begins below 0 would be taken for an option."""
        super().run_from_argv(_points_joined(argv))

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
        votes.add_argument("--points", default="", help="ends of the scale, such as 1-5, or -3-3")
        votes.add_argument("--scores", type=Path, help="scores: system, metric, value, standard_error")
        votes.add_argument("--name", default="", help="what the report calls the study")
        votes.add_argument("--anonymous", action="store_true", help="each row is a new person's")
        votes.add_argument("--skip-bad", action="store_true", help="leave bad rows out, however many")
        votes.add_argument("--strict", action="store_true", help="make no report if any row is bad")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, compare, write."""
        file: Path = options["file"]
        if file.is_dir():
            raise CommandError(f"{file} is a folder: name a bundle, or a file of votes.")
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        out: Path | None = options["out"]
        if out is not None and out.exists() and not out.is_dir():
            raise CommandError(f"{out} is a file: name a folder that is to hold the report.")
        if zipfile.is_zipfile(file) or file.suffix.lower() == ".zip":
            if given := [f"--{name.replace('_', '-')}" for name in OF_VOTES if options[name]]:
                self.stderr.write(f"options not used: {', '.join(given)} (a bundle says it all itself)")
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
        from humaneval.reports.folder import report_files
        from humaneval.workspace.foreign.reporting import analyse  # SciPy: a second

        try:
            found = analyse(_request(file, options))
        except ForeignRefused as error:
            raise CommandError(str(error)) from error
        out = options["out"] or Path(f"{file.stem}-report")
        # Files first: whoever reads the output may stop reading.
        written = self._files(out, chain(report_files(found.report), _rater_file(found)))
        self._tell(found)
        self._list(written)

    def _tell(self, found: Analysed) -> None:
        for problem in found.problems[:MOST_SHOWN]:
            self.stderr.write(f"left out: {problem}")
        if len(found.problems) > MOST_SHOWN:
            self.stderr.write(f"left out: {len(found.problems) - MOST_SHOWN:,} more rows")
        for note in found.notes:
            self.stderr.write(f"note: {note}")
        if found.unused:
            self.stderr.write(f"columns not used: {', '.join(found.unused)}")
        for option in found.ignored:
            self.stderr.write(f"option not used: {option}")
        report = found.report
        self.stdout.write(
            f"{report.votes.total:,} votes of {report.raters.total:,} raters from {found.rows:,} rows, "
            f"{len(report.study.conditions)} conditions, {report.study.protocol_title.lower()}."
        )

    def _write(self, report: Report, out: Path) -> None:
        from humaneval.reports.folder import report_files

        self._list(self._files(out, report_files(report)))

    def _files(self, out: Path, files: Files) -> list[Path]:
        from humaneval.reports.folder import write_files

        try:
            return write_files(out, files)
        except OSError as error:
            raise CommandError(f"The report could not be written: {error}") from error

    def _list(self, written: Sequence[Path]) -> None:
        for path in written:
            self.stdout.write(str(path))


def _rater_file(found: Analysed) -> Files:
    """Yield the table that says whom the report's names of raters stand for; it is for its owner alone."""
    from humaneval.ui.spreadsheets import csv_lines

    if found.raters:
        yield "raters.csv", csv_lines(("rater", "in_file"), found.raters)


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


def _points_joined(argv: Sequence[str]) -> list[str]:
    """Return arguments with ``--points -3-3`` as one, as argparse asks of values that begin with a dash."""
    found: list[str] = []
    for argument in argv:
        if found and found[-1] == "--points" and re.match(r"-\d", argument):
            found[-1] = f"--points={argument}"
        else:
            found.append(argument)
    return found


def _points(text: str) -> tuple[int, int] | None:
    """Return the ends of a scale written as 1-5 or -3-3; raises ForeignRefused for anything else."""
    if not text:
        return None
    written = re.fullmatch(r"\s*(-?\d+)\s*[-,]\s*(-?\d+)\s*", text)
    ends = (int(written[1]), int(written[2])) if written else (0, 0)
    if ends[0] >= ends[1]:
        raise ForeignRefused(f"--points takes the ends of a scale, such as 1-5 or -3-3; “{text}” is none.")
    return ends
