"""The Fréchet distance: closed forms, scipy's square root, rank deficiency, errors and extrapolation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from metrics import FeatureStatistics, fid_infinity, frechet_distance, frechet_distance_of_features
from metrics.errors import InvalidInput, NonFiniteFeatures
from metrics.frechet import frechet_distance_to_statistics


def covariance(dimension: int, seed: int, rank: int | None = None) -> np.ndarray:
    factor = np.random.default_rng(seed).standard_normal((dimension, rank or 3 * dimension))
    return factor @ factor.T / factor.shape[1]


def by_sqrtm(mean1, cov1, mean2, cov2) -> float:
    root = sqrtm(cov1 @ cov2)
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * np.trace(root.real))


def test_two_isotropic_gaussians_have_their_closed_form():
    found = frechet_distance(np.zeros(16), np.eye(16), np.full(16, 0.3), 1.7**2 * np.eye(16))
    assert found.value == pytest.approx(9.28, rel=1e-12)
    assert found.mean_term == pytest.approx(16 * 0.09)
    assert found.covariance_term == pytest.approx(16 * 0.49)


def test_commuting_covariances_have_their_closed_form():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    first, second = rng.uniform(0.1, 4, 20), rng.uniform(0.1, 4, 20)
    expected = ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    found = frechet_distance(np.zeros(20), basis * first @ basis.T, np.zeros(20), basis * second @ basis.T)
    assert found.value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("dimension", [1, 2, 37, 128])
def test_it_agrees_with_scipys_square_root(dimension):
    rng = np.random.default_rng(dimension)
    means = rng.standard_normal((2, dimension))
    covs = covariance(dimension, 1), covariance(dimension, 2)
    found = frechet_distance(means[0], covs[0], means[1], covs[1])
    assert found.value == pytest.approx(by_sqrtm(means[0], covs[0], means[1], covs[1]), rel=1e-8)


def test_tensors_and_arrays_give_the_same():
    mean, covs = np.zeros(8), (covariance(8, 1), covariance(8, 2))
    arrays = frechet_distance(mean, covs[0], mean, covs[1]).value
    tensors = frechet_distance(*(torch.from_numpy(x) for x in (mean, covs[0], mean, covs[1]))).value
    assert arrays == tensors


def test_it_is_symmetric():
    mean, covs = np.zeros(30), (covariance(30, 1), covariance(30, 2))
    forth = frechet_distance(mean, covs[0], mean, covs[1]).value
    assert forth == pytest.approx(frechet_distance(mean, covs[1], mean, covs[0]).value, rel=1e-10)


def test_rank_deficient_covariances_are_handled_and_said():
    """Both live in one 5-dimensional subspace of 40 dimensions, where the distance is the small one's."""
    basis, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 5)))
    small = covariance(5, 1), covariance(5, 2)
    big = [basis @ one @ basis.T for one in small]
    found = frechet_distance(np.zeros(40), big[0], np.zeros(40), big[1])
    expected = frechet_distance(np.zeros(5), small[0], np.zeros(5), small[1]).value
    assert found.value == pytest.approx(expected, rel=1e-7)
    assert "5 of 40 dimensions" in found.warnings[0]


def test_gaussians_in_orthogonal_subspaces_share_nothing():
    first, second = np.diag([1.0, 2, 0, 0]), np.diag([0, 0, 3.0, 4])
    found = frechet_distance(np.zeros(4), first, np.zeros(4), second)
    assert found.value == pytest.approx(10, abs=1e-6)


@pytest.mark.parametrize(("n", "dimension"), [(50, 64), (400, 64), (2, 5)])
def test_identical_sets_are_at_distance_zero(n, dimension):
    x = np.random.default_rng(0).gamma(2, size=(n, dimension))
    found = frechet_distance_of_features(x, x.copy())
    assert abs(found.value) < 1e-6 * np.trace(np.cov(x, rowvar=False))


