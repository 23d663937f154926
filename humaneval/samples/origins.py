"""Which kind of source a path or address names: folder, archive, manifest, array file or S3 prefix."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from humaneval.samples import arrays, buckets, manifests
from humaneval.samples.archives import ArchiveSource
from humaneval.samples.folders import FolderSource
from humaneval.samples.sources import Source, SourceError, not_open


@contextmanager
def open_origin(
    origin: str | Path, *, roots: Sequence[Any] | None = None, prompts: str | Path | None = None
) -> Iterator[Source]:
    """Give the source that a path on this machine or an address names.

    With ``roots`` given, only what lies in them is opened. Raises SourceError where it names nothing.
    """
    text, path = str(origin), Path(origin)
    if text.startswith(buckets.SCHEME):
        yield buckets.BucketSource(text, roots=roots)
        return
    _check_inside(path, roots)
    ending = path.suffix.lower()
    if not path.is_file():
        yield FolderSource(path, roots=roots, without=prompts)
        return
    if ending in manifests.ENDINGS:
        yield manifests.ManifestSource(path, roots=roots)
    elif ending in arrays.ENDINGS:
        yield arrays.ArraySource(path)
    elif zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield ArchiveSource(file)
    else:
        known = ", ".join(sorted({*manifests.ENDINGS, *arrays.ENDINGS}))
        raise SourceError(f"{origin} is no folder, no zip archive, and no file ending in {known}.")


def check_origin(origin: str | Path, *, roots: Sequence[Any]) -> None:
    """Raise SourceError for what cannot be imported, as far as that is told without reading images.

    Array files are looked at no further than where they lie: they are read into memory as a whole.
    """
    path = Path(origin)
    _check_inside(path, roots if not str(origin).startswith(buckets.SCHEME) else None)
    if not (path.suffix.lower() in arrays.ENDINGS and path.is_file()):
        with open_origin(origin, roots=roots):
            pass


def _check_inside(path: Path, roots: Sequence[Any] | None) -> None:
    """Raise SourceError for what lies elsewhere, in one sentence whether something is there or not."""
    if roots is not None and not any(path.resolve().is_relative_to(Path(root).resolve()) for root in roots):
        raise not_open(path, roots)
