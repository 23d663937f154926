"""Features of a set, extracted once: kept by the set's content and the extractor, shard by shard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metrics.extraction import extract
from metrics.extractors.base import Extractor
from metrics.extractors.weights import cache_folder
from metrics.features import Features
from metrics.images.sources import ImageItem, image_items, shards

Report = Callable[[str, int, int], None]
SHARD = 1024


@dataclass(frozen=True)
class Reading:
    """How sets are read: decoding processes, what to do with unreadable images, where features are kept.

    ``report(what, done, total)`` is told of the progress and may raise to stop.
    """

    workers: int | None = None
    on_error: str = "refuse"
    cache: Path | None = None
    report: Report | None = None

    def stage(
        self, what: str, *, start: int = 0, total: int | None = None
    ) -> Callable[[int, int], None] | None:
        """Return a progress callback for one stage, counting from ``start`` of ``total``."""
        told = self.report
        if told is None:
            return None
        return lambda done, part: told(what, start + done, part if total is None else total)


def features_of(extractor: Extractor, images: Any, name: str, reading: Reading | None = None) -> Features:
    """Return a set's features, from the cache as far as they are there.

    Each finished shard is kept, so that an interrupted extraction goes on where it stopped.
    """
    how = reading or Reading()
    items = image_items(images)
    if how.cache is None:
        return _extract(extractor, items, range(len(items)), name, how)
    key = content_digest(items, how.stage(f"reading {name}"))
    folder = how.cache / extractor.digest[:16]
    whole = folder / f"{key}.safetensors"
    if whole.is_file():
        return Features.load(whole)
    parts = []
    for rows in shards(len(items), extractor.batch_size, SHARD):
        path = folder / f"{key}.{rows.start}-{rows.stop}.part.safetensors"
        if not path.is_file():
            _extract(extractor, items, rows, name, how).save(path)
        parts.append(path)
    joined = Features.join([Features.load(path) for path in parts])
    joined.save(whole)
    for path in parts:
        path.unlink()
    return joined


def _extract(
    extractor: Extractor, items: Sequence[ImageItem], rows: range, name: str, how: Reading
) -> Features:
    return extract(
        extractor,
        items,
        indices=rows,
        progress=how.stage(f"features of {name}", start=rows.start, total=len(items)),
        workers=how.workers,
        on_error=how.on_error,
    )


def content_digest(items: Sequence[ImageItem], progress: Callable[[int, int], None] | None = None) -> str:
    """Return the SHA-256 over names and contents, the cache's key for a set."""
    total = hashlib.sha256()
    for done, item in enumerate(items):
        total.update(json.dumps(item.name).encode() + hashlib.sha256(_content(item)).digest())
        if progress is not None and done % 64 == 0:
            progress(done, len(items))
    return total.hexdigest()


def _content(item: ImageItem) -> bytes:
    content = item.open()
    if isinstance(content, Path):
        return content.read_bytes() if content.is_file() else b"missing"
    if isinstance(content, np.ndarray):
        return f"{content.shape}{content.dtype}".encode() + content.tobytes()
    if hasattr(content, "getvalue"):
        return bytes(content.getvalue())
    return f"{content.mode}{content.size}".encode() + content.tobytes()


def default_cache() -> Path:
    """Return the folder where the command line keeps features."""
    return cache_folder() / "features"
