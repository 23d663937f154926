"""The report as a folder of files: one HTML page, one JSON file, and CSV tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from humaneval.reports.pages import render_standalone
from humaneval.reports.results import Report, from_payload, to_payload
from humaneval.reports.session_export import session_columns, session_rows
from humaneval.reports.snapshots import take_snapshot
from humaneval.reports.spreadsheets import csv_lines, table_lines
from humaneval.reports.tables import TABLES
from humaneval.reports.vote_export import COLUMNS, vote_rows
from humaneval.studies.models import Study

Files = Iterator[tuple[str, Iterable[str]]]


def write_report(*, study: Study, folder: Path) -> list[Path]:
    """Take a snapshot and write it into ``folder`` (made if missing); return the files in order.

    Files of the same names are replaced, each at once when it is complete.
    """
    report = from_payload(take_snapshot(study=study).payload)
    return write_files(folder, chain(report_files(report), _raw_files(study)))


def report_files(report: Report) -> Files:
    """Yield a report's own files, each as its name and the parts of its text: page, JSON, tables."""
    yield "report.html", [render_standalone(report)]
    payload = json.dumps(to_payload(report), indent=2, ensure_ascii=False, allow_nan=False)
    yield "report.json", [payload, "\n"]
    for name, make in TABLES.items():
        yield f"{name}.csv", table_lines(make(report))


def _raw_files(study: Study) -> Files:
    yield "votes.csv", csv_lines(COLUMNS, vote_rows(study))
    yield "sessions.csv", csv_lines(session_columns(study), session_rows(study))


def write_files(folder: Path, files: Files) -> list[Path]:
    """Write files into a folder, made if missing; return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, parts) for name, parts in files]


def _write(path: Path, parts: Iterable[str]) -> Path:
    """Write a file beside its final name, then move it there: a reader never sees half of it."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)
    partial.replace(path)
    return path
