"""Flattening: every kind of image file becomes the sRGB picture that a person would see."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from humaneval.samples import pixels
from tests.samples.pictures import encoded, picture, swapped_channels_profile


def flat(content: bytes) -> Image.Image:
    """Return the flattened picture of a file's bytes."""
    with pixels.open_image(io.BytesIO(content)) as image:
        return pixels.flatten(image)


def colours(content: bytes) -> np.ndarray:
    """Return the flattened pixels, of shape (height, width, 3)."""
    return np.asarray(flat(content)).astype(int)


def one_colour(mode: str, colour: object) -> Image.Image:
    """Return a flat picture."""
    return Image.new(mode, (8, 8), colour)


def test_rgb_stays_as_it_is():
    image = picture(1)
    assert np.array_equal(colours(encoded(image)), np.asarray(image))


def test_grey_has_three_equal_channels():
    image = picture(1, mode="L")
    assert np.array_equal(colours(encoded(image)), np.repeat(np.asarray(image)[..., None], 3, axis=2))


@pytest.mark.parametrize("mode", ["1", "P"])
def test_bilevel_and_palette_images_keep_their_colours(mode):
    image = picture(1, mode=mode)
    assert np.array_equal(colours(encoded(image)), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_show_mid_grey_and_half_transparent_ones_half_of_it(mode):
    image = one_colour(mode, (255,) * (len(mode) - 1) + (0,))
    assert set(colours(encoded(image)).ravel()) == {128}
    image.putalpha(127)
    assert colours(encoded(image)).ravel() == pytest.approx(191, abs=1)


def test_a_transparent_palette_entry_shows_the_background():
    image = one_colour("P", 3)
    image.putpalette([10, 20, 30] * 256)
    assert set(colours(encoded(image, transparency=3)).ravel()) == {128}


def test_sixteen_bit_grey_is_scaled_and_not_clipped():
    ramp = np.linspace(0, 65535, 64).round().astype(np.uint16).reshape(8, 8)
    for kind in ("PNG", "TIFF"):
        got = colours(encoded(Image.fromarray(ramp), kind))[..., 0]
        assert np.array_equal(got, (ramp / 257).round())


def test_sixteen_bit_portable_greymaps_are_scaled_too():
    got = colours(b"P5 2 2 65535\n" + bytes([0, 0, 255, 255, 128, 0, 64, 0]))
    assert got[..., 0].ravel().tolist() == [0, 255, 128, 64]


def test_sixteen_bit_colour_is_scaled():
    header = b"P6 4 4 65535\n"
    assert set(colours(header + b"\x80\x00" * 48).ravel()) <= {127, 128}


def test_cmyk_without_a_profile_is_what_viewers_make_of_it():
    got = colours(encoded(one_colour("CMYK", (0, 255, 255, 0)), "TIFF"))
    assert got[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation):
    upright = picture(3, size=(10, 6))
    exif = Image.Exif()
    exif[0x0112] = orientation
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions that undo each orientation
    lying = upright if orientation == 1 else upright.transpose(Image.Transpose(back[orientation]))
    assert np.array_equal(colours(encoded(lying, exif=exif.tobytes())), np.asarray(upright))


def test_damaged_exif_counts_as_upright():
    content = encoded(picture(1), "JPEG", exif=b"Exif\x00\x00II*\x00garbage")
    assert flat(content).size == (24, 16)


def test_a_colour_profile_is_converted_and_not_ignored():
    image = one_colour("RGB", (250, 10, 10))
    got = colours(encoded(image, icc_profile=swapped_channels_profile()))[0, 0]
    assert got[2] > 200
    assert got[0] < 60


def test_an_srgb_profile_changes_nothing_to_speak_of():
    image = picture(5)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.abs(colours(encoded(image, icc_profile=profile)) - np.asarray(image).astype(int)).max() <= 1


def test_alpha_survives_a_colour_profile():
    image = one_colour("RGBA", (250, 10, 10, 0))
    assert set(colours(encoded(image, icc_profile=swapped_channels_profile())).ravel()) == {128}


@pytest.mark.parametrize("profile", [b"no profile", swapped_channels_profile()])
def test_a_profile_that_does_not_fit_counts_as_srgb(profile):
    image = one_colour("CMYK", (0, 255, 255, 0))
    assert colours(encoded(image, "TIFF", icc_profile=profile))[0, 0].tolist() == [255, 0, 0]


def test_lab_images_become_srgb():
    got = colours(encoded(one_colour("LAB", (255, 128, 128)), "TIFF"))
    assert got.min() >= 250


def test_pixels_without_a_defined_white_are_refused():
    for image in (Image.fromarray(np.zeros((8, 8), np.float32)), one_colour("I", 7)):
        with pytest.raises(pixels.UndefinedWhite):
            flat(encoded(image, "TIFF"))


def test_the_first_frame_of_an_animation_is_taken():
    first = picture(1)
    content = encoded(first, save_all=True, append_images=[picture(2)])
    assert np.array_equal(colours(content), np.asarray(first))


def test_nothing_but_pixels_is_left():
    content = encoded(picture(1), "JPEG", comment=b"made by model X", dpi=(300, 300))
    assert flat(content).info == {}
