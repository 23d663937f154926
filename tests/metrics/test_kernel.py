"""Kernel distances: closed cases, torch-fidelity's subsets, bias and standard errors by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metrics import kernel, kernel_distance, rbf_distance
from metrics.errors import InvalidInput
from metrics.extractors.vision_ops import import_torchvision


def test_a_pair_of_points_has_its_closed_form():
    found = kernel_distance(np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 1], [0, 0]]))
    assert found.full == pytest.approx(-2.375)
    assert found.value == pytest.approx(-2.375)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", [30, 200])
def test_the_subsets_and_their_values_are_torch_fidelitys(size):
    import_torchvision()
    metric_kid = pytest.importorskip("torch_fidelity.metric_kid")
    rng = np.random.default_rng(0)
    x, y = rng.gamma(2, size=(200, 16)), rng.gamma(2.1, size=(230, 16))
    theirs = metric_kid.kid_features_to_metric(
        torch.from_numpy(x), torch.from_numpy(y), kid_subsets=7, kid_subset_size=size, rng_seed=2020,
        kid_kernel="poly", kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1,
        verbose=False,
    )  # fmt: skip
    ours = kernel_distance(x, y, subsets=7, subset_size=size)
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-10)
    assert ours.std == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-8)


def test_large_sets_take_their_subsets_one_by_one_to_the_same_values(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.gamma(2, size=(90, 5)), rng.gamma(2.1, size=(80, 5))
    at_once = kernel_distance(x, y, subsets=5, subset_size=20)
    monkeypatch.setattr(kernel, "LARGEST_BLOCK", 40)
    apart = kernel_distance(x, y, subsets=5, subset_size=20)
    assert apart.value == pytest.approx(at_once.value, rel=1e-10)
    assert apart.full == pytest.approx(at_once.full, abs=3 * at_once.standard_error)


def test_tiles_do_not_change_the_value(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.gamma(2, size=(50, 5)), rng.gamma(2.1, size=(45, 5))
    whole = kernel_distance(x, y, subsets=4, subset_size=20)
    monkeypatch.setattr(kernel, "TILE", 16)
    tiled = kernel_distance(x, y, subsets=4, subset_size=20)
    for name in ("value", "std", "full", "standard_error"):
        assert getattr(tiled, name) == pytest.approx(getattr(whole, name), rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.35])
def test_it_is_unbiased_and_its_standard_error_is_the_spread(shift):
    """At equal distributions the first-order variance vanishes: the second order must carry the error."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        x, y = rng.standard_normal((60, 4)), rng.standard_normal((50, 4)) + shift
        found.append(kernel_distance(x, y, subsets=1, subset_size=2))
    values = np.array([one.full for one in found])
    errors = np.array([one.standard_error for one in found])
    # E k(x, y) = E (x.y / d + 1)^3 over Gaussians: by moments, 3 E[u^2] + 1 and the shift's share.
    expected = _expected(shift)
    assert values.mean() == pytest.approx(expected, abs=4 * values.std() / 300**0.5)
    assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.15)


def _expected(shift: float, d: int = 4) -> float:
    """Return the squared MMD of N(0, I) and N(shift 1, I) under (x.y/d + 1)^3, by large exact moments.

    With a = x.y/d: E(a+1)^3 = E a^3 + 3 E a^2 + 3 E a + 1. For means m1, m2 (all-constant vectors):
    E a = m1 m2, and a given y is normal with mean m1 sum(y)/d and variance |y|^2/d^2.
    """

    def moment(m1: float, m2: float) -> float:
        # y has independent N(m2, 1) entries: s = sum(y)/d ~ N(m2, 1/d), q = |y|^2/d^2.
        first = m1 * m2
        s2, s3 = m2**2 + 1 / d, m2**3 + 3 * m2 / d
        q = (1 + m2**2) / d
        # E[s q]: s = m2 + mean(e), q = sum (m2 + e_i)^2 / d^2.
        sq = m2 * q + 2 * m2 / d**2
        second = m1**2 * s2 + q
        third = m1**3 * s3 + 3 * m1 * sq
        return third + 3 * second + 3 * first + 1

    return moment(0, 0) + moment(shift, shift) - 2 * moment(0, shift)


def test_small_sets_lower_the_subset_size_and_say_so():
    found = kernel_distance(np.eye(5), np.eye(5) + 1)
    assert found.subset_size == 5
    assert "subsets of 5" in found.warnings[0]


def test_one_sample_is_refused():
    with pytest.raises(InvalidInput, match="two samples"):
        kernel_distance(np.ones((1, 3)), np.ones((4, 3)))


def test_the_gaussian_kernel_has_its_closed_form_for_two_points():
    x, y = np.array([[0.0], [3.0]]), np.array([[1.0], [2.0]])
    found = rbf_distance(x, y, sigma=1.0, scale=1.0)
    k = lambda d: np.exp(-(d**2) / 2)  # noqa: E731
    assert found.unbiased == pytest.approx(k(3) + k(1) - (k(1) + k(2) + k(2) + k(1)) / 2)
    biased = (2 + 2 * k(3)) / 4 + (2 + 2 * k(1)) / 4 - (2 * k(1) + 2 * k(2)) / 2
    assert found.biased == pytest.approx(biased)


def test_cmmd_is_zero_for_a_set_with_itself_and_scaled_by_a_thousand():
    x = np.random.default_rng(0).standard_normal((40, 8))
    assert rbf_distance(x, x.copy(), normalise=True).value == pytest.approx(0, abs=1e-9)
    y = x + 1
    found = rbf_distance(x, y, normalise=True)
    assert found.value == pytest.approx(1000 * found.biased)


def test_a_width_of_zero_is_refused():
    with pytest.raises(InvalidInput, match="sigma above 0"):
        rbf_distance(np.eye(3), np.eye(3), sigma=0)
