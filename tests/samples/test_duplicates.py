"""Near-duplicates in a set: found, counted and shown; pictures that merely resemble each other are not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageFilter

from humaneval.jobs import services as jobs
from humaneval.jobs.models import JobState
from humaneval.samples.duplicates import carry_out, listed_pairs, start_check
from humaneval.samples.importing import import_folder
from humaneval.samples.leakage.likeness import near_pairs, signature
from humaneval.samples.models import DuplicateCheck, ImageFacts, SampleSet
from tests.factories import UserFactory
from tests.samples.pictures import encoded, write


def scene(seed: int, size: int = 64) -> Image.Image:
    """Return a coloured picture with soft shapes."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    "copy",
    [
        lambda image: Image.open(io.BytesIO(encoded(image, "JPEG", quality=40))),
        lambda image: image.resize((40, 40), Image.Resampling.LANCZOS),
        lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    ],
    ids=["recompressed", "resized", "blurred"],
)
def test_retouched_copies_are_near_and_other_pictures_are_not(copy):
    signatures = np.array([signature(scene(1)), signature(copy(scene(1))), signature(scene(2))])
    count, (pair,) = near_pairs(signatures, most=10)
    assert (count, pair.first, pair.second) == (1, 0, 1)


def test_pairs_are_those_of_a_plain_double_loop_the_nearest_first():
    random = np.random.default_rng(2)
    base = random.integers(0, 250, (20, 256))
    signatures = (base[random.integers(0, 20, 300)] + random.integers(0, 6, (300, 256))).astype(np.uint8)
    wide = signatures.astype(float)
    expected = {
        (i, j): d
        for i in range(300)
        for j in range(i + 1, 300)
        if (d := float(np.sqrt(np.mean((wide[i] - wide[j]) ** 2)))) <= 2.4
    }
    count, pairs = near_pairs(signatures, most=50, near=2.4)
    assert count == len(expected) > 50
    assert [pair.distance for pair in pairs] == pytest.approx(sorted(expected.values())[:50])
    assert all(expected[pair.first, pair.second] == pytest.approx(pair.distance) for pair in pairs)


def test_a_set_of_one_picture_over_and_over_is_counted_and_its_list_bounded():
    count, pairs = near_pairs(np.zeros((500, 256), dtype=np.uint8), most=7)
    assert (count, len(pairs)) == (500 * 499 // 2, 7)


@pytest.fixture
def filled(digits: SampleSet, folder: Path) -> SampleSet:
    """A set of five scenes, one of them twice and one also as a JPEG."""
    files = {f"{seed}.png": encoded(scene(seed)) for seed in range(5)}
    files |= {"again.png": files["3.png"], "4.jpg": encoded(scene(4), "JPEG", quality=70)}
    import_folder(sample_set=digits, folder=write(folder, files))
    return digits


def test_the_page_of_a_set_looks_for_them_and_then_shows_them(filled, client: Client):
    client.force_login(UserFactory())
    address = reverse("admin:samples_sampleset_change", args=[filled.pk])
    assert "Being looked for in the background" in client.get(address).content.decode()
    check = DuplicateCheck.objects.get()
    jobs.run(check.job_id)
    check.refresh_from_db()
    assert (check.result["images"], check.result["same"], check.result["near"]) == (7, 1, 1)
    names = [{pair.first.name, pair.second.name} for pair in listed_pairs(check.result, 10)]
    assert names == [{"3.png", "again.png"}, {"4.png", "4.jpg"}]
    text = client.get(address).content.decode()
    assert "of 7 samples, pairs that are the same file: 1; pairs that look nearly the same: 1." in text
    assert "same file" in text
    assert "of 255" in text


def test_a_program_starts_the_search_and_reads_what_it_found(filled, admin_client: Client):
    address = f"/api/v1/sample-sets/{filled.slug}/duplicates/"
    assert admin_client.get(address).json()["state"] == "missing"
    assert DuplicateCheck.objects.count() == 0
    assert admin_client.post(address).json()["state"] == "running"
    jobs.run(DuplicateCheck.objects.get().job_id)
    found = admin_client.get(address).json()
    assert (found["state"], found["images"], found["same"], found["near"]) == ("done", 7, 1, 1)
    assert [({one["first"], one["second"]}, one["is_same_file"]) for one in found["pairs"]] == [
        ({"3.png", "again.png"}, True),
        ({"4.png", "4.jpg"}, False),
    ]


def test_a_set_without_any_says_so_and_is_looked_at_again_when_images_come_in(digits, folder, client: Client):
    client.force_login(UserFactory())
    write(folder, {f"{seed}.png": encoded(scene(seed)) for seed in range(3)})
    import_folder(sample_set=digits, folder=folder)
    first = start_check(digits)
    jobs.run(first.job_id)
    address = reverse("admin:samples_sampleset_change", args=[digits.pk])
    assert "None among 3 samples." in client.get(address).content.decode()
    assert start_check(digits) == first
    write(folder, {"3.png": encoded(scene(3))})
    import_folder(sample_set=digits, folder=folder)
    assert start_check(digits) != first


def test_a_killed_search_goes_on_and_a_damaged_file_is_said(filled):
    class Killed(BaseException):
        """What SIGKILL is to the code."""

    def kill(done: int, total: int, note: str = "") -> None:
        raise Killed

    check = start_check(filled)
    with pytest.raises(Killed):
        carry_out(check=check, progress=kill)
    assert ImageFacts.objects.count() == 7
    ImageFacts.objects.first().delete()
    sample = filled.samples.exclude(facts__isnull=False).get()
    path = Path(sample.file.path)
    whole = path.read_bytes()
    path.write_bytes(b"damaged")
    assert f"({sample.name}) cannot be read" in jobs.run(check.job_id).error
    path.write_bytes(whole)
    assert start_check(filled).job.state == JobState.QUEUED
    assert jobs.run(check.job_id).state == JobState.SUCCEEDED


def test_a_set_with_fewer_than_two_samples_has_nothing_to_compare(digits):
    assert start_check(digits) is None
