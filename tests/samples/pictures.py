"""Image files of every kind, made on the spot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms


def picture(seed: int = 0, *, size: tuple[int, int] = (24, 16), mode: str = "RGB") -> Image.Image:
    """Return a noisy image, so that no two seeds have the same content."""
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return an image as the bytes of a file."""
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def png(seed: int = 0, **options: object) -> bytes:
    """Return the bytes of a small PNG file."""
    return encoded(picture(seed, **options))


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files under a folder and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zipped(files: Mapping[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> io.BytesIO:
    """Return a zip archive of these members, in this order."""
    target = io.BytesIO()
    members = files.items() if isinstance(files, Mapping) else files
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    target.seek(0)
    target.name = "pictures.zip"
    return target


def truncated(kind: str = "PNG") -> bytes:
    """Return the first two thirds of an image file."""
    whole = encoded(picture(9, size=(120, 120)), kind)
    return whole[: len(whole) * 2 // 3]


def swapped_channels_profile() -> bytes:
    """Return an ICC profile in which the file's red is really blue, made from sRGB's colorants."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    tags = {bytes(data[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    data[red : red + 4], data[blue : blue + 4] = data[blue : blue + 4], data[red : red + 4]
    return bytes(data)
