"""Published prompt lists, which name no files: the n-th row belongs to the files numbered n.

DrawBench comes as a CSV file with the columns Prompts and Category, PartiPrompts as a TSV file with Prompt,
Category, Challenge and Note. Models are run over such a list in order, and their images are named by it:
``00012.png``, ``12/0003.png``, ``prompt_12_sample_3.png``. The first number in a file's path counts, without
a folder that all files share (``sd15/``); it begins at 0 if some file is numbered 0, else at 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from humaneval.samples.details import as_details
from humaneval.samples.prompts import PromptsError, checked_prompt
from humaneval.samples.rows import Row, Rows, opened
from humaneval.samples.tables import NAME_COLUMNS, TableRow

_NUMBER = re.compile(r"\d+")
_PROMPT_COLUMNS = ("prompts", "prompt")


def is_prompt_list(columns: Sequence[str]) -> bool:
    """Return whether a table with these columns has prompts and no names of files."""
    return not {*columns} & {*NAME_COLUMNS} and bool({*columns} & {*_PROMPT_COLUMNS})


def read_prompt_list(file: IO[bytes], name: str = "The prompt list") -> list[TableRow]:
    """Return a list's prompts, in order, with their categories and what else it says; raises PromptsError."""
    with opened(file, name) as rows:
        return said_in_order(rows)


def said_in_order(rows: Rows) -> list[TableRow]:
    """Return what a prompt list says, row by row; raises PromptsError."""
    return [_said(row, rows.name) for row in rows]


def _said(row: Row, table: str) -> TableRow:
    values = row.values
    text = next((str(values[column]) for column in _PROMPT_COLUMNS if values.get(column)), "")
    prompt = checked_prompt(text, str(values.get("category") or ""), f"{table}, {row.place}")
    return TableRow(prompt, as_details(values, but={*_PROMPT_COLUMNS, "category"}), table)


@dataclass(frozen=True)
class Numbered:
    """The rows of a list by the files that they belong to, and the number that its first row has."""

    rows: dict[str, TableRow]
    first: int

    @property
    def use(self) -> str:
        """How the list was used, in words."""
        files = "1 file" if len(self.rows) == 1 else f"{len(self.rows):,} files"
        return (
            f"is a prompt list: its rows belong to {files} by the first number in their paths, "
            f"counted from {self.first}"
        )


def by_number(
    rows: Sequence[TableRow], names: Iterable[str], *, below: str = "", beside: Iterable[str] = ()
) -> Numbered:
    """Return the row of each file that has a number with one; raises PromptsError if none has.

    ``below`` is the folder that the list lies in: only what is in it counts. Files ``beside`` them get no
    rows, but tell where the numbers begin.
    """
    wanted = [name for name in names if name.startswith(below)]
    start = below + _shared_folder([name.removeprefix(below) for name in wanted])
    numbers = _numbers(wanted, start)
    first = 0 if 0 in numbers.values() or 0 in _numbers(beside, start).values() else 1
    chosen = {
        name: rows[number - first] for name, number in numbers.items() if 0 <= number - first < len(rows)
    }
    if not chosen:
        raise PromptsError(
            "The prompt list names no files, and no file's path has a number with a row in the list: "
            "name images by their prompt's row, as in 00012.png."
        )
    return Numbered(chosen, first)


def _numbers(names: Iterable[str], start: str) -> dict[str, int]:
    """Return the first number in each path below ``start``, of those that have one."""
    found = {name: _NUMBER.search(name, len(start)) for name in names if name.startswith(start)}
    return {name: int(match[0]) for name, match in found.items() if match}


def _shared_folder(names: Sequence[str]) -> str:
    """Return the folder that all files lie in: a number in its name is a model's, and no row's."""
    tops = {name[: name.find("/") + 1] for name in names}
    top = tops.pop() if len(tops) == 1 else ""
    return "" if top.rstrip("/").isdecimal() else top
