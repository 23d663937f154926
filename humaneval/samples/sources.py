"""Where samples come from: a folder on the server or a zip archive, read as a stream of entries.

Neither source ever writes a file by a name it was given, so no name can lead anywhere; names that try
are reported all the same, since an archive that holds them is not what its sender thinks it is.
"""

from __future__ import annotations

import lzma
import os
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Protocol

from django.conf import settings

from humaneval.samples.rows import ENDINGS

if TYPE_CHECKING:
    from humaneval.samples.prompts import PromptText

PROMPTS_FILE = "prompts.csv"

OWN_TABLES = ("prompts", "metadata")
"""What tables are called that a folder may bring along, but for their ending; the first one there is read.

The second is the table of an image folder as Hugging Face's datasets lay it out: file_name, and perhaps text.
"""

OWN_LISTS = ("promptlist", "drawbench", "drawbenchprompts", "parti", "partiprompts")
"""What prompt lists are called that a folder may bring along, without blanks, hyphens, dots and capitals."""

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
_CLUTTER = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("__macosx", "icon\r"),
    "@eadir",
}
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line separators, halves of characters; not the joiners that scripts and emoji need."""


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
    return _place_among_own(name) is not None


def sorted_tables(tables: Iterable[OwnTable]) -> list[OwnTable]:
    """Return tables from the top down, in each folder in the order in which they count, lists last."""

    def place(table: OwnTable) -> tuple[int, str, tuple[int, int], str]:
        return table.name.count("/"), table.folder, _place_among_own(table.name) or (0, 0), table.name

    return sorted(tables, key=place)


def _place_among_own(name: str) -> tuple[int, int] | None:
    base = PurePosixPath(name.lower()).name
    ending = PurePosixPath(base).suffix
    stem = base.removesuffix(ending)
    if ending not in ENDINGS:
        return None
    if stem in OWN_TABLES:
        return OWN_TABLES.index(stem), ENDINGS.index(ending)
    is_list = re.sub(r"[\s_.-]", "", stem) in OWN_LISTS
    return (len(OWN_TABLES), ENDINGS.index(ending)) if is_list else None


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


def tidy_path(name: str) -> str:
    """Return a tidy name without the parts that say nothing: ``./1.png`` and ``.//1.png`` are one file."""
    tidy = tidy_name(name)
    parts = [part for part in tidy.split("/") if part not in {"", "."}]
    return ("/" if tidy.startswith("/") else "") + "/".join(parts)


def leads_outside(name: str) -> bool:
    """Whether a path names something that is not below where it begins."""
    return name.startswith("/") or ".." in name.split("/") or name[1:2] == ":"


def objection(name: str, whole: str) -> str:
    """Return why a path cannot be a sample's name, nothing if it can; ``whole`` is what it must stay in."""
    return f"its path leads outside {whole}" if leads_outside(name) else unstorable(name)


def unstorable(name: str) -> str:
    """Return why a name cannot be stored, nothing if it can."""
    if len(name) > NAME_LENGTH:
        return f"its path is longer than {NAME_LENGTH} characters"
    if _UNSHOWN.search(name):
        return "its name holds characters that cannot be shown: rename it"
    return ""


def showable(text: str) -> str:
    """Return a text that every database takes, even of a name that cannot be stored."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


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


def unreadable(reason: str) -> Callable[[], IO[bytes]]:
    """Return what stands for opening a file that must not be read; it raises OSError with the reason."""

    def refuse() -> IO[bytes]:
        raise OSError(reason)

    return refuse


def too_large(size: int) -> str:
    """Return the reason for refusing a file of this many bytes."""
    limit = settings.IMPORT_MAX_FILE_BYTES
    return f"too large: {size:,} bytes, the limit is {limit:,} (IMPORT_MAX_FILE_BYTES)"


def printable(path: str | Path) -> str:
    """Return a path as text that every database takes, bytes that are not UTF-8 written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def not_open(place: object, roots: Sequence[object]) -> SourceError:
    """Return the refusal of a place that the operator has not opened, with those that are open."""
    if not roots:
        return SourceError(
            f"{place} is not among what is opened for import: nothing on the server is. Upload a zip or "
            "files, or have whoever runs the platform set IMPORT_ROOTS."
        )
    opened = ", ".join(map(str, roots))
    return SourceError(f"{place} is not among what is opened for import (IMPORT_ROOTS): {opened}.")
