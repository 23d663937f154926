"""Stimuli: one recipe for all, nothing in the bytes or the headers but the picture."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image, PngImagePlugin

from humaneval.samples import batches, stimuli
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import Sample, SampleSet, Stimulus
from humaneval.samples.stimuli import StimulusError
from tests.samples.pictures import encoded, picture, png, write


@pytest.fixture
def model(db: None) -> SampleSet:
    """An empty set of generated samples."""
    return create_sample_set(name="Model 7", kind="generated")


def fill(sample_set: SampleSet, folder: Path, files: dict[str, bytes]) -> list[Sample]:
    """Import files into a set and return its samples."""
    import_folder(sample_set=sample_set, folder=write(folder / sample_set.slug, files))
    return list(sample_set.samples.all())


def pixels_of(content: bytes) -> np.ndarray:
    """Return the pixels of an image file."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def chunks(webp: bytes) -> list[bytes]:
    """Return the names of a WebP file's chunks, in order (RFC 9649)."""
    names, at = [], 12
    while at < len(webp):
        names.append(webp[at : at + 4])
        size = struct.unpack_from("<I", webp, at + 4)[0]
        at += 8 + size + size % 2
    return names


def telling_png(seed: int) -> bytes:
    """Return a PNG that says in every way it can where it comes from."""
    words = PngImagePlugin.PngInfo()
    words.add_text("parameters", "made by Model 7, seed 123")
    exif = Image.Exif()
    exif[0x010E] = "made by Model 7"
    return encoded(picture(seed), pnginfo=words, exif=exif.tobytes(), dpi=(72, 72))


def test_the_common_size_is_the_smallest_width_and_the_smallest_height(digits, model, tmp_path):
    fill(digits, tmp_path, {"1.png": png(1, size=(40, 30)), "2.png": png(2, size=(32, 64))})
    fill(model, tmp_path, {"1.png": png(3, size=(64, 48))})
    assert stimuli.choose_recipe([digits.pk, model.pk]) == "webp-lossless/32x30/lanczos/1"
    assert stimuli.choose_recipe([model.pk]) == "webp-lossless/64x48/lanczos/1"


def test_choosing_takes_one_query_for_any_number_of_sets(digits, model, tmp_path, django_assert_num_queries):
    fill(digits, tmp_path, {"1.png": png(1)})
    fill(model, tmp_path, {"1.png": png(2)})
    with django_assert_num_queries(1):
        stimuli.choose_recipe([digits.pk, model.pk])


def test_an_empty_or_unknown_set_is_named(digits, model, tmp_path):
    fill(digits, tmp_path, {"1.png": png(1)})
    with pytest.raises(StimulusError, match="No samples in Model 7"):
        stimuli.choose_recipe([digits.pk, model.pk])
    for ids in ([], [digits.pk, 10**6]):
        with pytest.raises(StimulusError, match="no such sample set"):
            stimuli.choose_recipe(ids)


@pytest.mark.parametrize(
    "recipe", ["", "jpeg/8x8/lanczos/1", "webp-lossless/0x8/lanczos/1", "webp-lossless/8x8/lanczos/9"]
)
def test_a_recipe_of_another_version_is_refused(digits, recipe):
    with pytest.raises(StimulusError, match="not one this version can follow"):
        stimuli.render(sample_ids=[], recipe=recipe)


def test_an_image_of_the_common_size_keeps_its_pixels_exactly(digits, tmp_path):
    (sample,) = fill(digits, tmp_path, {"1.png": png(1)})
    content = stimuli.render_bytes(sample, "webp-lossless/24x16/lanczos/1")
    assert np.array_equal(pixels_of(content), np.asarray(picture(1)))


def test_a_larger_image_covers_the_common_size_and_loses_only_its_edges(digits, tmp_path):
    wide = Image.new("RGB", (60, 20), (0, 0, 255))
    wide.paste((255, 0, 0), (20, 0, 40, 20))
    (sample,) = fill(digits, tmp_path, {"1.png": encoded(wide)})
    got = pixels_of(stimuli.render_bytes(sample, "webp-lossless/10x10/lanczos/1"))
    assert got.shape == (10, 10, 3)
    assert (got[..., 0] > 230).all(), "the middle third fills the frame"
    assert (got[..., 2] < 25).all(), "the sides reach in by the filter's width at most"


