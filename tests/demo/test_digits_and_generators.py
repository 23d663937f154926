"""The demo's data and models are what they say they are."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from humaneval.demo import generators
from humaneval.demo.digits import CLASSES, Digits, load_halves, prompt_for, write_folder


@pytest.fixture(scope="module")
def halves() -> tuple[Digits, Digits]:
    return load_halves(seed=0)


def test_halves_are_disjoint_and_balanced(halves: tuple[Digits, Digits]) -> None:
    training, held_out = halves
    assert np.bincount(training.labels).tolist() == [250] * CLASSES
    assert np.bincount(held_out.labels).tolist() == [250] * CLASSES
    seen = {image.tobytes() for image in training.images}
    assert not any(image.tobytes() in seen for image in held_out.images)


def test_the_same_seed_gives_the_same_halves(halves: tuple[Digits, Digits]) -> None:
    again, _ = load_halves(seed=0)
    other, _ = load_halves(seed=1)
    assert np.array_equal(again.images, halves[0].images)
    assert not np.array_equal(other.images, halves[0].images)


def test_a_folder_holds_images_and_the_prompts_they_were_asked_by(tmp_path: Path) -> None:
    images = np.arange(3 * 28 * 28, dtype=np.uint8).reshape(3, 28, 28)
    write_folder(tmp_path / "set", images, [4, 0, 9])
    with (tmp_path / "set" / "prompts.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["prompt"] for row in rows] == [prompt_for(4), prompt_for(0), prompt_for(9)]
    stored = np.asarray(Image.open(tmp_path / "set" / rows[2]["name"]))
    assert np.array_equal(stored, images[2])


@pytest.mark.parametrize("slug", ["gaussian-mixture", "single-gaussian", "collapsed-mixture", "repeater"])
def test_a_generator_repeats_itself_only_under_the_same_seed(
    halves: tuple[Digits, Digits], slug: str
) -> None:
    generator = generators.RECIPES[slug](halves[0], 3)
    asked = np.repeat(np.arange(CLASSES), 3)
    first = generator.sample(asked, np.random.default_rng(1))
    assert first.shape == (30, 28, 28)
    assert first.dtype == np.uint8
    assert np.array_equal(first, generator.sample(asked, np.random.default_rng(1)))
    other = generator.sample(asked, np.random.default_rng(2))
    assert np.array_equal(first, other) == (slug == "repeater")


def test_the_repeater_copies_ten_training_images(halves: tuple[Digits, Digits]) -> None:
    images = generators.repeater(halves[0], 3).sample(np.arange(200) % CLASSES, np.random.default_rng(0))
    copies = {image.tobytes() for image in images}
    assert len(copies) == CLASSES
    assert copies <= {image.tobytes() for image in halves[0].images}


def test_the_collapsed_mixture_draws_few_digits_whatever_is_asked(halves: tuple[Digits, Digits]) -> None:
    sample = generators.collapsed_mixture(halves[0], 3).sample
    nines = sample(np.full(100, 9), np.random.default_rng(0)).reshape(100, -1).astype(float)
    rows = halves[0].images.reshape(len(halves[0]), -1).astype(float)
    nearest = [int(halves[0].labels[((rows - image) ** 2).sum(1).argmin()]) for image in nines]
    assert set(nearest) <= {1, 3, 7}


def test_a_heavy_kl_weight_collapses_the_posterior_and_a_light_one_does_not(
    halves: tuple[Digits, Digits],
) -> None:
    options = {"name": "", "description": "", "epochs": 6}
    light = generators.vae(halves[0], 3, beta=1.0, **options)
    heavy = generators.vae(halves[0], 3, beta=60.0, **options)
    assert light.latents is not None
    assert heavy.latents is not None
    assert (light.latents[0].var(0) > 0.01).sum() >= 6
    assert (heavy.latents[0].var(0) > 0.01).sum() == 0
