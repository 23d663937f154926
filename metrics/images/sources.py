"""Where images come from: folders, lists, arrays, zips, S3 prefixes. Nothing is decoded here."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from metrics.errors import InvalidInput, MissingPackage

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".pgm", ".ppm", ".jp2", ".avif"}
)

S3_SETTINGS = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_SESSION_TOKEN",
)
Opener: TypeAlias = Callable[[], Any]


@dataclass(frozen=True)
class ImageItem:
    """One image by name: a path, its bytes, pixels, a PIL image or a callable that opens it."""

    name: str
    content: Path | bytes | np.ndarray | Image.Image | Opener

    def open(self) -> Path | io.BytesIO | np.ndarray | Image.Image:
        """Return what Pillow or NumPy can read at once: bytes are wrapped, callables called."""
        content = self.content
        if callable(content) and not isinstance(content, Image.Image):
            content = content()
            if hasattr(content, "read"):
                with content:
                    content = content.read()
        return io.BytesIO(content) if isinstance(content, bytes | bytearray) else content


@dataclass(frozen=True)
class ZipMember:
    """Opens one member of a zip archive. Can be sent to a worker process."""

    archive: Path
    member: str

    def __call__(self) -> bytes:
        """Return the member's bytes."""
        about = self.archive.stat()
        return _archive(self.archive, about.st_mtime_ns, about.st_size).read(self.member)


@lru_cache(maxsize=4)
def _archive(path: Path, _changed: int, _size: int) -> zipfile.ZipFile:
    """Return an open archive: its list of members, long for large sets, is read once for a process."""
    return zipfile.ZipFile(path)


@dataclass(frozen=True)
class S3Object:
    """Opens one object of an S3 bucket. Can be sent to a worker process."""

    bucket: str
    key: str

    def __call__(self) -> bytes:
        """Return the object's bytes."""
        body: bytes = _s3_client(s3_settings()).get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
        return body


def image_items(images: Any) -> list[ImageItem]:
    """Return what ``images`` names, in a fixed order: sorted by name for folders, zips and prefixes.

    A folder is searched through and through for image suffixes. Raises InvalidInput when there is nothing.
    """
    items = _items_of(images)
    if not items:
        raise InvalidInput(f"no images in {images!r:.200}")
    return items


def _items_of(images: Any) -> list[ImageItem]:
    if isinstance(images, str) and images.startswith("s3://"):
        return _s3_items(images)
    if isinstance(images, str | Path):
        return _path_items(Path(images))
    if isinstance(images, np.ndarray) and images.ndim in (3, 4):
        return [ImageItem(f"{index:06d}", picture) for index, picture in enumerate(images)]
    if hasattr(images, "detach"):
        raise InvalidInput("give images as a uint8 NumPy array (N, H, W, C), not as a tensor")
    if isinstance(images, Iterable):
        return [_item(index, thing) for index, thing in enumerate(images)]
    raise InvalidInput(f"images come from a folder, a zip, s3://, a list or an array, not {type(images)}")


def _path_items(path: Path) -> list[ImageItem]:
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()]
        items = [ImageItem(file.relative_to(path).as_posix(), file) for file in found]
        return sorted(items, key=lambda item: item.name)
    if zipfile.is_zipfile(path):
        return _zip_items(path)
    if path.is_file():
        return [ImageItem(path.name, path)]
    raise InvalidInput(f"{path} is neither a folder nor a zip file")


def _zip_items(path: Path) -> list[ImageItem]:
    with zipfile.ZipFile(path) as archive:
        names = [
            info.filename
            for info in archive.infolist()
            if not info.is_dir() and Path(info.filename).suffix.lower() in SUFFIXES
        ]
    kept = sorted(name for name in names if not name.startswith("__MACOSX/"))
    return [ImageItem(name, ZipMember(path, name)) for name in kept]


def s3_settings() -> tuple[str | None, ...]:
    """Return what the environment says of S3, by which a client is kept."""
    return tuple(os.environ.get(name) for name in S3_SETTINGS)


@lru_cache(maxsize=4)
def _s3_client(_settings: tuple[str | None, ...]) -> Any:
    """Return a client for the settings in the environment, made once: it may be shared by threads."""
    try:
        import boto3
    except ImportError as error:
        raise MissingPackage("reading s3:// needs boto3: pip install boto3") from error
    return boto3.client("s3")


def _s3_items(address: str) -> list[ImageItem]:
    bucket, _, folder = address.removeprefix("s3://").partition("/")
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    keys = _s3_keys(address, bucket, prefix)
    kept = sorted(key for key in keys if Path(key).suffix.lower() in SUFFIXES)
    return [ImageItem(key.removeprefix(prefix), S3Object(bucket, key)) for key in kept]


def _s3_keys(address: str, bucket: str, prefix: str) -> list[str]:
    client = _s3_client(s3_settings())
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    except (BotoCoreError, ClientError) as error:
        raise InvalidInput(f"{address} cannot be listed: {error}") from error


def _item(index: int, thing: Any) -> ImageItem:
    if isinstance(thing, ImageItem):
        return thing
    if isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[0], str):
        return ImageItem(thing[0], Path(thing[1]) if isinstance(thing[1], str) else thing[1])
    if isinstance(thing, str | Path):
        return ImageItem(str(thing), Path(thing))
    return ImageItem(f"{index:06d}", thing)


def shards(count: int, batch_size: int, target: int = 512) -> list[range]:
    """Return ranges that cut ``count`` samples into shards of about ``target``, at multiples of the batch.

    Extracting the ranges apart and joining them in order gives the same bits as extracting all at once.
    """
    if min(count, batch_size, target) < 1:
        raise InvalidInput("the count, the batch and the target must be at least 1")
    step = max(batch_size, target // batch_size * batch_size)
    return [range(start, min(start + step, count)) for start in range(0, count, step)]


def selected(items: Sequence[ImageItem], indices: Iterable[int] | None) -> list[ImageItem]:
    """Return the items at ``indices``, all of them for None."""
    return list(items) if indices is None else [items[index] for index in indices]
