"""Content-addressed files in the configured storage: equal bytes are kept once, nothing is renamed."""

from __future__ import annotations

import threading
from typing import IO

from django.core.files import File
from django.core.files.storage import Storage, default_storage

_locks = tuple(threading.Lock() for _ in range(64))
"""One thread at a time for one content, so that equal files in one batch make one file in storage."""


def store_content(file: IO[bytes], *, folder: str, sha256: str, size: int, extension: str) -> str:
    """Keep a file's bytes under their hash and return the name in storage.

    Safe to repeat: bytes that are there already are left alone, and what a killed process left half
    written (known by its size in bytes) is written again.
    """
    name = f"{folder}/{sha256[:2]}/{sha256[2:4]}/{sha256}.{extension}"
    with _locks[int(sha256[:4], 16) % len(_locks)]:
        present = _size_of(default_storage, name)
        if present == size:
            return name
        if present is not None:
            default_storage.delete(name)
        file.seek(0)
        return default_storage.save(name, File(file, name=name))


def _size_of(storage: Storage, name: str) -> int | None:
    try:
        return storage.size(name)
    except FileNotFoundError:
        return None
