"""Decoding to uint8 pixels, alike in this process and in workers (which need not import torch)."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from metrics.errors import Problem
from metrics.images.sources import ImageItem, S3Object, ZipMember

AHEAD = 4
CHUNK = 8
MOST_PIXELS = 300_000_000


@dataclass(frozen=True)
class Decoded:
    """Pixels (H, W, channels) uint8 and their digest, or the problem that kept them from being read."""

    name: str
    pixels: np.ndarray | None
    digest: str
    problem: Problem | None = None


def decode(item: ImageItem, channels: int) -> Decoded:
    """Return the upright pixels of an image in 1 (grey) or 3 (RGB) channels; alpha is dropped.

    16-bit greyscale is divided by 257. Whatever is wrong with the file becomes a ``Problem``.
    """
    try:
        pixels = _pixels(item.open(), channels)
    except Exception as error:  # a broken file may raise anything out of a decoder
        return Decoded(item.name, None, "", Problem(item.name, _reason(error)))
    header = f"{pixels.shape}".encode()
    return Decoded(item.name, pixels, hashlib.sha256(header + pixels.tobytes()).hexdigest())


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


def _decode_all(items: list[ImageItem], channels: int) -> list[Decoded]:
    return [decode(item, channels) for item in items]


def default_workers(device_type: str) -> int:
    """Return how many decoding processes to use: none on a CPU that computes, most cores beside a GPU."""
    return 0 if device_type == "cpu" else max(1, min(16, (os.cpu_count() or 2) - 1))


def decoded(items: Sequence[ImageItem], channels: int, workers: int = 0) -> Iterator[Decoded]:
    """Yield the images in order, decoded ahead by ``workers`` processes (0: a thread of this one).

    Workers are started fresh (not forked), since a fork breaks CUDA. Where items hold a caller's own
    callables, which may not survive the way to a process, threads of this process do the work.
    """
    groups = [list(items[start : start + CHUNK]) for start in range(0, len(items), CHUNK)]
    with _pool(workers, all(_can_travel(item) for item in items)) as pool:
        waiting: deque[Future[list[Decoded]]] = deque()
        try:
            for group in groups:
                waiting.append(pool.submit(_decode_all, group, channels))
                if len(waiting) >= AHEAD * max(workers, 1):
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _can_travel(item: ImageItem) -> bool:
    return isinstance(item.content, Path | bytes | np.ndarray | ZipMember | S3Object)


def _pool(workers: int, processes: bool) -> ProcessPoolExecutor | ThreadPoolExecutor:
    if workers < 1 or not processes:
        return ThreadPoolExecutor(max(workers, 1))
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
