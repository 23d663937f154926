"""What the Python client sends: the files of a folder, cut into parts that go as zip archives in forms.

Needs nothing of Django, as the client does.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PART_BYTES = 256 * 1024**2
PART_FILES = 5_000
"""What of a folder goes in one upload, at most."""

CHUNK = 1024**2
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""What the names of tables and prompt lists end in: they go last, when the server knows the files."""


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine and the name that its sample gets."""

    name: str
    path: Path
    size: int

    @property
    def is_table(self) -> bool:
        """Whether it says things of the others."""
        return self.path.name.lower().endswith(TABLES)

    def is_among(self, held: Mapping[str, str]) -> bool:
        """Return whether a set, SHA-256 by name, holds it as it is."""
        if self.name not in held:
            return False
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == held[self.name]


def files_of(folder: Path) -> list[LocalFile]:
    """Return a folder's files in order; hidden ones are left out, as the server would."""
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            name = unicodedata.normalize("NFC", relative.as_posix())
            found.append(LocalFile(name, path, path.stat().st_size))
    return found


def cut(name: str, files: Sequence[LocalFile], tables: Sequence[LocalFile]) -> Iterator[Part]:
    """Yield files in parts of PART_BYTES and PART_FILES at most, tables with the last one."""
    part: list[LocalFile] = []
    size = 0
    for file in files:
        if part and (len(part) == PART_FILES or size + file.size > PART_BYTES):
            yield Part(name, part)
            part, size = [], 0
        part.append(file)
        size += file.size
    if part or tables:
        yield Part(name, [*part, *tables])


class Part:
    """One upload: an archive as it is, or files, which become an archive on disk while it is open."""

    def __init__(self, name: str, content: Path | Sequence[LocalFile]) -> None:
        self.filename, self.content = f"{name}.zip", content
        self.file: IO[bytes]

    def __enter__(self) -> Part:
        self.file = self.content.open("rb") if isinstance(self.content, Path) else _zipped(self.content)
        return self

    def __exit__(self, *raised: object) -> None:
        self.file.close()


def _zipped(files: Sequence[LocalFile]) -> IO[bytes]:
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for file in files:
            archive.write(file.path, file.name)
    return target


class Form:
    """A multipart form (RFC 7578) whose one file is read from disk as it is sent; may be sent again."""

    def __init__(
        self,
        fields: Mapping[str, str],
        filename: str,
        file: IO[bytes],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        boundary = secrets.token_hex(16)
        named = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        parts = [f'form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        parts.append(
            f'form-data; name="archive"; filename="{named}"\r\nContent-Type: application/zip\r\n\r\n'
        )
        self.head = "".join(f"--{boundary}\r\nContent-Disposition: {part}" for part in parts).encode()
        self.tail = f"\r\n--{boundary}--\r\n".encode()
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.file, self.progress = file, progress
        self.size = file.seek(0, os.SEEK_END)
        self.length = len(self.head) + self.size + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        yield self.head
        sent = 0
        while chunk := self.file.read(CHUNK):
            yield chunk
            sent += len(chunk)
            if self.progress:
                self.progress(sent, self.size)
        yield self.tail
