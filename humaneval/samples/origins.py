"""Which kind of source a path or address names: a folder or a zip archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from humaneval.samples.archives import ArchiveSource
from humaneval.samples.folders import FolderSource
from humaneval.samples.sources import Source, SourceError


@contextmanager
def open_origin(origin: str, *, prompts: str | Path | None = None) -> Iterator[Source]:
    """Give the source that a path on this machine names; raises SourceError where it names none."""
    path = Path(origin)
    if path.is_dir():
        yield FolderSource(path, without=prompts)
    elif path.is_file() and zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield ArchiveSource(file)
    elif path.is_file():
        raise SourceError(f"{origin} is no folder and no zip archive.")
    else:
        raise SourceError(f"There is no folder {origin} on this machine.")
