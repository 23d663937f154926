"""Prompts of samples: reading prompts.csv, and one row for each text and category."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, NamedTuple

from humaneval.samples.models import Prompt
from humaneval.samples.sources import tidy_name

CATEGORY_LENGTH = 120
_HUGGING_FACE = {"file_name": "name", "text": "prompt", "caption": "prompt"}
"""Names of columns in the metadata.csv of an image folder as Hugging Face's datasets lay it out."""


class PromptsError(Exception):
    """prompts.csv cannot be used; the message names the line and says what to do."""


class PromptText(NamedTuple):
    """A prompt before it has a row."""

    text: str
    category: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of category and text: the same prompt in two sets is one row."""
        return hashlib.sha256(json.dumps([self.category, self.text]).encode()).hexdigest()


def read_prompts(file: IO[bytes]) -> dict[str, PromptText]:
    """Return each named sample's prompt from a CSV file with the columns name, prompt[, category].

    Commas, semicolons and tabs separate; the first line holds the column names, in any order and case;
    further columns are passed over. Hugging Face's names do as well: file_name, and text or caption. Raises
    PromptsError.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        return _collect(_rows(text))
    except UnicodeDecodeError as error:
        raise PromptsError("prompts.csv is not UTF-8 text: save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise PromptsError(f"prompts.csv is not a CSV file that can be read: {error}.") from error
    finally:
        text.detach()


def _rows(text: io.TextIOWrapper) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and values by lower-case column name."""
    header = text.readline()
    separator = max(",;\t", key=header.count)
    names = [column.strip().lower() for column in next(csv.reader([header], delimiter=separator), [])]
    columns = [_HUGGING_FACE.get(name, name) for name in names] if "file_name" in names else names
    if "file_name" in names and "prompt" not in columns:
        return  # such a table may say other things of its images
    missing = [column for column in ("name", "prompt") if column not in columns]
    if missing:
        raise PromptsError(
            f"prompts.csv has no column {' and no column '.join(missing)}; its first line must name the "
            f"columns name, prompt and, if wanted, category (found: {', '.join(columns) or 'nothing'})."
        )
    reader = csv.reader(text, delimiter=separator)
    for values in reader:
        if any(value.strip() for value in values):
            yield reader.line_num + 1, dict(zip(columns, values, strict=False))


def _collect(rows: Iterable[tuple[int, dict[str, str]]]) -> dict[str, PromptText]:
    prompts: dict[str, PromptText] = {}
    for line, row in rows:
        name = tidy_name(row.get("name", "").strip()).removeprefix("./")
        if not name:
            raise PromptsError(f"prompts.csv, line {line}: the name is empty.")
        prompt = checked_prompt(line, row.get("prompt", ""), row.get("category", ""))
        if prompts.setdefault(name, prompt) != prompt:
            raise PromptsError(f"prompts.csv, line {line}: {name} has another prompt further up.")
    return prompts


def checked_prompt(line: int, text: str, category: str) -> PromptText:
    """Return a prompt as it is stored; raises PromptsError, naming the line, for one that cannot be."""
    prompt = PromptText(_tidy(text), _tidy(category))
    if not prompt.text:
        raise PromptsError(f"prompts.csv, line {line}: the prompt is empty.")
    if "\x00" in prompt.text or "\x00" in prompt.category:
        raise PromptsError(f"prompts.csv, line {line}: there is a NUL character in it.")
    if len(prompt.category) > CATEGORY_LENGTH:
        raise PromptsError(
            f"prompts.csv, line {line}: the category is longer than {CATEGORY_LENGTH} characters."
        )
    return prompt


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def ensure_prompts(*, prompts: Iterable[PromptText]) -> Mapping[PromptText, int]:
    """Make the rows that are missing and return each prompt's id; two queries for any number."""
    wanted = {prompt.digest: prompt for prompt in prompts}
    if not wanted:
        return {}
    Prompt.objects.bulk_create(
        [Prompt(text=p.text, category=p.category, digest=digest) for digest, p in wanted.items()],
        ignore_conflicts=True,
        batch_size=500,
    )
    ids = Prompt.objects.filter(digest__in=wanted).values_list("digest", "id")
    return {wanted[digest]: id_ for digest, id_ in ids}
