"""Answers that R gives to the same questions, to six digits or more; its script is known_answers.R beside."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.stats import (
    anytime_multiplier,
    bradley_terry,
    compare_correlations,
    confidence_sequence,
    correlation,
    cumulative_link,
    dprime,
    expected_ranks,
    gold_accuracy,
    kendall_w,
    mean_difference,
    mean_opinion_score,
    noise_ceiling,
    ordinal_dprime,
    psychometric,
    ranking,
    rater_quality,
    win_rate,
)
from tests.stats.test_correlations import X, Y

SPRINGALL_WINS = (
    "2 0 5 2 0 12 13 10 6 17 9 8 24 16 15 22 14 11 24 22 17 3 2 12 10 8 5 20 15 13 27 19 18 2 2 6"
)
SPRINGALL_LOSSES = "16 21 10 15 22 3 9 12 11 2 6 12 2 3 2 2 4 4 1 0 2 14 18 6 6 9 11 0 2 5 1 1 2 13 21 8"
SPRINGALL_TIES = "7 1 10 7 2 9 5 3 5 7 8 6 0 5 7 4 5 7 3 3 6 9 4 5 6 11 9 2 5 9 0 5 2 8 5 8"
SCORES = np.array([[1, 2, 3, 2, 5], [4, 3, 3, 1, 2], [2, 2, 4, 5, 5], [1, 1, 2, 3, 2]])
OTHERS = np.array([[2, 2, 3, 3, 5], [5, 3, 4, 2, 2], [2, 3, 4, 5, 4], [2, 1, 3, 3, 4]])
RATERS = np.repeat(np.arange(4), 5)
RATINGS = [[3, 8, 9, 20], [12, 11, 10, 4]]


def _springall():
    """Springall's (1973) 36 pairs of nine flavoured gels: the times the later one won, lost and tied."""
    wins, ties = np.zeros((9, 9)), np.zeros((9, 9))
    first, second = np.triu_indices(9, 1)
    columns = (SPRINGALL_WINS, SPRINGALL_LOSSES, SPRINGALL_TIES)
    won, lost, tied = (np.array(text.split(), dtype=int) for text in columns)
    wins[second, first], wins[first, second] = won, lost
    ties[first, second] = ties[second, first] = tied
    return wins, ties


@pytest.mark.parametrize(
    ("model", "strengths", "parameter", "likelihood"),
    [
        ("rao_kupper", [0.828356396589, -0.84571624259, -1.59759456475, 0.509487739272, -0.55940141599,
                        -1.29981724158, 1.79145983703, 0.818893589614], 2.0079072771, -730.004361475),
        ("davidson", [1.11336671523, -1.15986283403, -2.1773832372, 0.715756250749, -0.781422719342,
                      -1.7294805863, 2.39483339071, 1.11826458301], 0.865548640903, -732.067255448),
        ("half", [0.754325710765, -0.785459132089, -1.46936529824, 0.484752243555, -0.530216390101,
                  -1.16945324322, 1.61658429924, 0.757074997855], None, None),
    ],
)  # fmt: skip
def test_springalls_gels_with_ties(model, strengths, parameter, likelihood):
    wins, ties = _springall()
    found = bradley_terry(counts=wins, tied=ties, ties=model)
    assert found.estimate[:8] == pytest.approx(strengths, abs=1e-6)
    if parameter is not None:
        assert found.tie_parameter == pytest.approx(parameter, abs=1e-6)
        assert found.log_likelihood == pytest.approx(likelihood, abs=1e-8)


def test_springalls_errors_under_rao_and_kupper():
    wins, ties = _springall()
    errors = bradley_terry(counts=wins, tied=ties, ties="rao_kupper").standard_error[:4]
    assert errors == pytest.approx([0.133620161, 0.134465207, 0.155419174, 0.126613593], abs=5e-6)  # nlm's


def test_two_conditions_have_their_chance_of_being_best_and_of_winning():
    found = bradley_terry([[0, 14], [6, 0]])
    difference = found.difference(0, 1)
    assert difference.estimate == pytest.approx(0.8472978603872, abs=1e-9)
    assert difference.standard_error == pytest.approx(0.4879500335209, abs=1e-8)  # glm's last step
    assert ranking(found).best[0] == pytest.approx(0.9587573123705, abs=0.005)  # 20,000 draws
    assert expected_ranks(found)[0] == pytest.approx(2 - 0.9587573123705, abs=0.005)
    assert win_rate(found).estimate == pytest.approx([0.7, 0.3], abs=1e-9)


def test_mean_opinion_score_of_equal_raters_is_the_t_test_of_their_means():
    found = mean_opinion_score(SCORES.ravel(), rater=RATERS)
    assert found.estimate == pytest.approx(2.65)
    assert found.standard_error == pytest.approx(0.368555739792, abs=1e-10)
    assert found.confidence_interval() == pytest.approx((1.47709114761, 3.82290885239), abs=1e-9)


def test_mean_difference_of_equal_raters_is_the_t_test_of_theirs():
    answers = np.concatenate([OTHERS.ravel(), SCORES.ravel()])
    found = mean_difference(answers, condition=np.repeat([0, 1], 20), rater=np.tile(RATERS, 2))
    assert found.standard_error == pytest.approx(0.170782512766, abs=1e-10)
    assert found.confidence_interval() == pytest.approx((-0.0935061767592, 0.993506176759), abs=1e-9)
    assert found.pvalue == pytest.approx(0.0779943264302, abs=1e-9)


def test_dprime_of_a_table_is_a_probit():
    found = dprime(counts=[[30, 10], [12, 28]])
    assert found.estimate == pytest.approx(1.1988902629, abs=1e-9)
    assert found.standard_error == pytest.approx(0.299744951885, abs=1e-7)
    assert found.criterion == pytest.approx(-0.075044618744, abs=1e-9)


