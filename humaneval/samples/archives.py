"""Zip archives as a source of samples, read member by member and never unpacked to disk."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import IO

from django.conf import settings

from humaneval.samples.sources import (
    NAME_LENGTH,
    READ_ERRORS,
    Entry,
    OwnTable,
    Problem,
    SourceError,
    check_limits,
    is_clutter,
    is_own_table,
    objection,
    sorted_tables,
    tidy_path,
    too_large,
    unreadable,
)


class ArchiveSource:
    """The members of a zip archive, sorted by name, each read as a stream and never unpacked to disk."""

    def __init__(self, file: IO[bytes]) -> None:
        _check_directory(file)
        try:
            self.archive = zipfile.ZipFile(file)
        except READ_ERRORS as error:
            raise SourceError(f"This is not a zip archive that can be read: {error}.") from error
        self.members = sorted(self._members(), key=lambda member: member[0])

    def count(self) -> int:
        """Return the number of members; raises SourceError where they exceed a limit."""
        total = sum(info.file_size for _, info in self.members)
        if self.members or not self.own_tables():
            check_limits(len(self.members), total, "archive")
        return len(self.members)

    def entries(self) -> Iterator[Entry | Problem]:
        """Yield each member that may be read, and a problem for each that may not."""
        for name, info in self.members:
            reason = _objection(name, info)
            yield Problem(name[:NAME_LENGTH], reason) if reason else self._offer(name, info)

    def own_tables(self) -> list[OwnTable]:
        """Return the archive's tables."""
        return sorted_tables(
            OwnTable(name, unreadable(reason) if reason else partial(self.archive.open, info))
            for name, info in self._visible()
            if is_own_table(name)
            for reason in [_objection(name, info)]
        )

    def _members(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        """Yield what is offered: all files but the tables."""
        return (member for member in self._visible() if not is_own_table(member[0]))

    def _visible(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        for info in self.archive.infolist():
            name = _member_name(info)
            if not info.is_dir() and not any(is_clutter(part) for part in _visible_parts(name)):
                yield name, info

    def _offer(self, name: str, info: zipfile.ZipInfo) -> Entry:
        return Entry(name=name, size=info.file_size, open=lambda: self.archive.open(info))


def _visible_parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part != ".."]


def _member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name, as UTF-8 where the archive's maker wrote that without saying so."""
    name = info.filename
    if not info.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return tidy_path(name)


def _objection(name: str, info: zipfile.ZipInfo) -> str:
    if reason := objection(name, "the archive"):
        return reason
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a symbolic link; put the file itself into the archive"
    if info.flag_bits & 0x1:
        return "encrypted: make the archive without a password"
    if info.file_size > settings.IMPORT_MAX_FILE_BYTES:
        return too_large(info.file_size)
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > 2**20 and ratio > settings.IMPORT_MAX_RATIO:
        return f"decompression bomb: expands {ratio:,.0f}-fold, the limit is {settings.IMPORT_MAX_RATIO}"
    return ""


def _check_directory(file: IO[bytes]) -> None:
    """Refuse an archive whose table of contents alone would fill the memory, before reading it.

    Looks at the end-of-directory record (APPNOTE 4.3.16; 4.3.14 for Zip64), where there is one.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 65_557 - 76))
    tail = file.read()
    file.seek(0)
    members, directory = _directory_size(tail)
    if members > settings.IMPORT_MAX_FILES or directory > 1024 * settings.IMPORT_MAX_FILES:
        raise SourceError(
            f"The archive lists {members:,} files in a directory of {directory:,} bytes; the limit is "
            f"{settings.IMPORT_MAX_FILES:,} files (IMPORT_MAX_FILES). Import it in parts."
        )


def _directory_size(tail: bytes) -> tuple[int, int]:
    """Return the number of members and the bytes of the directory that an archive's end declares."""
    at = tail.rfind(b"PK\x06\x06")
    if at >= 0 and len(tail) >= at + 56:
        return struct.unpack_from("<Q", tail, at + 32)[0], struct.unpack_from("<Q", tail, at + 40)[0]
    at = tail.rfind(b"PK\x05\x06")
    if at >= 0 and len(tail) >= at + 22:
        return struct.unpack_from("<H", tail, at + 10)[0], struct.unpack_from("<I", tail, at + 12)[0]
    return 0, 0
