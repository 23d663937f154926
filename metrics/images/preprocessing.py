"""Named preprocessings: from uint8 pixels to what a network takes. The name is part of a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from metrics.errors import InvalidInput
from metrics.images.resizing import resize

TOGETHER = 64 * 2**20
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Preprocessing:
    """Resize by ``rule`` (perhaps to ``resize_to`` and a centre crop), then (x - shift) / scale.

    ``clip`` keeps overshoots of the filter within 0..255 first. Shifts and scales are for x in 0..255, one
    for all channels or one each.
    """

    name: str
    rule: str
    shift: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    clip: bool = False
    resize_to: int | None = None
    needs_exact_size: bool = False

    def sized(self, resize_to: int | None) -> Preprocessing:
        """Return the same with another size of the shorter side before the centre crop."""
        return Preprocessing(
            self.name, self.rule, self.shift, self.scale, self.clip, resize_to, self.needs_exact_size
        )


def _normalised(name: str, mean: Sequence[float], std: Sequence[float]) -> Preprocessing:
    shift, scale = tuple(255 * m for m in mean), tuple(255 * s for s in std)
    return Preprocessing(name, "bicubic-antialias", shift, scale, clip=True)


PREPROCESSINGS: dict[str, Preprocessing] = {
    one.name: one
    for one in (
        Preprocessing("tf1", "tf1", (128.0,), (128.0,)),
        Preprocessing("pytorch", "bilinear", (127.5,), (127.5,)),
        Preprocessing("clean", "bicubic-antialias", (128.0,), (128.0,), clip=True),
        Preprocessing("unit", "bilinear-antialias", (0.0,), (255.0,)),
        Preprocessing("signed", "bilinear-antialias", (127.5,), (127.5,)),
        _normalised("imagenet", IMAGENET_MEAN, IMAGENET_STD),
        _normalised("clip", CLIP_MEAN, CLIP_STD),
        Preprocessing("none", "bilinear", needs_exact_size=True),
    )
}


def preprocessing_named(name: str) -> Preprocessing:
    """Return a preprocessing of this package. Raises InvalidInput naming those there are."""
    if name not in PREPROCESSINGS:
        raise InvalidInput(f"unknown preprocessing {name!r}: one of {', '.join(PREPROCESSINGS)}")
    return PREPROCESSINGS[name]


def prepare(
    images: Sequence[np.ndarray],
    size: tuple[int, int] | None,
    preprocessing: Preprocessing,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """Return a float32 batch (n, channels, height, width) from uint8 pixels (H, W, channels) of any sizes."""
    if size is None:
        _require_one_size(images)
        size = (images[0].shape[0], images[0].shape[1])
    groups = _groups_of_one_shape(images)
    if len(groups) == 1:
        batch = _resized(_planes(images, device), size, preprocessing)
    else:
        batch = torch.empty(len(images), images[0].shape[2], *size, device=device)
        for rows in groups:
            batch[rows] = _resized(_planes([images[row] for row in rows], device), size, preprocessing)
    channels = batch.shape[1]
    shift = _by_channel(preprocessing.shift[:channels], batch.device)
    return batch.sub_(shift).div_(_by_channel(preprocessing.scale[:channels], batch.device))


@lru_cache(maxsize=64)
def _by_channel(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """Return one value for each channel (channels, 1, 1) on the device, sent there once."""
    return torch.tensor(values, dtype=torch.float32, device=device).reshape(-1, 1, 1)


def _groups_of_one_shape(images: Sequence[np.ndarray]) -> list[list[int]]:
    """Return the rows to resize together: of one shape, and few enough for their float32 copies' memory."""
    groups = []
    for shape in dict.fromkeys(image.shape for image in images):
        rows = [row for row, image in enumerate(images) if image.shape == shape]
        together = max(1, TOGETHER // int(np.prod(shape)))
        groups += [rows[start : start + together] for start in range(0, len(rows), together)]
    return groups


def _planes(images: Sequence[np.ndarray], device: torch.device | str) -> torch.Tensor:
    """Return images of one size as float32 (n, channels, height, width) in memory of its own."""
    return _sent(images, torch.device(device)).permute(0, 3, 1, 2).contiguous().float()


def _sent(images: Sequence[np.ndarray], device: torch.device) -> torch.Tensor:
    """Return images as one array on the device; a GPU takes it while this process goes on."""
    if device.type != "cuda":
        return torch.from_numpy(np.stack(images)).to(device)
    held = torch.empty((len(images), *images[0].shape), dtype=torch.uint8, pin_memory=True)
    np.stack(images, out=held.numpy())
    return held.to(device, non_blocking=True)


def _require_one_size(images: Sequence[np.ndarray]) -> None:
    shapes = {image.shape[:2] for image in images}
    if len(shapes) > 1:
        raise InvalidInput(f"images of one size are needed here; found {sorted(shapes)[:3]}: name a size")


def _resized(pixels: torch.Tensor, size: tuple[int, int], how: Preprocessing) -> torch.Tensor:
    height, width = pixels.shape[-2:]
    if how.needs_exact_size and (height, width) != size:
        raise InvalidInput(
            f"preprocessing {how.name!r} does not resize: {width} x {height} is not {size[1]} x {size[0]}"
        )
    if how.resize_to is None:
        result = resize(pixels, size, how.rule)
    else:
        shorter = how.resize_to / min(height, width)
        between = (max(round(height * shorter), size[0]), max(round(width * shorter), size[1]))
        result = _centre(resize(pixels, between, how.rule), size)
    return result.clamp_(0, 255) if how.clip else result


def _centre(pixels: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    top = round((pixels.shape[-2] - size[0]) / 2)
    left = round((pixels.shape[-1] - size[1]) / 2)
    return pixels[..., top : top + size[0], left : left + size[1]]
