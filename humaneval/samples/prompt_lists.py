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
from collections.abc import Iterable
from typing import IO

from humaneval.samples.prompts import PromptsError, PromptText, checked_prompt, read_prompts
from humaneval.samples.sources import Entry, Source

_NUMBER = re.compile(r"\d+")


def read_prompts_or_list(file: IO[bytes], source: Source) -> dict[str, PromptText]:
    """Return each named file's prompt, from a table that names files or from a prompt list.

    Raises PromptsError.
    """
    header = file.readline().decode("utf-8-sig", "replace").lower()
    file.seek(0)
    columns = {column.strip().strip('"') for column in re.split(r"[,;\t]", header)}
    if columns & {"name", "file_name"} or not columns & {"prompt", "prompts"}:
        return read_prompts(file)
    names = [entry.name for entry in source.entries() if isinstance(entry, Entry)]
    return by_number(read_prompt_list(file), names)


def read_prompt_list(file: IO[bytes]) -> list[PromptText]:
    """Return a list's prompts with their categories, in order; raises PromptsError."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        header = text.readline()
        separator = "\t" if "\t" in header else ";" if header.count(";") > header.count(",") else ","
        columns = [column.strip().lower() for column in next(csv.reader([header], delimiter=separator), [])]
        reader = csv.reader(text, delimiter=separator)
        rows = [(reader.line_num + 1, dict(zip(columns, row, strict=False))) for row in reader if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PromptsError(f"The prompt list cannot be read: {error}.") from error
    finally:
        text.detach()
    return [
        checked_prompt(line, row.get("prompts") or row.get("prompt") or "", row.get("category") or "")
        for line, row in rows
    ]


def by_number(prompts: list[PromptText], names: Iterable[str]) -> dict[str, PromptText]:
    """Return the prompt of each file that has a number with a row; raises PromptsError if none has."""
    found = {name: _NUMBER.search(name) for name in names}
    numbers = {name: int(match[0]) for name, match in found.items() if match}
    first = 0 if 0 in numbers.values() else 1
    chosen = {
        name: prompts[number - first]
        for name, number in numbers.items()
        if 0 <= number - first < len(prompts)
    }
    if not chosen:
        raise PromptsError(
            "The prompt list names no files, and no file's path has a number with a row in the list: "
            "name images by their prompt's row, as in 00012.png."
        )
    return chosen
