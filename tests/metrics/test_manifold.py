"""Neighbourhood scores: prdc's and torch-fidelity's numbers, closed expectations, duplicates and copies."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
import torch

from metrics import authenticity, density_coverage, manifold, neighbours, precision_recall, rarity, realism
from metrics.errors import InvalidInput
from metrics.extractors.vision_ops import import_torchvision
from metrics.manifold import expected_coverage
from metrics.neighbours import nearest_between, nearest_within


def prdc(x, y, k):
    from prdc import compute_prdc  # scikit-learn, which processes that only collect this module need not load

    with contextlib.redirect_stdout(io.StringIO()):
        return compute_prdc(x, y, k)


def gaussians(n, m, d, shift=0.3, dtype=np.float64):
    rng = np.random.default_rng(n + m + d)
    return rng.standard_normal((n, d)).astype(dtype), (rng.standard_normal((m, d)) * 0.9 + shift).astype(
        dtype
    )


@pytest.mark.parametrize(("n", "m", "d", "k"), [(300, 250, 8, 5), (120, 200, 64, 3), (60, 60, 2, 1)])
def test_the_four_scores_are_prdcs_on_the_same_arrays(n, m, d, k):
    x, y = gaussians(n, m, d)
    theirs = prdc(x, y, k)
    found, dense = precision_recall(x, y, k), density_coverage(x, y, k)
    assert found.precision == pytest.approx(theirs["precision"], abs=1e-12)
    assert found.recall == pytest.approx(theirs["recall"], abs=1e-12)
    assert dense.density == pytest.approx(theirs["density"], rel=1e-12)
    assert dense.coverage == pytest.approx(theirs["coverage"], abs=1e-12)


def test_tiles_and_float32_give_what_exact_distances_give(monkeypatch):
    x, y = gaussians(150, 130, 16, dtype=np.float32)
    theirs = prdc(x.astype(np.float64), y.astype(np.float64), 3)
    monkeypatch.setattr(neighbours, "TILE", 32)
    found = precision_recall(x, y, 3)
    assert (found.precision, found.recall) == (theirs["precision"], theirs["recall"])


def test_float32_far_from_zero_gives_what_exact_distances_give():
    """|a|^2 + |b|^2 - 2 a.b alone loses every digit here: spread 1e-2 at a distance of 1e3."""
    x, y = gaussians(80, 70, 6)
    x, y = (1000 + 0.01 * x).astype(np.float32), (1000 + 0.01 * y).astype(np.float32)
    theirs = prdc(x.astype(np.float64) - 1000, y.astype(np.float64) - 1000, 3)
    found, dense = precision_recall(x, y, 3), density_coverage(x, y, 3)
    assert (found.precision, found.recall) == (theirs["precision"], theirs["recall"])
    assert dense.coverage == theirs["coverage"]


@pytest.mark.filterwarnings("ignore")
def test_the_non_strict_test_is_torch_fidelitys():
    import_torchvision()
    metric_prc = pytest.importorskip("torch_fidelity.metric_prc")
    x, y = gaussians(100, 90, 5)
    precision, recall = metric_prc.calculate_precision_recall_full(
        torch.from_numpy(y), torch.from_numpy(x), 3
    )
    found = precision_recall(x, y, 3, strict=False)
    assert found.precision == pytest.approx(precision, abs=1e-6)
    assert found.recall == pytest.approx(recall, abs=1e-6)


def test_strictness_shows_where_all_samples_are_copies():
    """Balls of radius 0 hold nothing strictly, and each other non-strictly."""
    x = np.repeat([[1.0, 2.0]], 6, axis=0)
    assert precision_recall(x, x.copy(), strict=True).precision == 0
    assert precision_recall(x, x.copy(), strict=False).precision == 1


def test_identical_sets_score_one_and_disjoint_sets_zero():
    x, _ = gaussians(80, 80, 4)
    same, apart = precision_recall(x, x.copy()), precision_recall(x, x + 1000)
    assert (same.precision, same.recall) == (1, 1)
    assert (apart.precision, apart.recall) == (0, 0)
    assert density_coverage(x, x + 1000).coverage == 0


def test_coverage_of_equal_distributions_is_its_closed_expectation():
    rng = np.random.default_rng(0)
    runs = [
        density_coverage(rng.standard_normal((100, 3)), rng.standard_normal((80, 3)), 5) for _ in range(60)
    ]
    coverages, densities = [run.coverage for run in runs], [run.density for run in runs]
    expected = 1 - np.prod([(100 - j) / (180 - j) for j in range(1, 6)])
    assert runs[0].expected_coverage == pytest.approx(expected)
    assert np.mean(coverages) == pytest.approx(expected, abs=4 * np.std(coverages) / 60**0.5)
    assert np.mean(densities) == pytest.approx(1, abs=4 * np.std(densities) / 60**0.5)


def test_expected_coverage_grows_with_the_generated_set():
    assert expected_coverage(1000, 1000, 5) < expected_coverage(1000, 10_000, 5) < 1


def test_a_collapsed_set_has_precision_but_no_recall():
    x, _ = gaussians(200, 10, 4)
    collapsed = x[:1] + 0.01 * np.random.default_rng(0).standard_normal((150, 4))
    found = precision_recall(x, collapsed)
    assert found.precision > 0.9
    assert found.recall < 0.05


def test_neighbours_are_those_of_all_distances():
    x, y = gaussians(70, 40, 3)
    distances = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    found = nearest_within(x, 4)
    np.testing.assert_allclose(found.squared, np.sort(distances, axis=1)[:, :4], rtol=1e-12)
    between = nearest_between(y, x, 2)
    across = ((y[:, None] - x[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(between.indices[:, 0], across.argmin(axis=1))


def test_exact_copies_are_at_distance_zero_whatever_the_rounding():
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((40, 300)) * 100).astype(np.float32)
    x[7] = x[31]
    found = nearest_within(x, 1)
    assert float(found.squared[7, 0]) == 0
    assert int(found.indices[7, 0]) == 31


def test_realism_is_the_largest_ratio_over_balls_up_to_the_median():
    x, y = gaussians(60, 30, 3)
    radii = np.sqrt(nearest_within(x, 3).squared[:, 2].numpy())
    distances = np.sqrt(((x[:, None] - y[None]) ** 2).sum(axis=2))
    kept = radii <= np.sort(radii)[(len(radii) - 1) // 2]
    np.testing.assert_allclose(realism(x, y, 3), (radii[kept, None] / distances[kept]).max(axis=0), rtol=1e-6)


def test_a_copy_of_a_real_sample_is_infinitely_real():
    x, _ = gaussians(60, 10, 3)
    assert np.isinf(realism(x, x[5:6].copy())).all()


def test_rarity_is_the_smallest_ball_that_holds_a_sample():
    x, y = gaussians(60, 30, 2)
    y[0] = 50
    radii = np.sqrt(nearest_within(x, 3).squared[:, 2].numpy())
    distances = np.sqrt(((x[:, None] - y[None]) ** 2).sum(axis=2))
    expected = np.where(distances <= radii[:, None], radii[:, None], np.inf).min(axis=0)
    found = rarity(x, y, 3)
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[~np.isnan(found)], expected[np.isfinite(expected)], rtol=1e-9)
    assert np.isinf(expected[np.isnan(found)]).all()


def test_noisy_copies_are_not_authentic_and_fresh_samples_mostly_are():
    rng = np.random.default_rng(0)
    x, fresh = rng.standard_normal((300, 6)), rng.standard_normal((100, 6))
    copies = x[:100] + 1e-3 * rng.standard_normal((100, 6))
    assert authenticity(x, copies).mean() == 0
    assert authenticity(x, fresh).mean() > 0.4


def test_too_few_samples_for_k_neighbours_are_refused():
    x, y = gaussians(3, 50, 2)
    with pytest.raises(InvalidInput, match="3 neighbours need more than 3 samples"):
        precision_recall(x, y, 3)


def test_sets_of_different_extractors_are_refused():
    with pytest.raises(InvalidInput, match="2 and 3 dimensions"):
        precision_recall(np.ones((9, 2)), np.ones((9, 3)))


def test_several_ks_in_one_pass_are_what_each_gives_alone():
    x, y = gaussians(90, 80, 4)
    balls = manifold.count_balls(x, y, nearest_within(x, 5), nearest_within(y, 5), [3, 5])
    alone = precision_recall(x, y, 3)
    assert manifold.precision_recall_of(balls[3], 3, True).recall == alone.recall
    assert manifold.density_coverage_of(balls[5], 5, True).density == density_coverage(x, y, 5).density
