"""Manifests: a table of images with what is known of each, as CSV, JSON lines or Parquet.

Columns: ``path`` (of the image, beside the manifest), and if wanted ``prompt``, ``category`` and anything
else, such as ``seed`` and ids, which is kept with the sample.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from humaneval.samples.prompts import PromptsError
from humaneval.samples.rows import ENDINGS as ROWS_ENDINGS
from humaneval.samples.rows import Row, opened
from humaneval.samples.sources import (
    NAME_LENGTH,
    READ_ERRORS,
    Entry,
    Problem,
    SourceError,
    check_limits,
    unstorable,
)
from humaneval.samples.tables import Layout, shown

ENDINGS = {*ROWS_ENDINGS}
_NAME_COLUMNS = ("path", "file_name")


class ManifestSource:
    """The images that a manifest lists, in its order; ``roots`` bounds where paths may lead."""

    def __init__(self, manifest: str | Path, *, roots: Sequence[str | Path] | None = None) -> None:
        self.manifest = Path(manifest).resolve()
        self.folder = self.manifest.parent
        self.roots = [self.folder] if roots is None else [Path(root).resolve() for root in roots]
        self.layout, self.rows = _read(self.manifest)

    def count(self) -> int:
        """Return the number of rows; raises SourceError where files or bytes exceed a limit."""
        offered = [found for found in self.entries() if isinstance(found, Entry)]
        check_limits(len(self.rows), sum(entry.size for entry in offered), "manifest")
        return len(self.rows)

    def entries(self) -> Iterator[Entry | Problem]:
        """Yield a row's image, or what is wrong with the row."""
        for row in self.rows:
            yield self._offer(row)

    def own_tables(self) -> tuple[()]:
        """Return none: rows bring their prompts themselves."""
        return ()

    def _offer(self, row: Row) -> Entry | Problem:
        try:
            name = self._name(self.layout.named(row, self.manifest.name))
            if reason := self._objection(name):
                return Problem(name[:NAME_LENGTH], reason)
            path = self.folder / name
            size = path.stat().st_size
        except PromptsError as error:
            return Problem(row.place, _without(self.manifest.name, error))
        except (OSError, ValueError, RuntimeError) as error:  # of names that no file system takes
            return Problem(name[:NAME_LENGTH], str(getattr(error, "strerror", None) or error))
        try:
            said = self.layout.said(row, self.manifest.name)
        except PromptsError as error:
            return Problem(name, _without(self.manifest.name, error))
        return Entry(
            name=name, size=size, open=lambda: path.open("rb"), prompt=said.prompt, details=said.details
        )

    def _name(self, path: str) -> str:
        """Return a path from the manifest's folder, of a whole path that lies in it too."""
        plain = posixpath.normpath(path)
        inside = Path(plain).is_absolute() and Path(plain).is_relative_to(self.folder)
        return Path(plain).relative_to(self.folder).as_posix() if inside else plain

    def _objection(self, name: str) -> str:
        if reason := unstorable(name):
            return reason
        path = (self.folder / name).resolve()
        if name[1:2] == ":" or not any(path.is_relative_to(root) for root in self.roots):
            return "its path leads outside the manifest's folder"
        return "" if path.is_file() else "there is no such file beside the manifest"


def _without(manifest: str, error: PromptsError) -> str:
    """Return a row's objection without the manifest's name, which every row of the list would repeat."""
    return str(error).removeprefix(f"{manifest}, ")


def _read(path: Path) -> tuple[Layout, list[Row]]:
    try:
        with path.open("rb") as file, opened(file, path.name) as rows:
            if not {*rows.columns} & {*_NAME_COLUMNS}:
                raise SourceError(
                    f"{path.name} has no column path. It needs path, and may have prompt, category, seed and "
                    f"ids (found: {shown(rows.columns)})."
                )
            return Layout.of(rows.columns, path.name, _NAME_COLUMNS), list(rows)
    except PromptsError as error:
        raise SourceError(str(error)) from error
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path.name} cannot be read: {reason}") from error
