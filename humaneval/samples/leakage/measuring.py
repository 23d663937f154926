"""The trivial facts of one image file: what could tell it from others without looking at the picture."""

from __future__ import annotations

import io
from typing import IO

import numpy as np
from PIL import Image, ImageCms

from humaneval.samples import pixels
from humaneval.samples.leakage.separating import Value

VERSION = 1
"""Raised whenever the same file would have other facts."""

FACTS = ("bytes", "dimensions", "format", "jpeg", "profile", "mode", "border", "brightness")
"""In the order of a table. ``bytes`` is the file's size."""


def measure(file: IO[bytes], size: int) -> dict[str, Value]:
    """Return an image's facts by ``fact.column``; ``size`` is the file's in bytes.

    Border and brightness are of the upright sRGB picture, 0 to 255. Raises what Pillow raises for a file
    that does not decode.
    """
    with pixels.open_image(file) as image:
        words = {
            "format.name": image.format or "",
            **_jpeg(image),
            "profile.name": _profile(image),
            "mode.name": image.mode,
        }
        luma = np.asarray(pixels.flatten(image).convert("L"), dtype=np.float64)
    height, width = luma.shape
    return {
        "bytes.size": float(size),
        "dimensions.width": float(width),
        "dimensions.height": float(height),
        **words,
        **_border(luma),
        "brightness.mean": float(luma.mean()),
    }


def _jpeg(image: Image.Image) -> dict[str, Value]:
    """Return how coarsely a JPEG was quantised, and its chroma subsampling; nothing for other formats."""
    tables = getattr(image, "quantization", None) if image.format == "JPEG" else None
    if not tables:
        return {"jpeg.step": 0.0, "jpeg.sampling": "none"}
    layers = getattr(image, "layer", [])
    sampling = " ".join(f"{layer[1]}x{layer[2]}" for layer in layers)
    return {"jpeg.step": float(np.mean(tables[min(tables)])), "jpeg.sampling": sampling or "unknown"}


def _profile(image: Image.Image) -> str:
    profile = image.info.get("icc_profile")
    if not profile:
        return "none"
    try:
        described = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return "unreadable"
    return described.strip()[:80] or "unnamed"


def _border(luma: np.ndarray) -> dict[str, Value]:
    """Return how even the outermost pixels are, and how they differ from those within."""
    ring = np.concatenate([luma[0], luma[-1], luma[1:-1, 0], luma[1:-1, -1]])
    within = luma[1:-1, 1:-1]
    if within.size == 0:
        return {"border.spread": float(ring.std()), "border.step": 0.0}
    return {"border.spread": float(ring.std()), "border.step": float(ring.mean() - within.mean())}
