"""Tables that say what is known of samples: prompts, and any other column.

A table is named when it is imported, or lies among the files as ``prompts.csv`` or ``metadata.csv``; each
folder may have its own, which speaks of the files in it and below.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import IO, Any

from humaneval.samples.details import as_details
from humaneval.samples.prompts import PromptsError, PromptText, checked_prompt
from humaneval.samples.sources import PROMPTS_FILE, READ_ERRORS, OwnTable, Source, tidy_name

NAME_COLUMNS = ("file_name", "name", "path")
"""What the column of files' names may be called: in Hugging Face's folders, as here, in manifests."""
_TEXT_COLUMNS = ("text", "caption")
"""What Hugging Face's folders call prompts."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """What a table, named for messages, says of one sample."""

    prompt: PromptText | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    table: str = PROMPTS_FILE


@dataclass
class Tables:
    """What all tables of an import say, by sample, and what is to be said of the tables."""

    rows: dict[str, TableRow] = field(default_factory=dict)
    remarks: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, rows: Mapping[str, TableRow]) -> None:
        """Take in a table's rows; what was said before counts."""
        contradicted = 0
        for sample, row in rows.items():
            known = self.rows.setdefault(sample, row)
            if known is not row:
                prompt = known.prompt or row.prompt
                self.rows[sample] = replace(known, prompt=prompt, details={**row.details, **known.details})
                contradicted += row.prompt not in {None, prompt}
        if contradicted:
            self.remarks.append(
                (name, f"says another prompt of {contradicted:,} files than a table above it")
            )


def read_own_tables(source: Source, *, strict: bool) -> Tables:
    """Return what the tables among a source's files say.

    In each folder prompts.csv goes before metadata.csv. Raises PromptsError for an uppermost table that
    cannot be used and, where the import is strict, for any; those further down are remarked on.
    """
    found, folders = Tables(), dict[str, str]()
    for table in source.own_tables():
        if table.folder in folders:
            found.remarks.append((table.name, f"is not read, since {folders[table.folder]} is beside it"))
            continue
        folders[table.folder] = table.name
        depths = {folder.count("/") for folder in folders}
        try:
            rows = _read_own(table)
        except PromptsError as error:
            if strict or len(depths) == 1:
                raise
            found.remarks.append((table.name, f"is not read: {error}"))
        else:
            found.add(table.name, {in_folder(name, table.folder): row for name, row in rows.items()})
    return found


def _read_own(table: OwnTable) -> dict[str, TableRow]:
    try:
        with closing(table.open()) as file:
            return read_table(file, table.name)
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise PromptsError(f"{table.name} cannot be read: {reason}.") from error


def in_folder(name: str, folder: str) -> str:
    """Return the path of a file that a table in ``folder`` names, from there or from the top."""
    return name if name.startswith(folder) else folder + name


def read_table(file: IO[bytes], table: str = PROMPTS_FILE) -> dict[str, TableRow]:
    """Return what a CSV file says of each sample that it names.

    The first line holds the column names, in any order and case: ``name`` (or ``file_name``, ``path``),
    ``prompt`` (or ``text``, ``caption`` beside ``file_name``) and, if wanted, ``category``; further columns
    are kept as details. Commas, semicolons and tabs separate. Only a table with ``name`` needs prompts.
    Raises PromptsError, whose sentences call the file ``table``.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        return _read(text, table)
    except UnicodeDecodeError as error:
        raise PromptsError(f"{table} is not UTF-8 text: save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise PromptsError(f"{table} is not a CSV file that can be read: {error}.") from error
    finally:
        text.detach()


@dataclass(frozen=True)
class _Layout:
    """Which columns hold names and prompts; None where a table says nothing of prompts."""

    columns: list[str]
    name: str
    prompt: str | None

    @classmethod
    def of(cls, columns: list[str], table: str) -> _Layout:
        """Find them among column names in lower case; raises PromptsError."""
        name = next((one for one in NAME_COLUMNS if one in columns), "name")
        texts = ("prompt", *_TEXT_COLUMNS) if name == "file_name" else ("prompt",)
        prompt = next((one for one in texts if one in columns), None)
        missing = [] if name in columns else ["name"]
        missing += ["prompt"] if prompt is None and name == "name" else []
        if missing:
            raise PromptsError(
                f"{table} has no column {' and no column '.join(missing)}; its first line must name the "
                f"columns name, prompt and, if wanted, category (found: {', '.join(columns) or 'nothing'})."
            )
        return cls(columns, name, prompt)

    def said(self, row: Mapping[str, str], where: str, table: str) -> TableRow:
        """Return what a row says; raises PromptsError for a prompt that cannot be stored."""
        known = {self.name} if self.prompt is None else {self.name, self.prompt, "category"}
        prompt = None
        if self.prompt is not None:
            prompt = checked_prompt(row.get(self.prompt, ""), row.get("category", ""), where)
        return TableRow(prompt, as_details(row, but=known), table)


def _read(text: io.TextIOWrapper, table: str) -> dict[str, TableRow]:
    header = text.readline()
    separator = max(",;\t", key=header.count)
    names = [column.strip().lower() for column in next(csv.reader([header], delimiter=separator), [])]
    layout = _Layout.of(names, table)
    reader = csv.reader(text, delimiter=separator)
    found: dict[str, TableRow] = {}
    for values in reader:
        row = dict(zip(names, (value.strip() for value in values), strict=False))
        if any(row.values()):
            _add_row(found, layout, row, f"{table}, line {reader.line_num + 1}", table)
    return found


def _add_row(
    found: dict[str, TableRow], layout: _Layout, row: Mapping[str, str], where: str, table: str
) -> None:
    name = tidy_name(row.get(layout.name, "")).removeprefix("./")
    if not name:
        raise PromptsError(f"{where}: the name is empty.")
    if "\x00" in name:
        raise PromptsError(f"{where}: there is a NUL character in the name.")
    said = layout.said(row, where, table)
    known = found.setdefault(name, said)
    if known.prompt != said.prompt:
        raise PromptsError(f"{where}: {name} has another prompt further up.")
    if known.details != said.details:
        found[name] = replace(known, details={**said.details, **known.details})
