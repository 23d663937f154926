"""Folders on the server as a source of samples."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from humaneval.samples.sources import (
    NAME_LENGTH,
    Entry,
    OwnTable,
    Problem,
    SourceError,
    check_limits,
    is_clutter,
    is_own_table,
    not_open,
    printable,
    sorted_tables,
    unreadable,
    unstorable,
)


class FolderSource:
    """The files under a folder, sorted by name; hidden files and the file ``without`` are passed over.

    With ``roots`` given, links that lead outside of them are problems: a request may then reach
    nothing that the operator has not opened.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        roots: Sequence[str | Path] | None = None,
        without: str | Path | None = None,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.without = None if without is None else Path(without).resolve()
        self.roots = None if roots is None else [Path(root).resolve() for root in roots]
        if self.roots is not None and not self._is_open(self.folder):
            raise not_open(folder, roots or ())
        if not self.folder.is_dir():
            raise SourceError(f"There is no folder {folder} on this machine.")

    def count(self) -> int:
        """Return the number of files; raises SourceError where they exceed a limit."""
        files = total = 0
        for found in self._walk(self.folder):
            files += 1
            total += 0 if isinstance(found, Problem) else _size_of(found)
        if files or not self.own_tables():
            check_limits(files, total, "folder")
        return files

    def entries(self) -> Iterator[Entry | Problem]:
        """Yield each file of the folder and its subfolders."""
        for found in self._walk(self.folder):
            yield found if isinstance(found, Problem) else self._offer(found)

    def own_tables(self) -> list[OwnTable]:
        """Return the tables in the folder and its subfolders."""
        found = [Path(one.path) for one in self._files(self.folder) if not isinstance(one, Problem)]
        return sorted_tables(self._table(path) for path in found if is_own_table(path.name))

    def _table(self, path: Path) -> OwnTable:
        reason = self._objection(path)
        return OwnTable(self._name(path), unreadable(reason) if reason else lambda: path.open("rb"))

    def _walk(self, folder: Path) -> Iterator[os.DirEntry[str] | Problem]:
        """Yield what is offered: all files but the tables."""
        for found in self._files(folder):
            if isinstance(found, Problem) or not is_own_table(found.name):
                yield found

    def _files(self, folder: Path) -> Iterator[os.DirEntry[str] | Problem]:
        try:
            with os.scandir(folder) as listing:
                found = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Problem(self._name(folder), f"folder cannot be read: {error.strerror}")
            return
        for entry in found:
            if is_clutter(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._files(Path(entry.path))
            elif Path(entry.path) != self.without:
                yield entry

    def _offer(self, found: os.DirEntry[str]) -> Entry | Problem:
        path = Path(found.path)
        name = self._name(path)
        reason = self._objection(path)
        if reason:
            return Problem(name[:NAME_LENGTH], reason)
        return Entry(name=name, size=_size_of(found), open=lambda: path.open("rb"))

    def _objection(self, path: Path) -> str:
        relative = path.relative_to(self.folder).as_posix()
        if not _is_text(relative):
            return "its name is not valid UTF-8: rename it"
        if reason := unstorable(relative):
            return reason
        try:
            mode = path.stat().st_mode
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if stat.S_ISDIR(mode):
            return "a link to a folder; import that folder itself"
        if not stat.S_ISREG(mode):
            return "not a regular file"
        if path.is_symlink() and not self._is_open(path.resolve()):
            return "a link that leads outside the folders opened for import"
        return ""

    def _is_open(self, path: Path) -> bool:
        return self.roots is None or any(path.is_relative_to(root) for root in self.roots)

    def _name(self, path: Path) -> str:
        relative = path.relative_to(self.folder).as_posix()
        return unicodedata.normalize("NFC", printable(relative))


def _size_of(found: os.DirEntry[str]) -> int:
    """Return a file's bytes, 0 for what is not there or cannot be asked."""
    try:
        return found.stat().st_size
    except OSError:
        return 0


def _is_text(name: str) -> bool:
    """Whether a file name is Unicode and not bytes that Python smuggles through as surrogates."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
