"""Rates, differences, means, HYPE and d': R's numbers, textbook values, definitions and edges."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.stats import (
    InputError,
    NotEstimableError,
    answer_distribution,
    dprime,
    hype_score,
    mean_difference,
    mean_opinion_score,
    ordinal_dprime,
    rate,
    rate_difference,
)

CROSSED = [3, 4, 2, 5, 4, 3, 1, 2, 2, 3, 3, 1, 5, 5, 4, 5, 5, 4, 2, 3, 3, 4, 2, 2, 4, 4, 3, 5, 4, 4]
GLMER_VOTES = [
    int(digit)
    for digit in ("01011010111110100001111101110110100111010101010001111000010011001101000000000000")
]


@pytest.mark.parametrize(
    ("method", "low", "high"),
    [
        ("wilson", 0.604468427352, 0.841284725064),
        ("clopper_pearson", 0.596552321272, 0.853699415603),
        ("jeffreys", 0.607392071520, 0.845732838614),
    ],
)
def test_naive_intervals_are_those_of_r(method, low, high):
    found = rate(successes=37, trials=50, method=method).confidence_interval()
    assert found == pytest.approx((low, high), abs=1e-9)


def test_unequal_raters_get_the_cr2_error_and_freedom_of_clubsandwich():
    answer = [1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0]
    rater = [1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 5]
    found = rate(answer, rater=rater)
    assert found.estimate == pytest.approx(0.6)
    assert found.standard_error == pytest.approx(0.0725156539976, abs=1e-10)
    assert found.rule.degrees_of_freedom == pytest.approx(3.47351351351, abs=1e-9)


def test_two_way_errors_are_those_of_rs_sandwich_on_a_balanced_table():
    rater, item = np.tile(np.arange(6), 5), np.repeat(np.arange(5), 6)
    found = mean_opinion_score(CROSSED, rater=rater, item=item)
    assert found.standard_error == pytest.approx(0.488935037878, abs=1e-10)
    assert found.clusters == {"rater": 6, "item": 5}


def test_paired_scores_give_students_paired_t_test():
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = mean_difference(
        first + second, condition=["drug 1"] * 10 + ["drug 2"] * 10, rater=list(range(10)) * 2
    )
    assert found.estimate == pytest.approx(-1.58)
    assert found.pvalue == pytest.approx(0.0028328902, abs=1e-9)
    assert found.confidence_interval() == pytest.approx((-2.459885763277, -0.700114236723), abs=1e-9)


def test_one_vote_a_rater_gives_students_t_interval():
    found = mean_opinion_score([3, 4, 5, 2, 4, 4, 3, 5], rater=range(8))
    assert found.confidence_interval() == pytest.approx((2.88463613264, 4.61536386736), abs=1e-9)


def test_newcombes_own_example():
    answer = np.repeat([1, 0, 1, 0], [56, 14, 48, 32])
    condition = np.repeat(["a", "b"], [70, 80])
    found = rate_difference(answer, condition=condition, method="newcombe")
    assert found.estimate == pytest.approx(0.2)
    assert found.confidence_interval() == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_mixed_logit_is_lme4s():
    found = rate(
        GLMER_VOTES, rater=np.tile(np.arange(8), 10), item=np.repeat(np.arange(10), 8), method="mixed_logit"
    )
    from humaneval.stats.columns import encode
    from humaneval.stats.mixed_logit import mixed_logit

    model = mixed_logit(
        np.array(GLMER_VOTES, float), encode(np.tile(np.arange(8), 10)), encode(np.repeat(np.arange(10), 8))
    )
    assert model.log_likelihood == pytest.approx(-54.5035336312, abs=1e-6)
    assert model.intercept == pytest.approx(-0.11430555838, abs=2e-5)
    assert model.rater_deviation == pytest.approx(0.5818085624, abs=2e-4)
    assert model.item_deviation == pytest.approx(0.5017774708, abs=2e-4)
    assert found.estimate == pytest.approx(model.estimate)


def test_weights_count_as_repeated_votes():
    repeated = rate([1, 1, 1, 0, 0, 1], rater=[1, 1, 1, 2, 2, 3])
    weighted = rate([1, 0, 1], rater=[1, 2, 3], weight=[3, 2, 1])
    assert weighted.estimate == pytest.approx(repeated.estimate)
    assert weighted.standard_error == pytest.approx(repeated.standard_error)


def test_the_cluster_bootstrap_agrees_with_the_sandwich():
    rng = np.random.default_rng(2)
    rater = np.repeat(np.arange(60), 20)
    answer = rng.random(1200) < np.repeat(rng.beta(4, 3, 60), 20)
    sandwich = rate(answer, rater=rater)
    drawn = rate(answer, rater=rater, method="cluster_bootstrap", replicates=4000)
    assert drawn.standard_error == pytest.approx(sandwich.standard_error, rel=0.05)
    again = rate(answer, rater=rater, method="cluster_bootstrap", replicates=4000)
    assert again.confidence_interval() == drawn.confidence_interval()


def test_votes_that_cluster_make_the_interval_wider_and_say_so():
    rater = np.repeat(np.arange(20), 10)
    answer = np.repeat(np.arange(20) % 2, 10)
    clustered, naive = rate(answer, rater=rater), rate(answer, method="wilson")
    assert np.ptp(clustered.confidence_interval()) > 2.5 * np.ptp(naive.confidence_interval())
    assert clustered.design_effect == pytest.approx(10.0, rel=0.1)
    assert "not" in naive.notes[0]


def test_hype_of_a_small_table():
    answer = [1, 1, 0, 0, 1, 0, 1, 0]
    real = [1, 1, 1, 1, 0, 0, 0, 0]
    found = hype_score(answer=answer, real=real, rater=[1, 2, 1, 2, 1, 2, 1, 2])
    assert found.estimate == 0.5
    assert found.fakes.estimate == 0.5
    assert found.reals.estimate == 0.5
    skewed = hype_score(answer=[1, 0, 1], real=[1, 1, 0], rater=[1, 2, 3])
    assert "67%" in skewed.notes[-1]


def test_dprime_of_the_textbooks():
    found = dprime(hits=40, misses=10, false_alarms=15, correct_rejections=35)
    assert found.estimate == pytest.approx(1.366022, abs=1e-6)
    assert found.criterion == pytest.approx(-0.158610, abs=1e-6)
    corrected = dprime(hits=50, misses=0, false_alarms=15, correct_rejections=35)
    assert (corrected.hit_rate, corrected.false_alarm_rate) == pytest.approx((50.5 / 51, 15.5 / 51))
    always = dprime(hits=40, misses=10, false_alarms=15, correct_rejections=35, correction="loglinear")
    assert (always.hit_rate, always.false_alarm_rate) == pytest.approx((40.5 / 51, 15.5 / 51))
    half = dprime(hits=50, misses=0, false_alarms=15, correct_rejections=35, correction="half")
    assert (half.hit_rate, half.false_alarm_rate) == pytest.approx((0.99, 0.3))
    with pytest.raises(NotEstimableError, match="infinite"):
        dprime(hits=50, misses=0, false_alarms=15, correct_rejections=35, correction="none")


@pytest.mark.parametrize(("alternatives", "expected"), [(2, 0.9538725524), (4, 1.682195195)])
def test_forced_choice_dprime_is_psyphys(alternatives, expected):
    found = dprime(successes=75, trials=100, task="m_afc", alternatives=alternatives)
    assert found.estimate == pytest.approx(expected, abs=1e-7)
    low, high = found.confidence_interval()
    assert low < expected < high


def test_an_unknown_correction_is_refused():
    with pytest.raises(InputError, match="extremes, loglinear, half or none"):
        dprime(hits=4, misses=1, false_alarms=1, correct_rejections=3, correction="hautus")


def test_dprime_from_votes_equals_that_of_their_table_with_wider_errors():
    rng = np.random.default_rng(1)
    rater = np.repeat(np.arange(20), 20)
    signal = np.tile(np.arange(20) % 2, 20)
    lean = rng.normal(0, 0.8, 20)[rater]
    answer = (rng.normal(size=400) + lean + signal > 0.5).astype(int)
    votes = dprime(answer, signal=signal, rater=rater)
    table = dprime(
        hits=(answer * signal).sum(), misses=((1 - answer) * signal).sum(),
        false_alarms=(answer * (1 - signal)).sum(), correct_rejections=((1 - answer) * (1 - signal)).sum(),
    )  # fmt: skip
    assert votes.estimate == pytest.approx(table.estimate)
    assert votes.clusters == {"rater": 20}


def test_ordinal_dprime_is_rs_ordered_probit():
    rating = np.concatenate(
        [np.repeat(range(1, 7), [8, 12, 20, 25, 35, 50]), np.repeat(range(1, 7), [45, 38, 25, 20, 14, 8])]
    )
    found = ordinal_dprime(rating, signal=np.repeat([1, 0], 150))
    assert found.estimate == pytest.approx(1.192325990675, abs=1e-8)
    assert found.standard_error == pytest.approx(0.1294805175710, abs=1e-8)
    assert found.criteria[0] == pytest.approx(-0.503652053918, abs=1e-8)


def test_the_distribution_lists_categories_nobody_chose():
    found = answer_distribution([1, 2, 2, 5], categories=[1, 2, 3, 4, 5])
    assert found.counts.tolist() == [1, 2, 0, 0, 1]
    assert found.shares.sum() == 1.0
    assert found.top_box() == 0.25
    assert found.top_box(2) == 0.25


def test_one_rater_speaks_for_one_rater():
    found = rate([1, 0, 1, 1], rater=[7, 7, 7, 7])
    assert "one rater" in found.notes[0]
    low, high = found.confidence_interval()
    assert 0 < low < 0.75 < high < 1


def test_all_answers_alike_leave_doubt_counted_in_raters():
    found = rate(np.ones(200), rater=np.repeat(np.arange(10), 20))
    low, high = found.confidence_interval()
    assert high == 1.0
    assert low == pytest.approx(rate(successes=10, trials=10).confidence_interval().low)


def test_one_vote_and_none():
    low, high = rate([1], rater=["a"]).confidence_interval()
    assert 0 < low < 0.5
    assert high == 1.0
    with pytest.raises(NotEstimableError, match="no votes"):
        rate([], rater=[])
    with pytest.raises(NotEstimableError, match="spread"):
        mean_opinion_score([4], rater=["a"])
    assert mean_opinion_score([4], rater=["a"], points=(1, 5)).confidence_interval() == (1, 5)


def test_a_difference_without_any_variation_still_has_an_interval():
    found = rate_difference([1, 1, 0, 0], condition=["a", "a", "b", "b"], rater=[1, 2, 1, 2])
    low, high = found.confidence_interval()
    assert found.estimate == 1.0
    assert 0 <= low < 1.0 <= high
    with pytest.raises(NotEstimableError, match="uncertainty"):
        mean_difference([3, 3, 4, 4], condition=["a", "a", "b", "b"], rater=[1, 2, 1, 2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"answer": [1, 2]}, "0 or 1"),
        ({"answer": [1, np.nan]}, "missing"),
        ({"answer": [1, 0], "rater": [1]}, "one length"),
        ({"answer": [1, 0], "weight": [-1, 1]}, "negative"),
        ({"answer": [1, 0], "method": "guess", "rater": [1, 2]}, "Unknown method"),
        ({}, "successes"),
        ({"successes": 5, "trials": 3}, "impossible"),
    ],
)
def test_impossible_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        rate(**arguments)


def test_a_level_outside_zero_and_one_is_refused():
    with pytest.raises(InputError, match="level"):
        rate([1, 0], rater=[1, 2]).confidence_interval(95)


def test_a_scale_that_answers_do_not_fit_is_refused():
    with pytest.raises(InputError, match="do not fit"):
        mean_opinion_score([0, 6], rater=[1, 2], points=(1, 5))
