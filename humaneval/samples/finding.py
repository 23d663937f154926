"""The tables and prompt lists that lie among a source's files, each in the folder that it speaks of.

In each folder the first table that names files counts, prompts.* before metadata.*. A prompt list counts
where no table gives prompts, and no other list speaks of the same files: which was meant, nobody can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from humaneval.samples.prompt_lists import by_number, is_prompt_list, said_in_order
from humaneval.samples.prompts import PromptsError
from humaneval.samples.rows import Rows, opened
from humaneval.samples.sources import READ_ERRORS, OwnTable, Source
from humaneval.samples.tables import Table, TableRow, Tables, said_by_name


@dataclass(frozen=True)
class Names:
    """The files that a prompt list may number: those that get rows, and those that tell where it begins."""

    wanted: Collection[str]
    beside: Collection[str] = ()


@dataclass(frozen=True)
class _List:
    """A prompt list and where it lies."""

    name: str
    folder: str
    rows: Sequence[TableRow]

    def overlaps(self, other: _List) -> bool:
        """Whether both speak of the same files."""
        return self.folder.startswith(other.folder) or other.folder.startswith(self.folder)

    def belonging(self, names: Names) -> Table:
        """Return its rows by file; raises PromptsError where none belongs to any."""
        numbered = by_number(self.rows, names.wanted, below=self.folder, beside=names.beside)
        return Table(self.name, numbered.rows, [numbered.use])


def read_own_tables(source: Source, names: Callable[[], Names], *, strict: bool) -> Tables:
    """Return what the tables and prompt lists among a source's files say; lists ask for ``names``.

    Raises PromptsError for an uppermost table that cannot be used and, where the import is strict, for any;
    those further down, and lists that fit no file, are remarked on.
    """
    found = _Found()
    for table in source.own_tables():
        found.take(table, strict=strict)
    for one in found.lists_of_use():
        try:
            found.tables.add(one.belonging(names()))
        except PromptsError as error:
            if strict:
                raise
            found.tables.remark(one.name, f"is not read: {error}")
    return found.tables


def read_own_table(table: OwnTable, names: Callable[[], Names]) -> Table:
    """Return what one table or prompt list among a source's files says; raises PromptsError."""
    said = _read(table)
    return said if isinstance(said, Table) else said.belonging(names())


def read_given(rows: Rows, names: Callable[[], Names]) -> Table:
    """Return what a table or prompt list that lies elsewhere says; raises PromptsError."""
    said = _said(rows)
    return said if isinstance(said, Table) else said.belonging(names())


def _read(table: OwnTable) -> Table | _List:
    with reading(table.name), closing(table.open()) as file, opened(file, table.name) as rows:
        return _said(rows, table.folder)


def _said(rows: Rows, folder: str = "") -> Table | _List:
    if is_prompt_list(rows.columns):
        return _List(rows.name, folder, said_in_order(rows))
    return said_by_name(rows, folder)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what reading a table may raise into a PromptsError that calls it ``name``."""
    try:
        yield
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise PromptsError(f"{name} cannot be read: {reason}.") from error


@dataclass
class _Found:
    """What has been found so far, from the top down."""

    tables: Tables = field(default_factory=Tables)
    lists: list[_List] = field(default_factory=list)
    counting: dict[str, str] = field(default_factory=dict)
    """The table that counts in a folder."""
    top: int | None = None
    """How deep the uppermost table lies."""

    def take(self, table: OwnTable, *, strict: bool) -> None:
        """Read a table; raises PromptsError where it cannot be used and the import cannot do without."""
        depth = table.name.count("/")
        self.top = depth if self.top is None else self.top
        try:
            said = _read(table)
        except PromptsError as error:
            if table.folder not in self.counting and (strict or depth == self.top):
                raise
            self.tables.remark(table.name, f"is not read: {error}")
            return
        if isinstance(said, _List):
            self.lists.append(said)
        elif table.folder in self.counting:
            self.tables.remark(table.name, f"is not read, since {self.counting[table.folder]} is beside it")
        else:
            self.counting[table.folder] = table.name
            self.tables.add(said)

    def lists_of_use(self) -> Iterator[_List]:
        """Yield the prompt lists that count; the others are remarked on."""
        for one in self.lists:
            rivals = [other.name for other in self.lists if other is not one and one.overlaps(other)]
            table = self._table_with_prompts(one.folder)
            if rivals:
                self.tables.remark(
                    one.name,
                    f"is not read: it and {', '.join(rivals)} are prompt lists for the same files. Name the "
                    "one to take with the import (prompts), or take the others away.",
                )
            elif table:
                self.tables.remark(one.name, f"is not read, since {table} gives the prompts")
            else:
                yield one

    def _table_with_prompts(self, folder: str) -> str:
        rows = self.tables.rows.items()
        return next((row.table for name, row in rows if row.prompt and name.startswith(folder)), "")
