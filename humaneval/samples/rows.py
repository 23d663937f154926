"""Tables row by row, whatever they are written as: CSV and its relatives, JSON lines, Parquet.

Whoever made a table may have meant harm, or known no better. Bytes, rows, columns and lines are bounded, so
that no table fills the memory; what cannot be read is said with its line.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import IO, Any, Literal, NamedTuple

from django.conf import settings

from humaneval.samples.prompts import PromptsError

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""What the names of tables end in, in the order in which they count beside each other."""

LINE_BYTES = 2**20
"""Of one line of JSON, or of one text in Parquet, at most."""
MOST_COLUMNS = 1_000

_IN_MEMORY = 8 * 1024**2
_CHUNK = 1024**2
_HINT = re.compile(r'"?sep=(.)"?\s*')
"""The first line by which Excel's files name their separator."""


class Row(NamedTuple):
    """One row: where it stands, for messages, and its values by column."""

    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """A table that is open: its name for messages, its columns in lower case, and its rows."""

    name: str
    columns: list[str]
    read: Callable[[], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        for number, row in enumerate(self.read(), start=1):
            if number > settings.IMPORT_MAX_FILES:
                raise _too_many_rows(self.name, number)
            yield row


def is_table(name: str) -> bool:
    """Whether a file is a table by its name."""
    return name.lower().endswith(ENDINGS)


@contextmanager
def opened(file: IO[bytes], name: str) -> Iterator[Rows]:
    """Give a table's rows; what its ``name`` ends in says how it is written, CSV where it says nothing.

    Raises PromptsError, then or while rows are read, and whatever reading ``file`` raises.
    """
    kinds = {".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        _copy(file, copy, name)
        rows = kinds.get(PurePosixPath(name.lower()).suffix, _delimited)(copy, name)
        if len(rows.columns) > MOST_COLUMNS:
            raise PromptsError(
                f"{name} has {len(rows.columns):,} columns; the limit is {MOST_COLUMNS:,}: leave out what "
                "no sample needs."
            )
        yield rows


def _copy(file: IO[bytes], copy: IO[bytes], name: str) -> None:
    """Copy a table, since members of zips and objects of S3 are read once, from start to end."""
    limit = settings.IMPORT_MAX_FILE_BYTES
    while chunk := file.read(_CHUNK):
        copy.write(chunk)
        if copy.tell() > limit:
            raise PromptsError(f"{name} is larger than {limit:,} bytes (IMPORT_MAX_FILE_BYTES).")
    copy.seek(0)


def _too_many_rows(name: str, rows: int) -> PromptsError:
    limit = settings.IMPORT_MAX_FILES
    return PromptsError(f"{name} has {rows:,} rows or more; the limit is {limit:,} (IMPORT_MAX_FILES).")


# --- text with separators -----------------------------------------------------------------------------


def _delimited(copy: IO[bytes], name: str) -> Rows:
    """Read what spreadsheets write: commas, semicolons or tabs, UTF-8 or marked UTF-16, a ``sep=`` line."""
    file = _Delimited.of(copy, name)
    header = next(file.lines(), (1, []))[1]
    columns = [column.strip().lower() for column in header]
    return Rows(name, columns, lambda: file.rows(columns))


@dataclass(frozen=True)
class _Delimited:
    text: io.TextIOWrapper
    name: str
    separator: str
    hints: int
    """Lines before the header."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL

    @classmethod
    def of(cls, copy: IO[bytes], name: str) -> _Delimited:
        """Find out how a file is written."""
        is_wide = copy.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
        text = io.TextIOWrapper(copy, encoding="utf-16" if is_wide else "utf-8-sig", newline="")
        text.seek(0)
        try:
            first = text.readline()
        except UnicodeDecodeError as error:
            raise _not_utf8(name) from error
        hint = _HINT.fullmatch(first)
        separator = hint[1] if hint else max(",;\t", key=first.count)
        found = cls(text, name, separator, hints=1 if hint else 0)
        return found._without_quotes() if separator == "\t" else found

    def _without_quotes(self) -> _Delimited:
        """Take quotes as they stand where not all of them are pairs: many programs quote nothing in TSV."""
        try:
            for _line in self.lines():
                pass
        except PromptsError:
            return _Delimited(self.text, self.name, self.separator, self.hints, csv.QUOTE_NONE)
        return self

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of each line, or of the last one of a row, with its values; the header first."""
        self.text.seek(0)
        for _hint in range(self.hints):
            self.text.readline()
        reader = csv.reader(self.text, delimiter=self.separator, quoting=self.quoting, strict=True)
        try:
            for values in reader:
                yield reader.line_num + self.hints, values
        except UnicodeDecodeError as error:
            raise _not_utf8(self.name) from error
        except csv.Error as error:
            raise PromptsError(
                f"{self.name}, line {reader.line_num + self.hints} is not CSV that can be read: {error}."
            ) from error

    def rows(self, columns: list[str]) -> Iterator[Row]:
        """Yield the rows below the header that are not empty."""
        lines = self.lines()
        next(lines, None)
        for number, line in lines:
            values = [value.strip() for value in line]
            if any(values[len(columns) :]):
                raise PromptsError(
                    f"{self.name}, line {number} has {len(values)} values where the first line names "
                    f"{len(columns)} columns: put texts that hold a separator in quotes."
                )
            if any(values):
                yield Row(f"line {number}", dict(zip(columns, values, strict=False)))


def _not_utf8(name: str) -> PromptsError:
    return PromptsError(f"{name} is not UTF-8 text: save it as “CSV UTF-8”.")


# --- JSON lines -----------------------------------------------------------------------------------------


def _json_lines(copy: IO[bytes], name: str) -> Rows:
    columns: dict[str, None] = {}
    for row in _json_rows(copy, name):
        columns.update(dict.fromkeys(row.values))
        if len(columns) > MOST_COLUMNS:
            break
    return Rows(name, list(columns), lambda: _json_rows(copy, name))


def _json_rows(copy: IO[bytes], name: str) -> Iterator[Row]:
    copy.seek(0)
    for number in count(1):
        line = copy.readline(LINE_BYTES + 1)
        if not line:
            return
        if len(line) > LINE_BYTES:
            raise PromptsError(f"{name}, line {number} is longer than {LINE_BYTES:,} bytes.")
        if line.strip():
            yield Row(f"line {number}", _json_object(line, number, name))


def _json_object(line: bytes, number: int, name: str) -> dict[str, Any]:
    try:
        values = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        raise PromptsError(f"{name}, line {number} is not UTF-8 text.") from error
    except (ValueError, RecursionError) as error:  # a RecursionError comes of brackets in brackets
        raise PromptsError(f"{name}, line {number} cannot be read as JSON: {error}.") from error
    if not isinstance(values, dict):
        raise PromptsError(f"{name}, line {number} is no JSON object, such as {{“file_name”: “1.png”}}.")
    return {key.strip().lower(): value for key, value in values.items()}


# --- Parquet --------------------------------------------------------------------------------------------


def _parquet(copy: IO[bytes], name: str) -> Rows:
    try:
        from humaneval.samples.parquet import columns_of, rows_of
    except ImportError as error:
        raise PromptsError(
            f"Reading {name} needs pyarrow, which is not installed: run `pip install pyarrow`, or save the "
            "table as CSV or JSON lines."
        ) from error

    def read() -> Iterator[Row]:
        for number, row in enumerate(rows_of(copy, name), start=1):
            yield Row(f"row {number}", {key.strip().lower(): value for key, value in row.items()})

    return Rows(name, [column.strip().lower() for column in columns_of(copy, name)], read)
