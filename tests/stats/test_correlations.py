"""Correlations of people and metrics: R's and published values, definitions and edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from humaneval.stats import (
    InputError,
    NotEstimableError,
    adjust_pvalues,
    compare_correlations,
    correlation,
    human_metric_correlation,
    noise_ceiling,
    pairwise_accuracy,
    permutation_both,
    permutation_test,
    soft_pairwise_accuracy,
)

X = [2.1, 3.4, 1.9, 5.6, 4.4, 3.9, 6.1, 2.8, 5.0, 4.1, 3.3, 6.6]
Y = [1.8, 3.9, 2.5, 4.9, 4.6, 3.1, 5.2, 3.0, 5.9, 3.6, 2.9, 6.0]


def test_coefficients_and_pearsons_interval_are_rs():
    assert correlation(X, Y).confidence_interval() == pytest.approx((0.7221744412, 0.976628599334), abs=1e-9)
    assert correlation(X, Y, kind="spearman").estimate == pytest.approx(0.944055944056, abs=1e-10)
    kendall = correlation(X, Y, kind="kendall")
    assert kendall.estimate == pytest.approx(0.818181818182, abs=1e-10)
    assert kendall.pvalue == pytest.approx(4.41292889211e-05, rel=1e-9)


def test_tau_b_takes_ties_out_of_the_denominator():
    found = correlation([1, 2, 2, 3], [1, 2, 3, 4], kind="kendall")
    assert found.estimate == pytest.approx(5 / np.sqrt(5 * 6))


def test_few_systems_are_said_to_be_few():
    found = correlation([1, 2, 3], [1, 3, 2])
    assert found.weak
    assert "Only 3 systems" in found.notes[0]
    assert found.confidence_interval() == (-1.0, 1.0)
    assert correlation([1, 2], [3, 1]).confidence_interval() == (-1.0, 1.0)
    assert not correlation(X, Y).weak


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_perfect_order_is_finite(kind):
    found = correlation(range(8), range(8), kind=kind)
    low, high = found.confidence_interval()
    assert found.estimate == pytest.approx(1.0)
    assert -1 <= low <= high <= 1


def test_a_constant_column_has_no_correlation():
    with pytest.raises(NotEstimableError, match="same for every system"):
        correlation([1, 1, 1], [1, 2, 3])
    with pytest.raises(NotEstimableError, match="two systems"):
        correlation([1], [1])


def test_williams_is_psychs():
    found = compare_correlations(r12=0.7, r13=0.5, r23=0.6, n=103)
    assert found.statistic == pytest.approx(3.10790780254, abs=1e-10)
    assert found.pvalue == pytest.approx(0.0024534520, abs=1e-9)


def test_zous_interval_is_his_own_example():
    """Zou (2007), example 2: r12 = .396, r13 = .179, r23 = .088, n = 66 gives (-0.093, 0.517)."""
    found = compare_correlations(r12=0.396, r13=0.179, r23=0.088, n=66)
    assert found.confidence_interval() == pytest.approx((-0.093, 0.517), abs=5e-4)


def test_steiger_and_williams_agree_in_large_samples():
    williams = compare_correlations(r12=0.45, r13=0.40, r23=0.6, n=4000)
    steiger = compare_correlations(r12=0.45, r13=0.40, r23=0.6, n=4000, test="steiger")
    assert steiger.statistic == pytest.approx(williams.statistic, rel=0.01)


def test_equal_metrics_do_not_differ():
    found = compare_correlations(X, Y, Y)
    assert found.estimate == 0.0
    assert found.pvalue == 1.0
    with pytest.raises(NotEstimableError, match="four systems"):
        compare_correlations([1, 2, 3], [1, 2, 3], [3, 1, 2])


def test_the_permutation_test_of_five_is_exact():
    # 1, 3, 2, 5, 4 against 1..5: of the 120 orders 16 are at least as far from 0.
    assert permutation_test([1, 2, 3, 4, 5], [1, 3, 2, 5, 4]) == pytest.approx(16 / 120)


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_few_systems_get_exact_p_values_even_with_ties(kind):
    x, y = [1.0, 2, 2, 4, 5.5], [2.0, 1, 3, 3, 7]
    coefficient = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[kind]
    observed = coefficient(x, y).statistic
    orders = list(itertools.permutations(y))
    far = [abs(coefficient(x, order).statistic) >= abs(observed) - 1e-9 for order in orders]
    assert correlation(x, y, kind=kind).pvalue == pytest.approx(np.mean(far), abs=1e-12)


@pytest.mark.parametrize(("kind", "orders"), [("pearson", 1), ("spearman", 2), ("kendall", 2)])
def test_a_perfect_order_of_six_has_the_p_value_of_a_count(kind, orders):
    """Of 720 orders one is as close to a line; two are as perfect by rank, the observed and its mirror."""
    found = correlation([1, 2, 3, 5, 8, 13], [1, 2, 3, 5, 8, 13], kind=kind)
    assert found.pvalue == pytest.approx(orders / 720)
    assert "all orders" in found.method


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_no_p_value_is_ever_zero(kind):
    assert correlation(range(30), range(30), kind=kind).pvalue > 0
    assert correlation(range(30), range(30), kind=kind, test="permutation").pvalue <= 1e-4


def test_random_orders_agree_with_the_parametric_test():
    random = correlation(X, Y[::-1], test="permutation")
    assert random.pvalue == pytest.approx(correlation(X, Y[::-1]).pvalue, abs=0.02)
    assert "9999 random orders" in random.method
    assert permutation_test(X, Y[::-1]) == random.pvalue


def test_perfect_correlations_are_not_compared_as_if_certain():
    low, high = compare_correlations(range(6), range(6), range(6)).confidence_interval()
    assert low < -0.5 < 0.5 < high


def test_perm_both_tells_a_good_metric_from_noise_and_is_quiet_otherwise():
    rng = np.random.default_rng(0)
    human = rng.normal(size=(12, 60)) + np.arange(12)[:, None] * 0.2
    good, noise = human + rng.normal(size=human.shape), rng.normal(size=human.shape)
    assert permutation_both(human, good, noise).pvalue < 0.01
    twin = human + rng.normal(size=human.shape)
    assert permutation_both(human, good, twin).pvalue > 0.05


def _brute_force_threshold(human, metric):
    best = (-1.0, 0.0)
    first, second = np.triu_indices(len(human), 1)
    said, gap = np.sign(human[first] - human[second]), metric[first] - metric[second]
    for epsilon in np.concatenate([[0.0], np.sort(np.abs(gap))]):
        right = np.where(np.abs(gap) <= epsilon, 0, np.sign(gap)) == said
        if right.mean() > best[0]:
            best = (right.mean(), epsilon)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_tie_calibration_equals_trying_every_threshold(seed):
    rng = np.random.default_rng(seed)
    human = rng.integers(0, 4, 25).astype(float)
    metric = np.round(human + rng.normal(0, 1.2, 25), 1)
    accuracy, epsilon = _brute_force_threshold(human, metric)
    found = pairwise_accuracy(human, metric)
    assert found.estimate == pytest.approx(accuracy)
    assert found.epsilon == pytest.approx(epsilon)


def test_accuracy_within_groups_pools_their_pairs():
    found = pairwise_accuracy(
        [1, 2, 1, 2], [1, 2, 5, 4], group=["p", "p", "q", "q"], calibrate=False, replicates=50
    )
    assert found.estimate == 0.5
    assert found.pairs == 2


def test_tables_of_systems_and_inputs_are_compared_within_each_input():
    human = [[1, 2, 2, float("nan")], [2, 2, 1, 3], [3, 1, 1, 1]]
    metric = [[0.1, 0.5, 0.4, 0.2], [0.2, 0.45, 0.1, 0.9], [0.1, 0.2, 0.15, 0.3]]
    table = pairwise_accuracy(human, metric, replicates=50)
    cells = [(row, column) for row in range(3) for column in range(4) if (row, column) != (0, 3)]
    long = pairwise_accuracy(
        [human[row][column] for row, column in cells],
        [metric[row][column] for row, column in cells],
        group=[column for _, column in cells],
        replicates=50,
    )
    assert (table.estimate, table.epsilon, table.pairs) == (long.estimate, long.epsilon, 10)
    assert table.confidence_interval() == long.confidence_interval()
    with pytest.raises(InputError, match="of one shape"):
        pairwise_accuracy(human, metric[0])


def test_a_perfect_metric_is_always_right():
    human = np.arange(10.0)
    assert pairwise_accuracy(human, 3 * human).estimate == 1.0
    with pytest.raises(NotEstimableError, match="two samples"):
        pairwise_accuracy([1.0], [2.0])


def test_soft_accuracy_of_the_same_scores_is_one_and_of_opposite_ones_near_zero():
    rng = np.random.default_rng(0)
    human = rng.normal(size=(6, 80)) + np.arange(6)[:, None]
    assert soft_pairwise_accuracy(human, human).estimate == 1.0
    assert soft_pairwise_accuracy(human, -human).estimate < 0.05
    indifferent = soft_pairwise_accuracy(human, rng.normal(size=(6, 80))).estimate
    assert 0.3 < indifferent < 0.7


def test_holm_and_benjamini_hochberg_are_rs():
    p = [0.001, 0.02, 0.03, 0.04, 0.5]
    assert adjust_pvalues(p) == pytest.approx([0.005, 0.080, 0.090, 0.090, 0.500])
    assert adjust_pvalues(p, method="benjamini_hochberg") == pytest.approx([0.005, 0.05, 0.05, 0.05, 0.5])


@pytest.mark.parametrize("count", [1, 2, 9, 60])
def test_adjusted_pvalues_are_statsmodels_to_the_last_bit(count):
    drawn = np.random.default_rng(count).random(count).round(2) ** 3  # with ties
    for method, theirs in (("holm", "holm"), ("benjamini_hochberg", "fdr_bh")):
        np.testing.assert_array_equal(
            adjust_pvalues(drawn, method=method), multipletests(drawn, method=theirs)[1]
        )


def test_noise_in_people_caps_every_metric():
    found = noise_ceiling([1, 2, 3, 4, 5], [1.0] * 5)
    assert found.reliability == pytest.approx(1 - 1 / 2.5)
    assert found.ceiling == pytest.approx(np.sqrt(0.6))
    assert noise_ceiling([1, 1.1, 0.9], [1.0] * 3).ceiling == 0.0


def test_the_hierarchical_bootstrap_widens_for_everything_that_is_uncertain():
    rng = np.random.default_rng(0)
    system, rater, item = (column.ravel() for column in np.indices((8, 12, 15)))
    answer = 0.3 * system + rng.normal(0, 1, 12)[rater] * 0.2 + rng.normal(0, 1, len(system))
    votes = {"answer": answer, "condition": system, "rater": rater, "item": item}
    metric = {int(name): float(name) for name in range(8)}
    noise = dict.fromkeys(metric, 3.0)
    narrow = human_metric_correlation(
        **votes, metric=metric, replicates=200, resample_systems=False, kind="pearson"
    )
    wide = human_metric_correlation(
        **votes, metric=metric, metric_error=noise, replicates=200, resample_systems=False, kind="pearson"
    )
    assert wide.standard_error > 3 * narrow.standard_error
    assert narrow.estimate > 0.9
    with pytest.raises(InputError, match="no score for 7"):
        human_metric_correlation(**votes, metric={name: 1.0 * name for name in range(7)})
