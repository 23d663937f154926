"""The report as a folder of files: page, JSON, tables as CSV, Parquet and LaTeX, figures as SVG and PDF."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from humaneval.reports.latex import latex_tables
from humaneval.reports.pages import render_standalone
from humaneval.reports.parquet import rows_parquet, table_parquet
from humaneval.reports.results import Report, from_payload, to_payload
from humaneval.reports.session_export import session_columns, session_rows
from humaneval.reports.snapshots import take_snapshot
from humaneval.reports.spreadsheets import table_lines
from humaneval.reports.tables import TABLES
from humaneval.reports.vote_export import COLUMNS, KINDS, vote_rows
from humaneval.studies.models import Study
from humaneval.ui.database import one_moment
from humaneval.ui.spreadsheets import csv_lines

Files = Iterator[tuple[str, Iterable[str | bytes]]]


def write_report(*, study: Study, folder: Path) -> list[Path]:
    """Take a snapshot and write it into ``folder`` (made if missing); return the files in order.

    Files of the same names are replaced, each at once when it is complete. Votes and sessions are all of one
    moment, just after the report's.
    """
    report = from_payload(take_snapshot(study=study).payload)
    with one_moment():
        return write_files(folder, chain(report_files(report), _raw_files(study)))


def report_files(report: Report) -> Files:
    """Yield a report's own files, each as its name and the parts of its content.

    Page, JSON, methods, tables as CSV and Parquet, LaTeX tables under ``tables/``, and every chart as PDF and
    SVG under ``figures/``.
    """
    yield "report.html", [render_standalone(report)]
    payload = json.dumps(to_payload(report), indent=2, ensure_ascii=False, allow_nan=False)
    yield "report.json", [payload, "\n"]
    for name, make in TABLES.items():
        table = make(report)
        yield f"{name}.csv", table_lines(table)
        yield f"{name}.parquet", [table_parquet(table)]
    yield "methods.md", ["\n\n".join(report.methods), "\n"]
    for name, text in latex_tables(report):
        yield f"tables/{_file_name(name)}.tex", [text]
    yield from _figure_files(report)


def _figure_files(report: Report) -> Files:
    # Matplotlib: a second that starting up must not cost.
    from humaneval.reports.charts.paper import paper_pdf, paper_svg
    from humaneval.reports.figures import paper_plots

    for name, plot in paper_plots(report).items():
        yield f"figures/{_file_name(name)}.pdf", [paper_pdf(plot)]
        yield f"figures/{_file_name(name)}.svg", [paper_svg(plot, _file_name(name))]


def _file_name(name: str) -> str:
    """Return a name fit for any file system: a question's key may hold anything."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def _raw_files(study: Study) -> Files:
    yield "votes.csv", csv_lines(COLUMNS, vote_rows(study))
    yield "votes.parquet", [rows_parquet(KINDS, vote_rows(study))]
    yield "sessions.csv", csv_lines(session_columns(study), session_rows(study))


def write_files(folder: Path, files: Files) -> list[Path]:
    """Write files into a folder, made if missing; return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, parts) for name, parts in files]


def _write(path: Path, parts: Iterable[str | bytes]) -> Path:
    """Write a file beside its final name, then move it there: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as file:
        file.writelines(part.encode() if isinstance(part, str) else part for part in parts)
    partial.replace(path)
    return path


def report_archive(report: Report, name: str) -> IO[bytes]:
    """Return a report's own files as a zip archive, at its beginning; they lie in a folder of that name."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, parts in report_files(report):
            content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
            archive.writestr(f"{name}/{file}", content)
    target.seek(0)
    return target
