"""Small sample sets of real files, and runs over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.models import SampleSet


def write_images(folder: Path, *, count: int, seed: int, brightness: int = 128, prefix: str = "") -> Path:
    """Fill a folder with noisy 8 x 8 greys around a brightness, each different."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(seed)
    for number in range(count):
        pixels = noise.normal(brightness, 30, (8, 8)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{prefix}{number:04d}.png")
    return folder


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., SampleSet]:
    """Give a function that imports a set of small images."""

    def make(name: str, *, kind: str = "generated", count: int = 40, seed: int = 1, brightness: int = 128):
        folder = write_images(tmp_path / name, count=count, seed=seed, brightness=brightness)
        sample_set = create_sample_set(name=name, kind=kind)
        assert import_folder(sample_set=sample_set, folder=folder).added == count
        return sample_set

    return make


@pytest.fixture
def real(make_set) -> SampleSet:
    """Give forty real samples."""
    return make_set("real", kind="real", seed=0)


@pytest.fixture
def near(make_set) -> SampleSet:
    """Give a generated set that is distributed as the real one is."""
    return make_set("near", seed=1)


@pytest.fixture
def far(make_set) -> SampleSet:
    """Give a generated set that is brighter."""
    return make_set("far", seed=2, brightness=180)
