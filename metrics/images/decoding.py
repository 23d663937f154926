"""Decoding to uint8 pixels, alike in this process and in workers (which need not import torch)."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from metrics.errors import Problem
from metrics.images.processes import decoding_processes
from metrics.images.sources import ImageItem, S3Object, ZipMember

AHEAD = 4
CHUNK = 8
CHUNK_BYTES = 64 * 2**20
AHEAD_BYTES = 512 * 2**20
MOST_PIXELS = 300_000_000


@dataclass(frozen=True)
class Decoded:
    """Pixels (H, W, channels) uint8 and their digest, or the problem that kept them from being read."""

    name: str
    pixels: np.ndarray | None
    digest: str
    problem: Problem | None = None

    @property
    def size(self) -> int:
        """The bytes of its pixels."""
        return 0 if self.pixels is None else self.pixels.nbytes


def decode(item: ImageItem, channels: int) -> Decoded:
    """Return the upright pixels of an image in 1 (grey) or 3 (RGB) channels; alpha is dropped.

    16-bit greyscale is divided by 257. Whatever is wrong with the file becomes a ``Problem``.
    """
    try:
        pixels = _pixels(item.open(), channels)
    except Exception as error:  # a broken file may raise anything out of a decoder
        return Decoded(item.name, None, "", Problem(item.name, _reason(error)))
    digest = hashlib.sha256(f"{pixels.shape}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return Decoded(item.name, pixels, digest.hexdigest())


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    text = str(error).splitlines()[0] if str(error) else ""
    return text or type(error).__name__


def _pixels(source: object, channels: int) -> np.ndarray:
    if isinstance(source, np.ndarray):
        return _from_array(source, channels)
    if isinstance(source, Image.Image):
        return _from_image(source, channels)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with Image.open(source) as image:  # type: ignore[arg-type]
        return _from_image(image, channels)


def _from_array(array: np.ndarray, channels: int) -> np.ndarray:
    if array.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8 (0 to 255), not {array.dtype}")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ValueError(f"pixels must have the shape (H, W), (H, W, 3) or (H, W, 4), not {array.shape}")
    if array.size and array.shape[2:] == (() if channels == 1 else (3,)):
        return array[:, :, None] if channels == 1 else array
    return _from_image(Image.fromarray(np.ascontiguousarray(array)), channels)


def _from_image(image: Image.Image, channels: int) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        grey = np.asarray(image, dtype=np.int64)
        image = Image.fromarray(((grey.clip(0, 65535) + 128) // 257).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("floating-point pixels have no agreed range; save 8 or 16 bits")
    if image.mode in ("P", "PA") or (image.mode == "L" and "transparency" in image.info):
        image = image.convert("RGBA")
    converted = np.asarray(image.convert("RGB" if channels == 3 else "L"))
    return converted[:, :, None] if converted.ndim == 2 else converted


def _decode_some(items: list[ImageItem], channels: int, most_bytes: int) -> list[Decoded]:
    """Return the first images, at least one, until they hold ``most_bytes``."""
    found: list[Decoded] = []
    for item in items:
        found.append(decode(item, channels))
        if sum(one.size for one in found) >= most_bytes:
            break
    return found


class _Pace:
    """How many images to ask for at once, and how many such groups ahead, by the largest seen so far."""

    def __init__(self, workers: int) -> None:
        self.workers = max(workers, 1)
        self.largest = 0

    def learn(self, found: Sequence[Decoded]) -> None:
        self.largest = max([self.largest, 1, *(one.size for one in found)])

    @property
    def together(self) -> int:
        """Images in a group: one until the first is there."""
        return max(1, min(CHUNK, CHUNK_BYTES // self.largest)) if self.largest else 1

    @property
    def groups(self) -> int:
        """Groups in flight: one for each worker at least, once the first is there."""
        if not self.largest:
            return 1
        fit = AHEAD_BYTES // (self.largest * self.together)
        return max(self.workers, min(AHEAD * self.workers, fit))


def default_workers(device_type: str) -> int:
    """Return how many decoding processes to use: none on a CPU that computes, most cores beside a GPU."""
    return 0 if device_type == "cpu" else max(1, min(16, (os.cpu_count() or 2) - 1))


def decoded(items: Sequence[ImageItem], channels: int, workers: int = 0) -> Iterator[Decoded]:
    """Yield the images in order, decoded ahead by ``workers`` processes (0: a thread of this one).

    Threads of this process do the work where items hold a caller's own callables, which may not survive
    the way to a process, or pixels alone, whose way there and back would cost more than the work. What waits
    to be taken is bounded by its bytes: of large images few are decoded ahead, of small ones many.
    """
    pace, asked = _Pace(workers), 0
    apart = all(_can_travel(item) for item in items) and not all(_has_pixels(item) for item in items)
    with _pool(workers, apart) as pool:
        waiting: deque[tuple[list[ImageItem], Future[list[Decoded]]]] = deque()

        def submit(group: list[ImageItem]) -> tuple[list[ImageItem], Future[list[Decoded]]]:
            return group, pool.submit(_decode_some, group, channels, CHUNK_BYTES)

        try:
            while waiting or asked < len(items):
                while asked < len(items) and len(waiting) < pace.groups:
                    group = list(items[asked : asked + pace.together])
                    waiting.append(submit(group))
                    asked += len(group)
                group, future = waiting.popleft()
                found = future.result()
                pace.learn(found)
                if len(found) < len(group):
                    waiting.appendleft(submit(group[len(found) :]))
                yield from found
        finally:
            for _, future in waiting:
                future.cancel()


def _can_travel(item: ImageItem) -> bool:
    return isinstance(item.content, Path | bytes | np.ndarray | ZipMember | S3Object)


def _has_pixels(item: ImageItem) -> bool:
    return isinstance(item.content, np.ndarray)


def _pool(workers: int, processes: bool) -> AbstractContextManager[Executor]:
    if workers < 1 or not processes:
        return ThreadPoolExecutor(max(workers, 1))
    return decoding_processes(workers)
