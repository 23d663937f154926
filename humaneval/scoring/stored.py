"""Features and per-sample values in storage: written whole, read through a local file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from metrics import Features


def store_file(name: str, write: Callable[[Path], None]) -> str:
    """Let ``write`` fill a local file and put it into storage; return the name it got there.

    A row that holds the returned name vouches for a complete file: a kill leaves at most a file that no
    row knows.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.safetensors"
        write(path)
        with path.open("rb") as content:
            return default_storage.save(name, File(content))


def store_bytes(name: str, content: bytes) -> str:
    """Put bytes into storage; return the name they got there."""
    return default_storage.save(name, ContentFile(content))


@contextmanager
def local_file(name: str) -> Iterator[Path]:
    """Give a path to a stored file on this machine, a copy of it where storage is elsewhere."""
    try:
        yield Path(default_storage.path(name))
    except NotImplementedError:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / Path(name).name
            with default_storage.open(name, "rb") as source, copy.open("wb") as target:
                for chunk in source.chunks():
                    target.write(chunk)
            yield copy


@contextmanager
def local_features(name: str) -> Iterator[Features]:
    """Give stored features, memory-mapped for as long as the context lasts."""
    from metrics import Features

    with local_file(name) as path:
        yield Features.load(path)


def delete_files(names: list[str]) -> None:
    """Remove files from storage, those that are gone already too."""
    for name in names:
        if name:
            default_storage.delete(name)
