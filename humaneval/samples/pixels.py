"""From any image file to upright eight-bit sRGB pixels: the one way that every sample takes.

Real and generated samples pass through the same code, so that nothing but the picture differs.
"""

from __future__ import annotations

import io
import logging
import struct
from typing import IO

import numpy as np
from django.conf import settings
from PIL import ExifTags, Image, ImageCms

logger = logging.getLogger(__name__)

Image.init()
FORMATS: tuple[str, ...] = tuple(
    name
    for name in ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "TGA")
    if name in Image.OPEN
)
"""What is read. The list is closed: some of Pillow's other readers start programs or fetch fonts."""

BACKGROUND = (128, 128, 128)
"""What shows through transparent pixels: mid grey, so that neither light nor dark shapes vanish."""

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_MODE_OF_COLOUR_SPACE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UndefinedWhite(ValueError):
    """The pixels' range is not defined by the file, so that no picture follows from it."""


class TooManyPixels(ValueError):
    """The file claims more pixels than IMPORT_MAX_PIXELS."""


def open_image(file: IO[bytes]) -> Image.Image:
    """Open an image lazily, its header read and its claimed size within IMPORT_MAX_PIXELS.

    Raises PIL.UnidentifiedImageError for what is no image of FORMATS and TooManyPixels for bombs.
    """
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(f"more than {settings.IMPORT_MAX_PIXELS:,} pixels") from error
    width, height = image.size
    if width * height > settings.IMPORT_MAX_PIXELS:
        raise TooManyPixels(f"{width} × {height} pixels, the limit is {settings.IMPORT_MAX_PIXELS:,}")
    return image


def flatten(image: Image.Image) -> Image.Image:
    """Return the first frame as upright RGB in sRGB, eight bits a channel, carrying no metadata.

    EXIF orientation is applied; ICC profiles are converted to sRGB (relative colorimetric; a profile
    that cannot be read counts as sRGB, as browsers have it); alpha is laid over BACKGROUND; 16-bit
    greys are scaled by 255/65535. Raises UndefinedWhite for float and 32-bit pixels, and whatever
    Pillow raises for a file that does not decode.
    """
    image.load()
    profile = image.info.get("icc_profile")
    eight_bit = _to_eight_bits(_upright(image))
    colour, alpha = _split_alpha(eight_bit)
    rgb = _to_srgb(colour, profile)
    canvas = Image.new("RGB", rgb.size, BACKGROUND)
    canvas.paste(rgb, mask=alpha)
    return canvas


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (SyntaxError, ValueError, KeyError, TypeError, struct.error) as error:
        logger.info("unreadable EXIF taken as upright: %s", error)
        return image
    method = _TRANSPOSITIONS.get(orientation)
    return image if method is None else image.transpose(method)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return _scale_grey(image, white=_white_of(image))
    if image.mode in {"I", "F"}:
        raise UndefinedWhite("32-bit pixels have no defined white: save the image with 8 or 16 bits")
    return image


def _white_of(image: Image.Image) -> int:
    """Return the value that means white: 4095 in 12-bit TIFF, else 65535."""
    tags = getattr(image, "tag_v2", {})
    return 4095 if tuple(tags.get(258, ())) == (12,) else 65535


def _scale_grey(image: Image.Image, *, white: int) -> Image.Image:
    values = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((values * 255 + white // 2) // white).astype(np.uint8))


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours and, where anything is transparent, the alpha channel."""
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        colour = rgba.convert("L" if image.mode in {"LA", "La", "L", "1"} else "RGB")
        return colour, rgba.getchannel("A")
    return (image.convert("RGB") if image.mode in {"P", "PA"} else image), None


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            return _convert_profile(image, profile)
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            logger.info("colour profile taken as sRGB: %s", error)
    if image.mode == "LAB":
        return _apply_profile(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return image.convert("RGB")


def _convert_profile(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    mode = _MODE_OF_COLOUR_SPACE.get(space)
    if mode is None or (mode != image.mode and "CMYK" in {mode, image.mode}):
        raise ValueError(f"a profile for {space} in an image of mode {image.mode}")
    return _apply_profile(image.convert(mode) if image.mode != mode else image, source)


def _apply_profile(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image,
        source,
        _SRGB,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if converted is None:
        raise ValueError("no image came out of the colour conversion")
    return converted
