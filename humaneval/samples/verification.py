"""Whether a file is an image that can become a stimulus, and if not, why, in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from django.conf import settings
from PIL import Image, UnidentifiedImageError

from humaneval.samples import pixels

_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"RIFF", b"\xff\x4f\xff\x51")


class BadImage(Exception):
    """The file cannot be a sample; the message says why."""


@dataclass(frozen=True)
class Facts:
    """What verification learnt of an image. Width and height are of the upright image, in pixels."""

    format: str
    mode: str
    width: int
    height: int
    remark: str = ""


def examine(file: IO[bytes]) -> Facts:
    """Decode a file in full and return its facts; raises BadImage with the reason if it cannot be used."""
    try:
        image = pixels.open_image(file)
    except UnidentifiedImageError as error:
        raise BadImage(_why_unidentified(file)) from error
    except pixels.TooManyPixels as error:
        raise BadImage(f"decompression bomb: {error} (IMPORT_MAX_PIXELS)") from error
    except Exception as error:
        raise BadImage(f"damaged or truncated image: {_in_words(error)}") from error
    return _decode(image)


def too_many_pixels(width: int, height: int) -> str:
    """Return the reason for refusing an image of this size."""
    limit = settings.IMPORT_MAX_PIXELS
    return f"decompression bomb: {width} × {height} pixels, the limit is {limit:,} (IMPORT_MAX_PIXELS)"


def _decode(image: Image.Image) -> Facts:
    try:
        remark = _remark(image)
        width, height = pixels.flatten(image).size
    except pixels.UndefinedWhite as error:
        raise BadImage(str(error)) from error
    except MemoryError as error:
        raise BadImage("too large to decode in this machine's memory") from error
    except Exception as error:  # Pillow's readers raise nearly everything on damaged files
        raise BadImage(f"damaged or truncated image: {_in_words(error)}") from error
    if min(width, height) < settings.IMPORT_MIN_SIDE:
        raise BadImage(
            f"too small: {width} × {height} pixels, each side must have at least "
            f"{settings.IMPORT_MIN_SIDE} (IMPORT_MIN_SIDE)"
        )
    return Facts(format=image.format or "", mode=image.mode, width=width, height=height, remark=remark)


def _remark(image: Image.Image) -> str:
    if getattr(image, "is_animated", False):
        image.seek(0)
        return "has several frames; the first one is used"
    return ""


def _why_unidentified(file: IO[bytes]) -> str:
    file.seek(0)
    start = file.read(16)
    if start.startswith(_ARCHIVES):
        return "an archive, not an image: unpack it first"
    if start.startswith(_IMAGES):
        return "damaged or truncated image: its header cannot be read"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC:
        return "a HEIC photo, which is not read: save it as JPEG or PNG"
    return f"not an image (read are {', '.join(pixels.FORMATS)})"


def _in_words(error: Exception) -> str:
    text = str(error).strip()
    return text[:200] if text else type(error).__name__
