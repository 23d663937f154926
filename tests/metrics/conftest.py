"""Fixtures of the metric tests: one thread, random Inception weights, a small network of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from metrics.extractors import load_extractor
from metrics.extractors.base import Extractor
from metrics.extractors.own_file import save_module
from tests.benchmarks.metrics_peers import random_inception_weights
from tests.metrics.networks import SmallNetwork


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Small matrices gain nothing from threads, and the machine may be shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like the published one, with random values."""
    return random_inception_weights(tmp_path_factory.mktemp("weights") / "random.pth")


@pytest.fixture(scope="session")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported network that gives 16 features and 10 logits for 12 x 12 grey images."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("own") / "small.pt2"
    return save_module(SmallNetwork(), path, name="small", input_size=(12, 12), channels=1)


@pytest.fixture(scope="session")
def own_extractor(own_file: Path) -> Extractor:
    """The extractor of ``own_file`` on the CPU."""
    return load_extractor(f"module:{own_file}", device="cpu")


@pytest.fixture
def pictures() -> np.ndarray:
    """90 grey 12 x 12 pictures, more than one internal batch."""
    return np.random.default_rng(5).integers(0, 256, (90, 12, 12), dtype=np.uint8)
