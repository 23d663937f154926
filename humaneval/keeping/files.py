"""Media files by content: which there are, what they hash to, and how they get from storage to storage."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from botocore.exceptions import ClientError
from django.apps import apps
from django.core.files import File
from django.core.files.storage import Storage
from django.db import models

CHUNK = 1024 * 1024
IN_MEMORY = 16 * 1024 * 1024
"""Bytes of a file that wait in memory on their way; larger ones wait on disk."""


class Lost(Exception):
    """A file is not in its storage; the message is its name."""


class Damaged(Exception):
    """A file is there, and its bytes are not what its name or the manifest says; the message is its name."""


@dataclass(frozen=True)
class Content:
    """A file's bytes, known by their SHA-256 (hexadecimal) and their number."""

    sha256: str
    size: int


def named_files() -> Iterator[str]:
    """Yield the name of every file that a row of the default database names; one may come twice."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, models.FileField):
                rows = model._base_manager.exclude(**{field.name: ""}).order_by(field.name)
                yield from rows.values_list(field.name, flat=True).distinct().iterator()


def still_named(name: str) -> bool:
    """Return whether any row names a file now."""
    return any(
        model._base_manager.filter(**{field.name: name}).exists()
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.FileField)
    )


def hash_in(name: str) -> str:
    """Return the SHA-256 that a content-addressed file carries in its name, or nothing."""
    stem = PurePosixPath(name).stem
    return stem if re.fullmatch(r"[0-9a-f]{64}", stem) and name.split("/")[-2][:2] == stem[2:4] else ""


def size_of(storage: Storage, name: str) -> int | None:
    """Return a file's size in bytes, None where it is not there."""
    try:
        return storage.size(name)
    except FileNotFoundError:
        return None
    except ClientError as error:  # django-storages says so in some versions only
        if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
            return None
        raise


def content_of(storage: Storage, name: str) -> Content:
    """Read a file and return what it hashes to; raises Lost."""
    with _opened(storage, name) as file:
        return _read(file, None)


def copy_file(source: Storage, name: str, target: Storage, to: str, *, expected: str = "") -> Content:
    """Copy a file, replacing what is there, read it back, and return what it hashes to.

    Raises Lost, or Damaged where the source is not what is ``expected`` (a SHA-256) or the copy is not
    what the source is.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as waiting:
        with _opened(source, name) as file:
            content = _read(file, waiting)
        if expected and content.sha256 != expected:
            raise Damaged(name)
        put(target, to, waiting)
    if content_of(target, to) != content:
        raise Damaged(to)
    return content


def put(target: Storage, name: str, content: IO[bytes]) -> None:
    """Store bytes under exactly this name, replacing what is there."""
    if size_of(target, name) is not None:
        target.delete(name)
    content.seek(0)
    stored = target.save(name, File(content, name=name))
    if stored != name:
        raise OSError(f"{name} was stored as {stored}: another command writes to the same place")


def _opened(storage: Storage, name: str) -> IO[bytes]:
    try:
        return storage.open(name, "rb")
    except FileNotFoundError as error:
        raise Lost(name) from error


def _read(file: IO[bytes], into: IO[bytes] | None) -> Content:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if into is not None:
            into.write(chunk)
    return Content(digest.hexdigest(), size)
