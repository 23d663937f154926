"""Where samples come from: a folder on the server or a zip archive, read as a stream of entries.

Neither source ever writes a file by a name it was given, so no name can lead anywhere; names that try
are reported all the same, since an archive that holds them is not what its sender thinks it is.
"""

from __future__ import annotations

import lzma
import os
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from django.conf import settings

if TYPE_CHECKING:
    from humaneval.samples.prompts import PromptText

PROMPTS_FILE = "prompts.csv"
METADATA_FILE = "metadata.csv"
"""The table of an image folder as Hugging Face's datasets lay it out: file_name, and perhaps text."""

OWN_TABLES = (PROMPTS_FILE, METADATA_FILE)
"""Tables that a folder may bring along; the first one that is there is read."""

NAME_LENGTH = 500
READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What reading an entry to its end may raise: the file system's errors and those of zip's methods."""
_CLUTTER = {"thumbs.db", "desktop.ini", "__macosx"}


class SourceError(Exception):
    """The folder or archive as a whole cannot be imported; the message says why and what to do."""


@dataclass(frozen=True)
class Entry:
    """One file offered for import: its name inside the source, its claimed bytes, a way to read it.

    ``prompt`` and ``details`` (seed, ids) are what the source itself says of it.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]
    prompt: PromptText | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """One file that does not come in, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class OwnTable:
    """A table that lies among a source's files: its path there, and a way to read it."""

    name: str
    open: Callable[[], IO[bytes]]

    @property
    def folder(self) -> str:
        """The folder that it lies in and speaks of, with a slash at its end; empty at the top."""
        return self.name[: self.name.rfind("/") + 1]


def is_own_table(name: str) -> bool:
    """Whether a file of this name says things of the others."""
    return name.rsplit("/", 1)[-1].lower() in OWN_TABLES


def sorted_tables(tables: Iterable[OwnTable]) -> list[OwnTable]:
    """Return tables from the top down, in each folder in the order in which they count."""

    def place(table: OwnTable) -> tuple[int, str, int]:
        base = table.name.rsplit("/", 1)[-1].lower()
        return table.name.count("/"), table.folder, OWN_TABLES.index(base)

    return sorted(tables, key=place)


class Source(Protocol):
    """A stream of entries that can be gone through more than once, always in the same order."""

    def count(self) -> int:
        """Return the number of entries; raises SourceError where the source exceeds a limit."""

    def entries(self) -> Iterator[Entry | Problem]:
        """Yield the files to import, and problems for those that cannot even be offered."""

    def own_tables(self) -> Sequence[OwnTable]:
        """Return the tables among the source's files, from the top down."""


def tidy_name(name: str) -> str:
    """Return a path in the one form that names are stored in: "/" between parts, composed Unicode."""
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def is_clutter(part: str) -> bool:
    """Whether a file or folder of this name is a desktop's own and no sample."""
    return part.startswith(".") or part.lower() in _CLUTTER


def check_limits(files: int, total: int, what: str) -> None:
    """Raise SourceError for a source without files or with more files or bytes than the settings allow."""
    if files == 0:
        raise SourceError(f"The {what} holds no files.")
    if files > settings.IMPORT_MAX_FILES:
        raise SourceError(
            f"The {what} holds {files:,} files; the limit is {settings.IMPORT_MAX_FILES:,} "
            "(IMPORT_MAX_FILES). Import it in parts."
        )
    if total > settings.IMPORT_MAX_TOTAL_BYTES:
        raise SourceError(
            f"The {what} holds {total:,} bytes; the limit is {settings.IMPORT_MAX_TOTAL_BYTES:,} "
            "(IMPORT_MAX_TOTAL_BYTES). Import it in parts."
        )


def too_large(size: int) -> str:
    """Return the reason for refusing a file of this many bytes."""
    limit = settings.IMPORT_MAX_FILE_BYTES
    return f"too large: {size:,} bytes, the limit is {limit:,} (IMPORT_MAX_FILE_BYTES)"


def printable(path: str | Path) -> str:
    """Return a path as text that every database takes, bytes that are not UTF-8 written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