def test_scaling_is_pillows_lanczos(digits, tmp_path):
    (sample,) = fill(digits, tmp_path, {"1.png": png(1, size=(48, 32))})
    got = pixels_of(stimuli.render_bytes(sample, "webp-lossless/24x16/lanczos/1"))
    wanted = picture(1, size=(48, 32)).resize((24, 16), Image.Resampling.LANCZOS)
    assert np.array_equal(got, np.asarray(wanted))


def test_rendering_the_same_sample_gives_the_same_bytes(digits, tmp_path):
    (sample,) = fill(digits, tmp_path, {"1.png": png(1, size=(48, 32))})
    recipe = "webp-lossless/24x16/lanczos/1"
    assert stimuli.render_bytes(sample, recipe) == stimuli.render_bytes(sample, recipe)


def test_the_files_differ_in_nothing_but_their_pixels_whatever_they_came_from(digits, model, tmp_path):
    plain = encoded(picture(1))
    real = fill(digits, tmp_path, {"IMG_1.tif": encoded(picture(1), "TIFF")})
    generated = fill(
        model, tmp_path, {"a.png": plain, "b.png": telling_png(1), "c.bmp": encoded(picture(1), "BMP")}
    )
    recipe = stimuli.choose_recipe([digits.pk, model.pk])
    files = {stimuli.render_bytes(sample, recipe) for sample in [*real, *generated]}
    assert len(files) == 1


@pytest.mark.parametrize("size", [(24, 16), (48, 32)])
def test_the_bytes_served_hold_one_picture_and_no_word_of_where_it_came_from(digits, model, tmp_path, size):
    fill(digits, tmp_path, {"IMG_4711.jpg": encoded(picture(1, size=size), "JPEG", comment=b"Canon")})
    fill(model, tmp_path, {"sampled-0001.png": telling_png(2)})
    recipe = stimuli.choose_recipe([digits.pk, model.pk])
    ids = list(Sample.objects.values_list("id", flat=True))
    stimuli.render(sample_ids=ids, recipe=recipe)
    for reference in stimuli.references(ids, recipe).values():
        response = Client().get(reference.url, headers={"X-Request-ID": "asked-here"})  # else random letters
        assert chunks(response.content) == [b"VP8L"], "one chunk: no EXIF, ICCP, XMP or other"
        assert re.fullmatch(r"/i/[\w-]{22}\.webp", reference.url), "nothing but a random token"
        told = response.content + str(response.headers).encode()
        for word in (b"IMG", b"4711", b"sampled", b"0001", b"digits", b"Model", b"model", b"seed", b"Canon"):
            assert word not in told


def test_a_stimulus_is_served_to_anybody_for_ever_and_without_a_date(digits, tmp_path):
    (sample,) = fill(digits, tmp_path, {"1.png": png(1)})
    recipe = stimuli.choose_recipe([digits.pk])
    stimuli.render(sample_ids=[sample.pk], recipe=recipe)
    reference = stimuli.references([sample.pk], recipe)[sample.pk]
    response = Client().get(reference.url)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    for header in ("ETag", "Last-Modified", "Content-Disposition", "Set-Cookie", "X-Frame-Options"):
        assert header not in response.headers, header
    assert Client().head(reference.url).status_code == 200
    assert Client().post(reference.url).status_code == 405


def test_headers_of_real_and_generated_are_the_same_but_for_length(digits, model, tmp_path):
    ids = [s.pk for s in fill(digits, tmp_path, {"1.png": png(1)}) + fill(model, tmp_path, {"1.jpg": png(2)})]
    recipe = stimuli.choose_recipe([digits.pk, model.pk])
    stimuli.render(sample_ids=ids, recipe=recipe)
    own = {"Content-Length", "X-Request-ID"}  # the latter is drawn anew for every answer
    first, second = (
        {k: v for k, v in Client().get(r.url).headers.items() if k not in own}
        for r in stimuli.references(ids, recipe).values()
    )
    assert first == second


def test_addresses_are_long_random_and_different_even_for_one_content(digits, tmp_path):
    samples = fill(digits, tmp_path, {"1.png": png(1), "2.png": png(1)})
    recipe = stimuli.choose_recipe([digits.pk])
    stimuli.render(sample_ids=[s.pk for s in samples], recipe=recipe)
    urls = {r.url for r in stimuli.references([s.pk for s in samples], recipe).values()}
    assert len(urls) == 2
    assert all(re.fullmatch(r"/i/[\w-]{22}\.webp", url) for url in urls)


