"""NDB: known bins, the z test of statsmodels, Benjamini-Hochberg, divergences, K-means."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

from metrics import ndb, ndb_null
from metrics.bins import (
    Binning,
    benjamini_hochberg,
    compare_bins,
    jensen_shannon,
    two_proportion_test,
)
from metrics.clustering import k_means
from metrics.errors import InvalidInput

CENTRES = np.array([[0.0, 0], [20, 0], [0, 20], [20, 20], [40, 0]])


def mixture(counts, seed=0):
    rng = np.random.default_rng(seed)
    parts = [CENTRES[i] + rng.standard_normal((n, 2)) for i, n in enumerate(counts)]
    return np.concatenate(parts)


def test_a_mixture_with_one_mode_missing_and_one_doubled_has_two_different_bins():
    real = mixture([200, 200, 200, 200, 200])
    generated = mixture([200, 200, 200, 400, 0], seed=1)
    found = ndb(real, generated, 5)
    assert (found.ndb, found.corrected) == (2, 2)
    assert found.ratio == pytest.approx(0.4)
    assert [one.generated for one in found.under_represented()] == [0]
    assert [one.generated for one in found.over_represented()] == [400]
    expected = jensen_shannon(np.full(5, 0.2), np.array([0.2, 0.2, 0.2, 0.4, 0]))
    assert found.jsd == pytest.approx(expected)


def test_each_representative_lies_in_its_own_bin():
    real = mixture([60, 50, 40, 30, 20])
    found = ndb(real, real.copy(), 5)
    for one in found.bins:
        assert one.real == one.generated
        nearest = np.linalg.norm(CENTRES - real[one.representative], axis=1).argmin()
        assert [60, 50, 40, 30, 20][nearest] == one.real


def test_the_z_test_is_statsmodels():
    rng = np.random.default_rng(0)
    real, generated = (
        rng.multinomial(500, rng.dirichlet(np.ones(12))),
        rng.multinomial(300, np.full(12, 1 / 12)),
    )
    z, p = two_proportion_test(real, generated)
    for i in range(12):
        theirs = proportions_ztest([generated[i], real[i]], [300, 500])
        assert (z[i], p[i]) == pytest.approx(theirs, rel=1e-9)


def test_a_bin_that_is_empty_in_both_sets_differs_in_nothing():
    found = compare_bins(np.array([5, 5, 0]), np.array([5, 5, 0]))
    assert found.bins[2].p == 1
    assert found.ndb == 0


def test_the_correction_is_statsmodels():
    p = np.random.default_rng(0).uniform(0, 1, 40) ** 3
    np.testing.assert_array_equal(benjamini_hochberg(p), multipletests(p, 0.05, "fdr_bh")[0])


def test_divergences_have_their_closed_values():
    assert jensen_shannon(np.array([0.5, 0.5]), np.array([1.0, 0])) == pytest.approx(0.2157616, abs=1e-7)
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(np.log(2))


def test_equal_distributions_differ_in_one_bin_of_twenty_and_by_the_null_divergence():
    rng = np.random.default_rng(0)
    share = rng.dirichlet(np.full(50, 5))
    runs = [compare_bins(rng.multinomial(4000, share), rng.multinomial(3000, share)) for _ in range(200)]
    ratios, excess = [run.ratio for run in runs], [run.jsd_excess for run in runs]
    assert runs[0].expected == pytest.approx(2.5)
    assert np.mean(ratios) == pytest.approx(0.05, abs=0.01)
    assert abs(np.mean(excess)) < 4 * np.std(excess) / 200**0.5 + 2e-5
    # Redrawing from noisy shares adds their noise: the printed error is above the spread, below twice it.
    spread = np.std([run.jsd for run in runs])
    assert spread < np.mean([run.jsd_error for run in runs]) < 2 * spread


def test_the_null_says_what_real_against_real_looks_like():
    ratios = ndb_null(mixture([200] * 5), 5, repeats=4)
    assert len(ratios) == 4
    assert max(ratios) <= 0.4


def test_above_a_thousand_dimensions_a_seeded_sixth_is_used_when_asked():
    real = np.random.default_rng(0).standard_normal((40, 1200))
    first, again = (Binning(real, 3, seed=4, sample_dimensions=True) for _ in range(2))
    assert len(first.dimensions) == 200
    assert (first.dimensions == again.dimensions).all()
    assert len(Binning(real, 3, seed=4).dimensions) == 1200


def test_whitening_makes_the_scale_of_a_dimension_not_matter():
    real = mixture([100] * 5)
    stretched = real * np.array([1000.0, 1.0])
    first, second = Binning(real, 4, whiten=True), Binning(stretched, 4, whiten=True)
    assert (first.real_labels == second.real_labels).all()
    assert (Binning(real, 4).real_labels != Binning(stretched, 4).real_labels).any()


def test_constant_dimensions_survive_whitening():
    real = np.stack([np.arange(20.0), np.ones(20)], axis=1)
    assert Binning(real, 2, whiten=True).centres.isfinite().all()


def test_too_few_real_samples_are_refused():
    with pytest.raises(InvalidInput, match="200 real samples"):
        ndb(np.zeros((150, 2)), np.zeros((150, 2)))


def test_k_means_finds_separate_lumps_and_repeats_itself():
    x = mixture([50, 40, 30, 20, 10])
    first, again = k_means(x, 5, seed=1), k_means(x, 5, seed=1)
    assert sorted(np.bincount(first.labels).tolist()) == [10, 20, 30, 40, 50]
    assert (first.centres == again.centres).all()
    distances = ((x - first.centres.numpy()[first.labels]) ** 2).sum()
    assert first.inertia == pytest.approx(distances, rel=1e-9)


def test_k_means_is_as_good_as_scikit_learns_ten_restarts_on_lumps():
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, 8))[rng.integers(0, 20, 900)] * 2 + rng.standard_normal((900, 8))
    theirs = KMeans(20, n_init=10, random_state=0).fit(x).inertia_
    assert k_means(x, 20).inertia < 1.04 * theirs


def test_k_means_of_identical_samples_does_not_fail():
    found = k_means(np.ones((10, 3)), 4)
    assert found.inertia == pytest.approx(0)
    with pytest.raises(InvalidInput, match="cannot form"):
        k_means(np.ones((3, 2)), 4)


def test_the_null_is_binned_as_the_score_beside_it():
    rng = np.random.default_rng(5)
    real = rng.normal(size=(400, 3)) * [1, 1, 1000]
    order = np.random.default_rng(7).permutation(400)
    first, second = real[order[:200]], real[order[200:]]
    plain, whitened = (ndb(first, second, 20, seed=7, level=0.3, whiten=way).ratio for way in (False, True))
    assert plain != whitened
    assert ndb_null(real, 20, seed=7, repeats=1, level=0.3, whiten=True) == [whitened]
    assert ndb_null(real, 20, seed=7, repeats=1, level=0.3) == [plain]
