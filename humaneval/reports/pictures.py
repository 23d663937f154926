"""Thumbnails of the samples that a report shows, small enough to travel inside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

from django.core.cache import cache
from PIL import Image

from humaneval.samples import pixels
from humaneval.samples.models import Sample

SIDE = 88
_KEEP_SECONDS = 7 * 24 * 3600


def thumbnails(keys: Iterable[str]) -> dict[str, str]:
    """Return the pictures (WebP, base64) of ``set name/sample name`` keys; those gone from storage are left
    out.

    One query. A picture that was made before comes from the cache.
    """
    wanted = set(keys)
    parts = {part for key in wanted for part in _split(key)}
    rows = Sample.objects.filter(
        sample_set__name__in={one for one, _ in parts}, name__in={name for _, name in parts}
    )
    found = {
        f"{sample.sample_set.name}/{sample.name}": sample for sample in rows.select_related("sample_set")
    }
    pictures = {key: _picture(found[key]) for key in sorted(wanted & found.keys())}
    return {key: picture for key, picture in pictures.items() if picture}


def _split(key: str) -> Iterable[tuple[str, str]]:
    """Yield every way to read a key as a set's name and a sample's: both may hold slashes."""
    parts = key.split("/")
    for place in range(1, len(parts)):
        yield "/".join(parts[:place]), "/".join(parts[place:])


def _picture(sample: Sample) -> str:
    key = f"report-picture:{SIDE}:{sample.sha256}"
    picture = cache.get(key)
    if picture is None:
        picture = _render(sample)
        cache.set(key, picture, _KEEP_SECONDS)
    return str(picture)


def _render(sample: Sample) -> str:
    try:
        with sample.file.open("rb") as file, pixels.open_image(file) as image:
            small = pixels.flatten(image)
    except FileNotFoundError:
        return ""
    if max(small.size) > SIDE:
        small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    target = io.BytesIO()
    small.save(target, "WEBP", quality=80, method=4)
    return base64.b64encode(target.getvalue()).decode("ascii")
