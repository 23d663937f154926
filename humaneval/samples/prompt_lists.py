"""Published prompt lists, which name no files: the n-th row belongs to the files numbered n.

DrawBench comes as a CSV file with the columns Prompts and Category, PartiPrompts as a TSV file with Prompt,
Category, Challenge and Note. Models are run over such a list in order, and their images are named by it:
``00012.png``, ``12/0003.png``, ``prompt_12_sample_3.png``. The first number in a file's path counts; it
begins at 0 if some file is numbered 0, else at 1.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO

from humaneval.samples.details import as_details
from humaneval.samples.prompts import PromptsError, checked_prompt
from humaneval.samples.tables import NAME_COLUMNS, TableRow, read_table

_NUMBER = re.compile(r"\d+")
_PROMPT_COLUMNS = ("prompts", "prompt")


def read_table_or_list(
    file: IO[bytes], names: Callable[[], Iterable[str]], table: str
) -> dict[str, TableRow]:
    """Return what is said of each file, by a table that names files or by a prompt list.

    ``names`` gives the files' names, which only a list asks for. Raises PromptsError, whose sentences call
    the file ``table``.
    """
    if is_prompt_list(file):
        return by_number(read_prompt_list(file, table), names())
    return read_table(file, table)


def is_prompt_list(file: IO[bytes]) -> bool:
    """Return whether a table has prompts and no names of files; the file stands at its start again."""
    header = file.readline().decode("utf-8-sig", "replace").lower()
    file.seek(0)
    columns = {column.strip().strip('"') for column in re.split(r"[,;\t]", header)}
    return not columns & set(NAME_COLUMNS) and bool(columns & set(_PROMPT_COLUMNS))


def read_prompt_list(file: IO[bytes], table: str = "The prompt list") -> list[TableRow]:
    """Return a list's prompts, in order, with their categories and what else it says; raises PromptsError."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        header = text.readline()
        separator = "\t" if "\t" in header else ";" if header.count(";") > header.count(",") else ","
        columns = [column.strip().lower() for column in next(csv.reader([header], delimiter=separator), [])]
        reader = csv.reader(text, delimiter=separator)
        rows = [(reader.line_num + 1, dict(zip(columns, row, strict=False))) for row in reader if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PromptsError(f"{table} cannot be read: {error}.") from error
    finally:
        text.detach()
    return [_said(line, row, table) for line, row in rows]


def _said(line: int, row: Mapping[str, str], table: str) -> TableRow:
    text = next((row[column] for column in _PROMPT_COLUMNS if row.get(column)), "")
    prompt = checked_prompt(text, row.get("category") or "", f"{table}, line {line}")
    tidy = {key: value.strip() for key, value in row.items()}
    return TableRow(prompt, as_details(tidy, but={*_PROMPT_COLUMNS, "category"}), table)


def by_number(rows: Sequence[TableRow], names: Iterable[str]) -> dict[str, TableRow]:
    """Return the row of each file that has a number with one; raises PromptsError if none has."""
    found = {name: _NUMBER.search(name) for name in names}
    numbers = {name: int(match[0]) for name, match in found.items() if match}
    first = 0 if 0 in numbers.values() else 1
    chosen = {
        name: rows[number - first] for name, number in numbers.items() if 0 <= number - first < len(rows)
    }
    if not chosen:
        raise PromptsError(
            "The prompt list names no files, and no file's path has a number with a row in the list: "
            "name images by their prompt's row, as in 00012.png."
        )
    return chosen
