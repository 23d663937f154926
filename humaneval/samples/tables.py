"""Tables that say what is known of samples by their names: prompts, and any other column."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any

from humaneval.samples.details import as_details
from humaneval.samples.prompts import PromptsError, PromptText, checked_prompt
from humaneval.samples.rows import Row, Rows, opened
from humaneval.samples.sources import PROMPTS_FILE, showable, tidy_path

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
class Table:
    """What one table says, by sample, and what is to be said of the table."""

    name: str
    rows: dict[str, TableRow] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass
class Tables:
    """What all tables of an import say, by sample, and what is to be said of the tables."""

    rows: dict[str, TableRow] = field(default_factory=dict)
    remarks: list[tuple[str, str]] = field(default_factory=list)

    def add(self, table: Table) -> None:
        """Take in a table; what was said before counts."""
        contradicted = 0
        for sample, row in table.rows.items():
            known = self.rows.setdefault(sample, row)
            if known is not row:
                prompt = known.prompt or row.prompt
                self.rows[sample] = replace(known, prompt=prompt, details={**row.details, **known.details})
                contradicted += row.prompt not in {None, prompt}
        self.remarks += [(table.name, text) for text in table.remarks]
        if contradicted:
            self.remark(table.name, f"says another prompt of {contradicted:,} files than a table above it")

    def remark(self, name: str, text: str) -> None:
        """Note something worth knowing about a table."""
        self.remarks.append((name, text))


def read_table(file: IO[bytes], name: str = PROMPTS_FILE) -> Table:
    """Return what a table says of each sample that it names; see :func:`said_by_name`."""
    with opened(file, name) as rows:
        return said_by_name(rows)


def said_by_name(rows: Rows, folder: str = "") -> Table:
    """Return what a table that lies in ``folder`` says of each sample that it names.

    Its columns, in any order and case: ``name`` (or ``file_name``, ``path``), ``prompt`` (or ``text``,
    ``caption`` beside ``file_name``) and, if wanted, ``category``; further columns are kept as details. Only
    a table with ``name`` needs prompts. Raises PromptsError.
    """
    layout = Layout.of(rows.columns, rows.name)
    found = _Found(Table(rows.name))
    for row in rows:
        name = in_folder(layout.named(row, rows.name), folder)
        found.add(name, layout.said(row, rows.name), f"{rows.name}, {row.place}")
    return found.table_with_remarks()


def in_folder(name: str, folder: str) -> str:
    """Return the path of a file that a table in ``folder`` names, from there or from the top."""
    if name.startswith("/") or name[1:2] == ":":
        return name
    plain = posixpath.normpath(name)
    return posixpath.normpath(plain if plain.startswith(folder) else folder + plain)


@dataclass(frozen=True)
class Layout:
    """Which columns hold names and prompts; None where a table says nothing of prompts."""

    name: str
    prompt: str | None

    @classmethod
    def of(cls, columns: Sequence[str], table: str, names: Sequence[str] = NAME_COLUMNS) -> Layout:
        """Find them among column names in lower case; raises PromptsError."""
        name = next((one for one in names if one in columns), "name")
        texts = ("prompt", *_TEXT_COLUMNS) if name == "file_name" else ("prompt",)
        prompt = next((one for one in texts if one in columns), None)
        missing = [] if name in columns else ["name"]
        missing += ["prompt"] if prompt is None and name == "name" else []
        if missing:
            raise PromptsError(
                f"{table} has no column {' and no column '.join(missing)}; it must name the columns name (or "
                f"file_name), prompt and, if wanted, category (found: {shown(columns)})."
            )
        for twice in (name, prompt, "category"):
            if twice is not None and columns.count(twice) > 1:
                raise PromptsError(f"{table} has the column {twice} {columns.count(twice)} times: keep one.")
        return cls(name, prompt)

    def named(self, row: Row, table: str) -> str:
        """Return the file that a row is about; raises PromptsError where it names none."""
        given = row.values.get(self.name)
        if isinstance(given, list | dict):
            raise PromptsError(f"{table}, {row.place}: the name is no text.")
        name = tidy_path("" if given is None else str(given).strip())
        if not name:
            raise PromptsError(f"{table}, {row.place}: the name is empty.")
        if name != showable(name):
            raise PromptsError(f"{table}, {row.place}: there is a NUL or half a character in the name.")
        return name

    def said(self, row: Row, table: str) -> TableRow:
        """Return what a row says; raises PromptsError for a prompt that cannot be stored.

        Empty prompts are refused only where the column of names is called ``name``.
        """
        known = {self.name} if self.prompt is None else {self.name, self.prompt, "category"}
        return TableRow(self._prompt(row, f"{table}, {row.place}"), as_details(row.values, but=known), table)

    def _prompt(self, row: Row, where: str) -> PromptText | None:
        if self.prompt is None:
            return None
        text, category = (_as_text(row.values.get(column)) for column in (self.prompt, "category"))
        return checked_prompt(text, category, where) if text.strip() or self.name == "name" else None


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


def shown(columns: Sequence[str]) -> str:
    """Return columns in words, the first ones of many."""
    listed = [showable(column)[:40] for column in columns[:12]]
    return ", ".join([*listed, *["…"] * (len(columns) > len(listed))]) or "nothing"


@dataclass
class _Found:
    """Rows as they are read, and which of them say less than they could, or more than once."""

    table: Table
    unprompted: set[str] = field(default_factory=set)
    differing: set[str] = field(default_factory=set)

    def add(self, name: str, said: TableRow, where: str) -> None:
        """Take in a row; raises PromptsError for another prompt than one further up."""
        known = self.table.rows.setdefault(name, said)
        if known.prompt and said.prompt and known.prompt != said.prompt:
            raise PromptsError(f"{where}: {name} has another prompt further up.")
        if known is not said:
            self.table.rows[name] = replace(
                known, prompt=known.prompt or said.prompt, details={**said.details, **known.details}
            )
            if any(known.details.get(key, value) != value for key, value in said.details.items()):
                self.differing.add(name)
        if self.table.rows[name].prompt is None:
            self.unprompted.add(name)
        else:
            self.unprompted.discard(name)

    def table_with_remarks(self) -> Table:
        """Return the table, which says what is odd about it."""
        if self.unprompted and len(self.unprompted) < len(self.table.rows):
            self._remark("has rows without a prompt, of", self.unprompted)
        self._remark("has several rows, of which the first counts where they differ, of", self.differing)
        return self.table

    def _remark(self, words: str, names: set[str]) -> None:
        if names:
            self.table.remarks.append(f"{words} {files(names)}")


def files(names: set[str]) -> str:
    """Return how many files there are in words, with one of them."""
    return f"{'1 file' if len(names) == 1 else f'{len(names):,} files'} ({min(names)}, for one)"