def test_the_same_samples_in_another_order_are_at_distance_zero():
    x = np.random.default_rng(0).gamma(2, size=(60, 100))
    found = frechet_distance_of_features(x, x[::-1].copy())
    assert abs(found.value) < 1e-6 * np.trace(np.cov(x, rowvar=False))


def test_fewer_samples_than_dimensions_agree_with_the_covariances():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 50)), rng.standard_normal((30, 50)) * 1.5 + 0.2
    by_factors = frechet_distance_of_features(x, y)
    by_covariances = frechet_distance(
        x.mean(axis=0), np.cov(x, rowvar=False), y.mean(axis=0), np.cov(y, rowvar=False)
    )
    assert by_factors.value == pytest.approx(by_covariances.value, rel=1e-7)
    assert any("span 19 of 50 dimensions" in warning for warning in by_factors.warnings)


def test_both_ways_of_getting_the_standard_error_agree_where_both_apply():
    """Beyond as many samples as dimensions the error comes from the transport map instead of N's factors."""
    from metrics.frechet import _from_few_samples, _from_many_samples

    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((90, 12)))
    y = torch.from_numpy(rng.standard_normal((70, 12)) * 1.4 + 0.3)
    few, many = _from_few_samples(x, y), _from_many_samples(x, y)
    assert few.value == pytest.approx(many.value, rel=1e-10)
    assert few.standard_error == pytest.approx(many.standard_error, rel=2e-2)


def test_the_standard_error_is_the_spread_over_repeated_draws():
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((6, 6))
    values, errors = [], []
    for _ in range(150):
        x, y = rng.standard_normal((400, 6)) @ mix, rng.standard_normal((300, 6)) @ mix * 1.3 + 0.4
        found = frechet_distance_of_features(x, y)
        values.append(found.value)
        errors.append(found.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


@pytest.mark.parametrize("samples", [300, 5])
def test_the_standard_error_to_a_fixed_gaussian_is_the_generated_sets_spread(samples):
    """With 5 samples of 6 dimensions, where the covariance is singular, up to a third too much."""
    rng = np.random.default_rng(1)
    mean, mix = np.zeros(6), rng.standard_normal((6, 6))
    found = [
        frechet_distance_to_statistics(mean, mix @ mix.T, rng.standard_normal((samples, 6)) @ mix.T * 1.3)
        for _ in range(400)
    ]
    errors, spread = [one.standard_error for one in found], np.std([one.value for one in found])
    assert 0.85 < np.mean(errors) / spread < (1.15 if samples > 6 else 1.4)


def test_a_distance_to_statistics_is_that_of_the_features_and_warns_of_the_bias_too():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((80, 5)), rng.standard_normal((70, 5)) + 0.3
    found = frechet_distance_to_statistics(x.mean(axis=0), np.cov(x, rowvar=False), y, len(x))
    expected = frechet_distance_of_features(x, y)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    assert found.warnings == expected.warnings
    assert 0 < found.standard_error < expected.standard_error
    with pytest.raises(InvalidInput, match="samples or more of 5 features"):
        frechet_distance_to_statistics(x.mean(axis=0), np.cov(x, rowvar=False), y[:1])


def test_few_samples_are_warned_of_with_the_bias_named():
    x = np.random.default_rng(0).standard_normal((300, 4))
    warnings = frechet_distance_of_features(x, x + 1).warnings
    assert any("biased upwards" in warning and "fid_infinity" in warning for warning in warnings)


def test_extrapolation_takes_the_bias_out():
    """Equal distributions: every finite distance is above 0, the extrapolated one is near it."""
    rng = np.random.default_rng(0)
    reference, generated = rng.standard_normal((40_000, 12)), rng.standard_normal((2_000, 12))
    plain = frechet_distance_of_features(reference, generated).value
    found = fid_infinity(reference, generated)
    assert plain > 0.02
    assert abs(found.value) < 0.35 * plain
    assert found.points[0][0] == 500
    assert any("5,000" in warning for warning in found.warnings)


def test_extrapolation_repeats_itself_for_a_seed():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 3)), rng.standard_normal((150, 3))
    assert fid_infinity(x, y, seed=1) == fid_infinity(x, y, seed=1)
    assert fid_infinity(x, y, seed=1).value != fid_infinity(x, y, seed=2).value


