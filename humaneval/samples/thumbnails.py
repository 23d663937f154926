"""Small pictures of samples for staff: the contact sheet of a set."""

from __future__ import annotations

import io

from PIL import Image

from humaneval.samples import pixels
from humaneval.samples.models import Sample

SIDE = 160


def render_thumbnail(sample: Sample) -> bytes:
    """Return a sample as WebP no larger than SIDE pixels a side, never enlarged.

    Raises FileNotFoundError when the file is gone from storage.
    """
    with sample.file.open("rb") as file, pixels.open_image(file) as image:
        small = pixels.flatten(image)
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    target = io.BytesIO()
    small.save(target, "WEBP", quality=85, method=2)
    return target.getvalue()
