"""``pixels``: no network at all, the pixels themselves from 0 to 1."""

from __future__ import annotations

import torch

from metrics.errors import UnknownExtractor
from metrics.extractors.base import Description, Extractor, Outputs
from metrics.images.preprocessing import preprocessing_named


def size_of(argument: str) -> tuple[int, int]:
    """Return (height, width) of ``32`` or ``32x48`` (width x height). Raises UnknownExtractor otherwise."""
    width, _, height = argument.partition("x")
    if not width.isdigit() or (height and not height.isdigit()) or not 1 <= int(width) <= 4096:
        raise UnknownExtractor(f"pixels:SIZE takes 32 or 48x32 (width x height), not {argument!r}")
    return (int(height or width), int(width))


def load(argument: str, *, device: torch.device, channels: int = 3) -> Extractor:
    """Return pixels resized (antialiased bilinear) to the size in ``argument``, for RGB images."""
    height, width = size_of(argument)
    how = preprocessing_named("unit")
    description = Description(
        spec=f"pixels:{argument}",
        name=f"pixels-{width}x{height}",
        version="1",
        weights_sha256="",
        input_size=(height, width),
        channels=channels,
        resize=how.rule,
        preprocessing=how.name,
        precision="reference",
        feature_dimension=channels * height * width,
        logit_dimension=0,
    )
    return Extractor(description, _flatten, how, device=device, batch_size=64)


def _flatten(batch: torch.Tensor) -> Outputs:
    return batch.flatten(start_dim=1), None