@pytest.mark.django_db
def test_an_unknown_address_says_nothing_and_is_not_kept():
    response = Client().get("/i/AAAAAAAAAAAAAAAAAAAAAA.webp")
    assert (response.status_code, response.content) == (404, b"")
    assert "no-store" in response["Cache-Control"]


def test_serving_takes_one_query(digits, tmp_path, django_assert_num_queries):
    (sample,) = fill(digits, tmp_path, {"1.png": png(1)})
    recipe = stimuli.choose_recipe([digits.pk])
    stimuli.render(sample_ids=[sample.pk], recipe=recipe)
    url = stimuli.references([sample.pk], recipe)[sample.pk].url
    with django_assert_num_queries(1):
        Client().get(url)


def test_references_take_one_query_and_leave_out_what_is_not_rendered(
    digits, tmp_path, django_assert_num_queries
):
    samples = fill(digits, tmp_path, {f"{i}.png": png(i) for i in range(4)})
    recipe = stimuli.choose_recipe([digits.pk])
    stimuli.render(sample_ids=[s.pk for s in samples[:3]], recipe=recipe)
    with django_assert_num_queries(1):
        found = stimuli.references([s.pk for s in samples], recipe)
    assert set(found) == {s.pk for s in samples[:3]}
    assert {(r.width, r.height) for r in found.values()} == {(24, 16)}


def test_rendering_again_renders_nothing_and_keeps_addresses(digits, tmp_path):
    ids = [s.pk for s in fill(digits, tmp_path, {f"{i}.png": png(i) for i in range(4)})]
    recipe = stimuli.choose_recipe([digits.pk])
    assert stimuli.render(sample_ids=[*ids, *ids], recipe=recipe) == 4
    before = stimuli.references(ids, recipe)
    assert stimuli.render(sample_ids=ids, recipe=recipe) == 0
    assert stimuli.references(ids, recipe) == before


def test_rendering_that_was_stopped_goes_on_where_it_was(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)
    ids = [s.pk for s in fill(digits, tmp_path, {f"{i}.png": png(i) for i in range(6)})]
    recipe = stimuli.choose_recipe([digits.pk])

    def stop(done: int, total: int, note: str = "") -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stimuli.render(sample_ids=ids, recipe=recipe, progress=stop)
    assert Stimulus.objects.count() == 4
    seen = []
    assert stimuli.render(sample_ids=ids, recipe=recipe, progress=lambda *a: seen.append(a[:2])) == 2
    assert seen == [(2, 6), (4, 6), (6, 6)]


def test_two_workers_at_once_leave_one_stimulus_a_sample(digits, tmp_path, monkeypatch):
    (sample,) = fill(digits, tmp_path, {"1.png": png(1)})
    recipe = stimuli.choose_recipe([digits.pk])
    make = stimuli._make

    def be_overtaken(sample: Sample, *, recipe: str) -> Stimulus:
        made = make(sample, recipe=recipe)
        overtaken.append(made)
        return made

    overtaken: list[Stimulus] = []
    monkeypatch.setattr(stimuli, "_make", be_overtaken)
    bulk_create = type(Stimulus.objects.all()).bulk_create

    def after_the_other(query, rows, **options):
        make(sample, recipe=recipe).save()
        return bulk_create(query, rows, **options)

    monkeypatch.setattr(type(Stimulus.objects.all()), "bulk_create", after_the_other)
    stimuli.render(sample_ids=[sample.pk], recipe=recipe)
    assert Stimulus.objects.count() == 1


def test_queries_grow_with_batches_and_not_with_samples(digits, tmp_path):
    ids = [s.pk for s in fill(digits, tmp_path, {f"{i}.png": png(i) for i in range(100)})]
    recipe = stimuli.choose_recipe([digits.pk])
    with CaptureQueriesContext(connection) as queries:
        stimuli.render(sample_ids=ids, recipe=recipe)
    assert len(queries) <= 6


def test_a_sample_whose_file_is_gone_is_named(digits, tmp_path):
    (sample,) = fill(digits, tmp_path, {"7.png": png(1)})
    default_storage.delete(sample.file.name)
    with pytest.raises(StimulusError, match=r"7\.png"):
        stimuli.render(sample_ids=[sample.pk], recipe="webp-lossless/8x8/lanczos/1")
    with pytest.raises(StimulusError, match="no sample 999999"):
        stimuli.render(sample_ids=[999_999], recipe="webp-lossless/8x8/lanczos/1")
