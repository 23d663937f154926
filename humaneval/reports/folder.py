"""The report as a folder of files: one HTML page, one JSON file, and CSV tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from humaneval.reports.pages import render_standalone
from humaneval.reports.results import from_payload
from humaneval.reports.session_export import session_columns, session_rows
from humaneval.reports.snapshots import take_snapshot
from humaneval.reports.spreadsheets import csv_lines, table_lines
from humaneval.reports.tables import TABLES
from humaneval.reports.vote_export import COLUMNS, vote_rows
from humaneval.studies.models import Study


def write_report(*, study: Study, folder: Path) -> list[Path]:
    """Take a snapshot and write it into ``folder`` (made if missing); return the files in order.

    Files of the same names are replaced, each at once when it is complete.
    """
    snapshot = take_snapshot(study=study)
    report = from_payload(snapshot.payload)
    folder.mkdir(parents=True, exist_ok=True)
    written = [
        _write(folder / "report.html", [render_standalone(report)]),
        _write(
            folder / "report.json",
            [json.dumps(snapshot.payload, indent=2, ensure_ascii=False, allow_nan=False), "\n"],
        ),
        _write(folder / "votes.csv", csv_lines(COLUMNS, vote_rows(study))),
        _write(folder / "sessions.csv", csv_lines(session_columns(study), session_rows(study))),
    ]
    return written + [
        _write(folder / f"{name}.csv", table_lines(make(report))) for name, make in TABLES.items()
    ]


def _write(path: Path, parts: Iterable[str]) -> Path:
    """Write a file beside its final name, then move it there: a reader never sees half of it."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)
    partial.replace(path)
    return path
