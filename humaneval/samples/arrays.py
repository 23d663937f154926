"""Arrays of images: NumPy's ``.npz`` and PyTorch's ``.pt``, each image as a PNG file numbered in order.

Images are (count, height, width[, channels]) or (count, channels, height, width), with 1, 3 or 4 channels:
uint8, or floating point in 0..1 or -1..1. Other one-dimensional arrays of the same length, such as labels and
seeds, are kept with the samples. Nothing in a file is ever run: object arrays and pickles of anything but
tensors are refused.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image

from humaneval.samples.details import as_details
from humaneval.samples.prompts import PromptsError, PromptText, checked_prompt
from humaneval.samples.sources import READ_ERRORS, Entry, Problem, SourceError, check_limits
from humaneval.samples.verification import too_many_pixels

ENDINGS = {".npz", ".npy", ".pt", ".pth"}
MOST_BYTES = 8 * 1024**3
"""Of one file's arrays, which are held in memory."""

_PROMPTS = ("prompt", "prompts", "caption", "captions", "text")


class ArraySource:
    """The images of an array file, which may hold several arrays of images: each by its name."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            arrays = _from_torch(self.path) if self.path.suffix in {".pt", ".pth"} else _from_numpy(self.path)
        except (*READ_ERRORS, pickle.UnpicklingError, MemoryError) as error:
            raise SourceError(f"{self.path.name} cannot be read as arrays: {_first_line(error)}") from error
        self.images = {
            name: images for name, array in arrays.items() if (images := _as_images(array)) is not None
        }
        self.others = {name: array for name, array in arrays.items() if array.ndim == 1}
        if not self.images:
            shapes = ", ".join(f"{name} {array.shape} {array.dtype}" for name, array in arrays.items())
            raise SourceError(
                f"{self.path.name} holds no images. They are (count, height, width, channels) or (count, "
                f"channels, height, width), uint8 or floating point (found: {shapes or 'nothing'})."
            )

    def count(self) -> int:
        """Return the number of images; raises SourceError where they exceed a limit."""
        total = sum(array.nbytes for array in self.images.values())
        files = sum(len(array) for array in self.images.values())
        check_limits(files, total, "array file")
        return files

    def entries(self) -> Iterator[Entry | Problem]:
        """Yield each image as a PNG file."""
        for name, array in self.images.items():
            folder = f"{name}/" if len(self.images) > 1 else ""
            low = _least(array)
            for number, image in enumerate(array):
                yield self._offer(f"{folder}{number:06}.png", image, low, number, len(array))

    def own_tables(self) -> tuple[()]:
        """Return none: images bring their prompts themselves."""
        return ()

    def _offer(self, name: str, image: NDArray[Any], low: float, number: int, count: int) -> Entry | Problem:
        if image.dtype.kind == "f" and not np.isfinite(image).all():
            return Problem(name, "there are values in it that are no numbers (NaN or infinite)")
        if image.size == 0:
            return Problem(name, "there are no pixels in it")
        height, width = image.shape[:2]
        if height * width > settings.IMPORT_MAX_PIXELS:
            return Problem(name, too_many_pixels(width, height))
        facts = {key: array[number] for key, array in self.others.items() if len(array) == count}
        try:
            prompt = _prompt(facts, name)
        except PromptsError as error:
            return Problem(name, str(error))
        content = _png(_to_eight_bits(image, low))
        return Entry(
            name=name,
            size=len(content),
            open=lambda: io.BytesIO(content),
            prompt=prompt,
            details=as_details(facts, but={*_PROMPTS, "category"}),
        )


def _prompt(facts: Mapping[str, Any], name: str) -> PromptText | None:
    text = next((str(facts[key]) for key in _PROMPTS if key in facts), "")
    return checked_prompt(text, str(facts.get("category", "")), name) if text.strip() else None


def _from_numpy(path: Path) -> dict[str, NDArray[Any]]:
    if path.suffix == ".npz":
        with zipfile.ZipFile(path) as archive:
            _check_bytes(sum(info.file_size for info in archive.infolist()))
    else:
        _check_bytes(path.stat().st_size)
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {path.stem: loaded}
    with loaded:
        return {name: loaded[name] for name in loaded.files}


def _from_torch(path: Path) -> dict[str, NDArray[Any]]:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise SourceError(
            f"{path.name} needs PyTorch, which the image of web and worker leaves out: import it as .npz, "
            "or by `import_samples` in the metrics image."
        ) from error
    _check_bytes(_unpacked(path))
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    named: Mapping[Any, Any] = loaded if isinstance(loaded, Mapping) else {path.stem: loaded}
    found = {}
    for name, value in named.items():
        if isinstance(value, torch.Tensor):
            tensor = value.detach()
            _check_bytes(tensor.numel() * tensor.element_size())  # strides of nothing take no room in a file
            found[str(name)] = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
        elif isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
            found[str(name)] = np.array(value)
    return found


def _unpacked(path: Path) -> int:
    """Return how many bytes a file of tensors holds, which may be packed in it."""
    if not zipfile.is_zipfile(path):
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        return sum(info.file_size for info in archive.infolist())


def _check_bytes(size: int) -> None:
    if size > MOST_BYTES:
        raise SourceError(
            f"The arrays take {size:,} bytes; the limit is {MOST_BYTES:,}. Import them in parts, or as a zip "
            "of image files."
        )


def _as_images(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return an array as (count, height, width, channels), or None where it holds no images."""
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        return None
    if array.ndim == 3:
        return array[..., None]
    if array.ndim != 4:
        return None
    if array.shape[3] in {1, 3, 4}:
        return array
    return np.moveaxis(array, 1, 3) if array.shape[1] in {1, 3, 4} else None


def _least(array: NDArray[Any]) -> float:
    """Return where black lies in floating-point images: -1 if any value is negative, else 0."""
    return -1.0 if array.dtype.kind == "f" and np.nanmin(array, initial=0) < 0 else 0.0


def _to_eight_bits(image: NDArray[Any], low: float) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image
    scaled = np.clip((image.astype(np.float64) - low) / (1 - low), 0, 1) * 255
    return np.rint(scaled).astype(np.uint8)


def _png(image: NDArray[np.uint8]) -> bytes:
    target = io.BytesIO()
    pixels = np.ascontiguousarray(image[..., 0] if image.shape[-1] == 1 else image)
    Image.fromarray(pixels).save(target, "PNG", compress_level=1)
    return target.getvalue()


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__