def test_ordinal_dprime_and_cumulative_link_are_clms():
    found = ordinal_dprime(counts=RATINGS)
    assert found.estimate == pytest.approx(1.04617930385, abs=1e-7)
    assert found.standard_error == pytest.approx(0.258109993892, abs=1e-6)
    assert found.criteria == pytest.approx((-0.431750817107, 0.367655187219, 1.09885515628), abs=1e-7)
    link = cumulative_link(counts=RATINGS[::-1], link="probit")
    assert link.estimate == pytest.approx([1.04617930385], abs=1e-7)
    assert link.log_likelihood == pytest.approx(-97.3398583521, abs=1e-8)


def test_psychometric_curves_are_rs():
    plain = psychometric([3, 8, 14, 22, 28], level=[1, 2, 3, 4, 5], total=[30] * 5, guess=0.0)
    assert plain.estimate == pytest.approx(3.0, abs=1e-6)
    assert plain.slope == pytest.approx(1.12963657227, abs=1e-6)
    assert plain.standard_error == pytest.approx(0.1817945751, abs=1e-6)
    assert plain.slope_error == pytest.approx(0.177830631654, abs=1e-5)
    guessed = psychometric([16, 18, 23, 27, 29], level=[1, 2, 3, 4, 5], total=[30] * 5)
    assert guessed.estimate == pytest.approx(2.9529794933, abs=1e-5)
    assert guessed.slope == pytest.approx(1.32411366908, abs=1e-5)
    assert guessed.standard_error == pytest.approx(0.322444461431, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "estimate", "pvalue"),
    [("spearman", 0.928571428571, 0.00674603174603), ("kendall", 0.809523809524, 0.0107142857143)],
)
def test_exact_p_values_are_cor_tests(kind, estimate, pvalue):
    found = correlation(X[:7], Y[:7], kind=kind)
    assert found.estimate == pytest.approx(estimate, abs=1e-10)
    assert found.pvalue == pytest.approx(pvalue, abs=1e-12)


def test_pearsons_p_value_of_twelve_is_cor_tests():
    assert correlation(X, Y).pvalue == pytest.approx(2.80639513288e-05, rel=1e-9)


def test_intervals_of_rank_correlations_are_bonett_and_wrights_and_fiellers():
    spearman = correlation(X, Y, kind="spearman").confidence_interval()
    assert spearman == pytest.approx((0.7567543014078, 0.9881095973838), abs=1e-10)
    kendall = correlation(X, Y, kind="kendall").confidence_interval()
    assert kendall == pytest.approx((0.6000401549558, 0.9230676408114), abs=1e-10)


def test_dependent_correlations_to_ten_digits():
    published = {"r12": 0.396, "r13": 0.179, "r23": 0.088, "n": 66}
    zou = compare_correlations(**published).confidence_interval()
    assert zou == pytest.approx((-0.09290192167481, 0.5167599724816), abs=1e-10)
    steiger = compare_correlations(**published, test="steiger")
    assert steiger.statistic == pytest.approx(1.367772863474, abs=1e-10)
    assert steiger.pvalue == pytest.approx(0.1713831843514, abs=1e-10)


def test_kendalls_w_and_its_jackknife():
    table = [[1, 2, 3, 4, 5, 6], [2, 1, 3, 4, 6, 5], [1, 3, 2, 5, 4, 6], [3, 1, 2, 4, 5, 6]]
    found = kendall_w(table)
    assert found.estimate == pytest.approx(0.8571428571429, abs=1e-10)
    assert found.mean_correlation == pytest.approx(0.8095238095238, abs=1e-10)
    assert found.confidence_interval() == pytest.approx((0.5843527434176, 0.9578581381389), abs=1e-10)


def test_the_anytime_multiplier_at_its_narrowest_and_elsewhere():
    assert anytime_multiplier(30) == pytest.approx(3.26117165342, abs=1e-6)
    assert anytime_multiplier(12) == pytest.approx(3.972969834859, abs=1e-5)


def test_betting_ends_where_the_capital_reaches_twenty():
    values = [0.9, 0.8, 1, 0.7, 0.95, 0.85, 0.6, 1, 0.9, 0.75, 0.8, 0.95]
    found = confidence_sequence(values, rater=range(12), method="betting")
    # The grid of means has steps of 1/2000, and the interval ends a step outside.
    assert found.confidence_interval() == pytest.approx((0.491049177114, 0.97116171441), abs=1.01e-3)


def test_a_noise_ceiling():
    found = noise_ceiling([3.1, 3.9, 2.7, 3.4], [0.2, 0.3, 0.25, 0.1])
    assert found.ceiling == pytest.approx(0.8956099953907, abs=1e-10)


def test_signs_of_carelessness_are_ratios_of_beta_binomials():
    """Ten gold questions each, ordinary raters 9 of 10 right; careless ones guess one of two."""
    right = np.repeat([2, 9, 9, 9, 9], 1)
    answer = np.concatenate([np.arange(10) < count for count in right]).astype(int)
    found = rater_quality(
        rater=np.repeat(np.arange(5), 10), item=np.tile(np.arange(10), 5), answer=answer, gold=np.ones(50)
    ).signs["gold"]
    assert found.ordinary == 0.9
    assert found.log_odds == pytest.approx([3.0] + [-2.553572670479] * 4, abs=1e-9)  # 6.77 is cut at 3
    accuracy = gold_accuracy(rater=[1] * 10, answer=[1] * 9 + [0], gold=[1] * 10)[1]
    assert accuracy.confidence_interval() == pytest.approx((0.6186852289334, 0.9889883262368), abs=1e-10)
