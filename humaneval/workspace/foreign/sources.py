"""Files of votes as rows: CSV and TSV, JSON lists, JSON lines. Every row knows the line it stands on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humaneval.workspace.foreign.problems import ForeignRefused

LARGEST_CELL = 16 * 1024**2


@dataclass(frozen=True)
class Row:
    """One row: its cells by column, and its line (of a JSON list, its place from 1)."""

    line: int
    cells: Mapping[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file. Raises :class:`ForeignRefused` where it is not what it is called."""
    reader = {".json": _json, ".jsonl": _json_lines, ".ndjson": _json_lines}.get(path.suffix.lower(), _csv)
    try:
        yield from reader(path)
    except UnicodeDecodeError as error:
        reason = "it is no text in UTF-8. Votes are CSV or JSON: save the table so"
        raise ForeignRefused(f"{path} cannot be read: {reason} ({error}).") from error
    except (OSError, csv.Error) as error:
        raise ForeignRefused(f"{path} cannot be read: {error}") from error


@contextmanager
def _large_cells() -> Iterator[None]:
    """Let cells be large, as annotations are, for as long as one file is read: the limit is the process's."""
    before = csv.field_size_limit(LARGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv(path: Path) -> Iterator[Row]:
    with _large_cells(), path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        reader = csv.reader(file, delimiter=max("\t;,", key=head.count), strict=True)
        names = _header(path, next(reader, []))
        for cells in reader:
            if cells:
                yield _row(reader.line_num, names, cells)


def _header(path: Path, names: list[str]) -> list[str]:
    names = [name.strip() for name in names]
    if not any(names):
        raise ForeignRefused(f"{path} is empty: its first line should name the columns.")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ForeignRefused(f"{path} has two columns called “{min(twice)}”: give them different names.")
    return names


def _row(line: int, names: list[str], cells: list[str]) -> Row:
    # Cells too many are kept under a name of their own, so that the row is found bad and not read askew.
    row: dict[str, Any] = dict(zip(names, cells, strict=False))
    if len(cells) != len(names):
        row[WRONG_WIDTH] = f"it has {len(cells)} cells and the header {len(names)}"
    return Row(line, row)


WRONG_WIDTH = "\0wrong width"
"""A cell of rows that have more or fewer cells than the header."""


def _json(path: Path) -> Iterator[Row]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ForeignRefused(f"{path} is no JSON: {error}") from error
    if not isinstance(whole, list):
        raise ForeignRefused(f"{path} should be a JSON list of objects, one for each vote or task.")
    for number, cells in enumerate(whole, start=1):
        yield Row(number, cells if isinstance(cells, dict) else {WRONG_WIDTH: "it is no object"})


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield Row(number, _object(line))


def _object(line: str) -> dict[str, Any]:
    try:
        cells = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {WRONG_WIDTH: f"it is no JSON: {error}"}
    return cells if isinstance(cells, dict) else {WRONG_WIDTH: "it is no object"}