def test_constant_features_are_at_the_distance_of_their_means():
    found = frechet_distance_of_features(np.full((20, 3), 2.0), np.full((30, 3), 5.0))
    assert found.value == pytest.approx(27)


def test_one_sample_is_refused():
    with pytest.raises(InvalidInput, match="at least two samples"):
        frechet_distance_of_features(np.ones((1, 4)), np.ones((5, 4)))


def test_not_a_number_names_the_sample():
    x = np.ones((6, 3))
    y = x.copy()
    y[4, 1] = np.nan
    with pytest.raises(NonFiniteFeatures, match=r"generated features .* sample 4"):
        frechet_distance_of_features(x, y)


def test_infinite_covariances_are_refused():
    with pytest.raises(NonFiniteFeatures):
        frechet_distance(np.zeros(2), np.diag([1, np.inf]), np.zeros(2), np.eye(2))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInput, match="square covariance"):
        frechet_distance(np.zeros(3), np.eye(2), np.zeros(3), np.eye(3))
    with pytest.raises(InvalidInput, match="one extractor"):
        frechet_distance(np.zeros(3), np.eye(3), np.zeros(2), np.eye(2))
    with pytest.raises(InvalidInput, match="not symmetric"):
        frechet_distance(np.zeros(2), np.array([[1.0, 0.5], [0, 1]]), np.zeros(2), np.eye(2))


def test_statistics_in_parts_merge_to_those_of_the_whole():
    x = np.random.default_rng(0).gamma(2, size=(101, 7)) + 30
    whole = FeatureStatistics(7).update(x)
    merged = FeatureStatistics(7)
    for part in np.array_split(x, 5):
        merged.merge(FeatureStatistics(7).update(part[:3]).update(part[3:]))
    assert merged.n == whole.n == 101
    np.testing.assert_allclose(merged.mean, x.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(merged.cov, np.cov(x, rowvar=False), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(whole.cov, merged.cov, rtol=1e-11, atol=1e-13)


def test_a_mean_far_from_zero_costs_no_digits():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 3)) + 1e6
    np.testing.assert_allclose(FeatureStatistics.of(x).cov, np.cov(x, rowvar=False), rtol=1e-9, atol=1e-9)


def test_float32_features_are_summed_in_float64():
    x = (np.random.default_rng(0).standard_normal((4000, 4)) + 30).astype(np.float32)
    expected = np.cov(x.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(FeatureStatistics.of(x, batch=64).cov, expected, rtol=1e-10, atol=1e-10)


def test_statistics_survive_being_stored():
    statistics = FeatureStatistics(2).update(np.array([[1.0, 2], [3, 5]]))
    again = FeatureStatistics.from_state(statistics.state()).update(np.array([[0.0, 1]]))
    assert again.n == 3
    np.testing.assert_allclose(again.mean, [4 / 3, 8 / 3])


def test_merging_into_and_with_nothing_changes_nothing():
    filled = FeatureStatistics(2).update(np.array([[1.0, 2], [3, 5]]))
    empty = FeatureStatistics(2).merge(filled)
    np.testing.assert_array_equal(empty.cov, filled.cov)
    assert filled.merge(FeatureStatistics(2)).n == 2


def test_statistics_of_too_few_samples_are_refused():
    with pytest.raises(InvalidInput, match="at least 2"):
        _ = FeatureStatistics(2).update(np.ones((1, 2))).cov
    with pytest.raises(InvalidInput, match="2 dimensions are counted"):
        FeatureStatistics(2).update(np.ones((1, 3)))
    with pytest.raises(InvalidInput, match="cannot merge"):
        FeatureStatistics(2).merge(FeatureStatistics(3))
