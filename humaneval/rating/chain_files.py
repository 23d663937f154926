"""A study's sealed votes as a file that proves itself: one JSON object a line, a line for each seal.

The file needs no database to be checked: ``manage.py verify_votes --export FILE --head HEAD``, or any
program that can compute SHA-256 (:mod:`humaneval.rating.chain` says of what).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from humaneval.rating.chain import Entry, Head, Link
from humaneval.rating.sealing import head_of, links_of
from humaneval.studies.models import Study


class NotAnExport(ValueError):
    """A file that no export of votes is; the message says which line shows it."""


def write_chain(*, study: Study, path: Path) -> Head:
    """Write a study's sealed votes, replacing the file once it is whole; return the head to keep elsewhere.

    Raises OSError where the file cannot be written.
    """
    head = head_of(study)
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8") as file:
        for link in links_of(study):
            if link.number > head.number:
                break
            file.write(json.dumps(asdict(link), default=str) + "\n")
    unfinished.replace(path)
    return head


def read_chain(path: Path) -> Iterator[Link]:
    """Yield the links of an export, one line at a time; raises NotAnExport, or OSError."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield _link(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise NotAnExport(f"Line {number} of {path} is no seal of an export: {error}") from error


def _link(row: dict[str, Any]) -> Link:
    entries = tuple(Entry(**entry) for entry in row["entries"])
    return Link(row["number"], row["previous"], row["head"], entries)
