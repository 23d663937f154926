"""Resizing as two banded matrix products: a filter is a matrix of weights for each axis."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from metrics.errors import InvalidInput

BLOCK = 64
RULES = ("tf1", "bilinear", "bilinear-antialias", "bicubic-antialias")


def _tf1(source: int, target: int) -> np.ndarray:
    """TensorFlow 1's bilinear: output pixel i looks at i * source / target, in float32 as there."""
    positions = np.arange(target, dtype=np.float32) * np.float32(source / target)
    return _two_taps(positions, source)


def _bilinear(source: int, target: int) -> np.ndarray:
    """PyTorch's bilinear (align_corners=False): output pixels' centres clamped at 0, in float32 as there."""
    step = np.float32(source) / np.float32(target)
    positions = (np.arange(target, dtype=np.float32) + np.float32(0.5)) * step - np.float32(0.5)
    return _two_taps(positions.clip(0, None), source)


def _two_taps(positions: np.ndarray, source: int) -> np.ndarray:
    low = positions.astype(np.int64).clip(0, source - 1)
    share = (positions - low.astype(positions.dtype)).astype(np.float64)
    matrix = np.zeros((len(positions), source))
    rows = np.arange(len(positions))
    np.add.at(matrix, (rows, low), 1 - share)
    np.add.at(matrix, (rows, (low + 1).clip(0, source - 1)), share)
    return matrix


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.clip(1 - np.abs(x), 0, None)


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys's cubic with a = -0.5, Pillow's."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _antialiased(source: int, target: int, cubic: bool) -> np.ndarray:
    """Pillow's resampling: the filter is widened by the reduction, its window rounded to whole pixels."""
    scale = source / target
    stretch = max(scale, 1.0)
    support = (2.0 if cubic else 1.0) * stretch
    matrix = np.zeros((target, source))
    for row in range(target):
        centre = (row + 0.5) * scale
        first = max(int(centre - support + 0.5), 0)
        last = min(int(centre + support + 0.5), source)
        offsets = (np.arange(first, last) - centre + 0.5) / stretch
        weights = _cubic(offsets) if cubic else _triangle(offsets)
        matrix[row, first:last] = weights / weights.sum()
    return matrix


@lru_cache(maxsize=64)
def weights(rule: str, source: int, target: int) -> torch.Tensor:
    """Return the (target, source) float32 matrix that resizes one axis by a rule of ``RULES``."""
    if rule == "tf1":
        matrix = _tf1(source, target)
    elif rule == "bilinear":
        matrix = _bilinear(source, target)
    elif rule in ("bilinear-antialias", "bicubic-antialias"):
        matrix = _antialiased(source, target, cubic=rule.startswith("bicubic"))
    else:
        raise InvalidInput(f"unknown resize rule {rule!r}: one of {', '.join(RULES)}")
    return torch.from_numpy(matrix.astype(np.float32))


@lru_cache(maxsize=64)
def _filters(rule: str, source: int, target: int, device: torch.device) -> torch.Tensor:
    """Return the same on a device, sent there once: each sending waits for all that the device still does."""
    return weights(rule, source, target).to(device)


@lru_cache(maxsize=64)
def _bands(rule: str, source: int, target: int) -> tuple[tuple[slice, slice], ...]:
    """Return, for each block of output pixels, the range of input pixels that any of its filters touches."""
    found = []
    for start in range(0, target, BLOCK):
        rows = slice(start, min(start + BLOCK, target))
        touched = weights(rule, source, target)[rows].ne(0).any(dim=0).nonzero().flatten()
        found.append((rows, slice(int(touched[0]), int(touched[-1]) + 1)))
    return tuple(found)


def resize(images: torch.Tensor, size: tuple[int, int], rule: str) -> torch.Tensor:
    """Return float32 images (n, channels, H, W) at ``size`` (height, width); equal sizes are left alone.

    Pillow's order: the horizontal product first. Each filter touches few pixels, so both products are taken
    band by band, in a third of the time of whole ones.
    """
    height, width = images.shape[-2:]
    if (height, width) == size:
        return images
    wide = _across(images.reshape(-1, width), size[1], rule)
    return _down(wide.reshape(-1, height, size[1]), size[0], rule).reshape(*images.shape[:-2], *size)


def _across(rows: torch.Tensor, target: int, rule: str) -> torch.Tensor:
    source = rows.shape[1]
    filters = _filters(rule, source, target, rows.device).T.contiguous()
    result = rows.new_empty(len(rows), target)
    for out, taps in _bands(rule, source, target):
        torch.mm(rows[:, taps], filters[taps, out], out=result[:, out])
    return result


def _down(planes: torch.Tensor, target: int, rule: str) -> torch.Tensor:
    count, source, width = planes.shape
    filters = _filters(rule, source, target, planes.device)
    result = planes.new_empty(count, target, width)
    for out, taps in _bands(rule, source, target):
        torch.bmm(filters[out, taps].expand(count, -1, -1), planes[:, taps], out=result[:, out])
    return result
