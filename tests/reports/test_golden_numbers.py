"""The report's numbers equal what the same votes give when computed straight from the definitions."""

from __future__ import annotations

import math

import krippendorff
import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint

from humaneval.rating.models import Answer
from humaneval.reports.report import build, report_of
from humaneval.stats import mean_opinion_score, rate
from tests.reports.studies import GivenVote, add_trials, add_votes, make_sets, make_study


def columns(study, question: str):
    """Return rater, first sample, condition label and value of each answer, read in the plainest way."""
    answers = (
        Answer.objects.filter(question__study=study, question__key=question)
        .select_related("vote__assignment__session", "vote__assignment__trial__condition")
        .order_by("id")
    )
    rows = [
        (
            one.vote.assignment.session.rater_id,
            one.vote.assignment.trial.slots[0][0],
            one.vote.assignment.trial.condition.label,
            one.value,
        )
        for one in answers
    ]
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def estimate_of(report, label: str, measure: str, question: str | None = None):
    return next(
        one
        for one in report.estimates
        if one.label == label and one.measure == measure and question in (None, one.question)
    )


def test_two_afc_gives_the_share_fooled_with_wilson_as_the_naive_interval(two_afc):
    report = report_of(two_afc)
    for label, fooled in (("good", 8), ("middling", 5), ("poor", 1)):
        one = estimate_of(report, label, "share")
        low, high = proportion_confint(fooled, 12, method="wilson")
        assert one.estimate == pytest.approx(fooled / 12)
        assert (one.naive.low, one.naive.high) == (pytest.approx(low), pytest.approx(high))
        assert (one.votes, one.raters, one.items) == (12, 6, 4)


def test_the_clustered_interval_is_that_of_the_votes_with_their_raters_and_images(two_afc):
    report = report_of(two_afc)
    rater, item, label, value = columns(two_afc, "real")
    for name in ("good", "middling", "poor"):
        mine = label == name
        expected = rate(value[mine] == 0, rater=rater[mine], item=item[mine])
        one = estimate_of(report, name, "share")
        assert (one.interval.low, one.interval.high) == pytest.approx(tuple(expected.confidence_interval()))
        assert "clustered" in one.interval.method
        assert "clustered" not in one.naive.method


def test_a_rate_without_repeated_images_has_the_sandwich_error_by_rater(db):
    study = make_study("two_afc", sets=make_sets(["made"], "real", samples=12))
    add_trials(study, [("made", "real", index) for index in range(12)])
    fooled = [1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1]
    add_votes(study, [GivenVote(place // 3, place, {"real": 1 - one}) for place, one in enumerate(fooled)])
    values = np.array(fooled).reshape(4, 3)
    sums = (values - values.mean()).sum(axis=1) / 12
    variance = (sums**2 / (1 - 3 / 12)).sum()
    one = estimate_of(report_of(study), "made", "share")
    assert one.interval.standard_error == pytest.approx(math.sqrt(variance))
    assert one.design_effect == pytest.approx(variance / (values.mean() * (1 - values.mean()) / 11))


def test_likert_gives_the_mean_of_each_question_and_its_distribution(likert):
    report = report_of(likert)
    for question in ("realism", "appeal"):
        rater, item, label, value = columns(likert, question)
        for name in ("made", "real"):
            mine = label == name
            one = estimate_of(report, name, "mean_opinion_score", question)
            expected = mean_opinion_score(value[mine], rater=rater[mine], item=item[mine], points=(1, 5))
            assert one.estimate == pytest.approx(value[mine].mean())
            assert (one.interval.low, one.interval.high) == pytest.approx(
                tuple(expected.confidence_interval())
            )
            assert one.distribution == [int((value[mine] == point).sum()) for point in range(1, 6)]
            half = scipy_stats.t.ppf(0.975, 19) * value[mine].std(ddof=1) / math.sqrt(20)
            assert one.naive.high == pytest.approx(min(5, value[mine].mean() + half))


def test_real_or_fake_gives_shares_judged_real_and_the_errors_behind_hype(db):
    study = make_study("real_or_fake", sets=make_sets(["made"], "real", samples=10))
    add_trials(
        study, [("made", None, index) for index in range(10)] + [("real", None, index) for index in range(10)]
    )
    judged_real = [int(one) for one in "11100000001111110000"]
    add_votes(study, [GivenVote(place % 4, place, {"real": one}) for place, one in enumerate(judged_real)])
    report = report_of(study)
    assert estimate_of(report, "made", "share").estimate == pytest.approx(0.3)
    assert estimate_of(report, "real", "share").estimate == pytest.approx(0.6)
    assert estimate_of(report, "made", "error_rate_fakes").estimate == pytest.approx(0.3)
    assert estimate_of(report, "made", "error_rate_reals").estimate == pytest.approx(0.4)
    assert estimate_of(report, "made", "error_rate").estimate == pytest.approx(0.35)


def test_hype_weighs_fakes_and_reals_alike_when_there_are_more_reals(db):
    study = make_study("real_or_fake", sets=make_sets(["made"], "real", samples=10))
    add_trials(
        study, [("made", None, index) for index in range(4)] + [("real", None, index) for index in range(10)]
    )
    judged_real = [int(one) for one in "10000000011111"]
    add_votes(study, [GivenVote(place % 4, place, {"real": one}) for place, one in enumerate(judged_real)])
    one = estimate_of(report_of(study), "made", "error_rate")
    assert one.estimate == pytest.approx((0.25 + 0.5) / 2)
    assert one.naive.low is not None
    assert one.naive.low < one.estimate < (one.naive.high or 0)


def test_two_conditions_have_strengths_half_the_log_odds_apart_from_zero(make_pairwise):
    report = report_of(make_pairwise([("a", "b", 30, 0, 10)], names=("a", "b")))
    assert estimate_of(report, "a", "strength").estimate == pytest.approx(math.log(3) / 2)
    assert estimate_of(report, "b", "strength").estimate == pytest.approx(-math.log(3) / 2)
    assert estimate_of(report, "a", "strength").naive.standard_error == pytest.approx(
        math.sqrt(1 / 30 + 1 / 10) / 2, rel=1e-6
    )
    assert estimate_of(report, "a", "win_rate").estimate == pytest.approx(0.75)


def test_each_strength_has_a_design_effect_of_its_own(make_pairwise):
    rows = [("a", "b", 12, 4, 4), ("a", "c", 15, 2, 3), ("b", "c", 9, 6, 5)]
    strengths = [one for one in report_of(make_pairwise(rows)).estimates if one.measure == "strength"]
    assert len({round(one.design_effect, 6) for one in strengths}) == 3
    for one in strengths:
        assert one.design_effect == pytest.approx(
            (one.interval.standard_error / one.naive.standard_error) ** 2
        )


def test_bradley_terry_meets_its_own_equations_with_ties_as_half_wins(make_pairwise):
    rows = [("a", "b", 12, 4, 4), ("a", "c", 15, 2, 3), ("b", "c", 9, 6, 5)]
    report = report_of(make_pairwise(rows))
    strength = {one.label: one.estimate for one in report.estimates if one.measure == "strength"}
    won = {"a": 12 + 2 + 15 + 1, "b": 4 + 2 + 9 + 3, "c": 3 + 1 + 5 + 3}
    for name in won:
        expected = sum(
            20 / (1 + math.exp(strength[other] - strength[name])) for other in won if other != name
        )
        assert won[name] == pytest.approx(expected, rel=1e-6)
    assert sum(strength.values()) == pytest.approx(0, abs=1e-9)
    (ranking,) = report.ranking
    assert [(entry.rank, entry.label) for entry in ranking.entries] == [(1, "a"), (2, "b"), (3, "c")]
    assert [entry.win_rate for entry in ranking.entries] == pytest.approx([30 / 40, 18 / 40, 12 / 40])


def test_the_win_matrix_counts_votes_whichever_slot_a_condition_stood_in(make_pairwise):
    rows = [("a", "b", 3, 1, 2), ("b", "a", 4, 0, 1), ("b", "c", 2, 0, 2)]
    pairs = {(one.condition, one.other): one for one in report_of(make_pairwise(rows)).ranking[0].pairs}
    first = min(pairs)
    assert (pairs[first].wins, pairs[first].ties, pairs[first].losses) == (4, 1, 6)
    assert pairs[first].share == pytest.approx(4.5 / 11)


def assert_alpha_is_the_definition(study, question: str, level: str) -> None:
    rater, item, _, value = columns(study, question)
    table = np.full((len(set(rater)), len(set(item))), np.nan)
    table[np.unique(rater, return_inverse=True)[1], np.unique(item, return_inverse=True)[1]] = value
    agreement = next(one for one in report_of(study).agreement if one.question == question)
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement=level)
    assert agreement.level == level
    assert agreement.estimate == pytest.approx(expected)
    assert agreement.interval.low < expected < agreement.interval.high


def test_agreement_about_choices_is_nominal_alpha(two_afc):
    assert_alpha_is_the_definition(two_afc, "real", "nominal")


def test_agreement_on_a_scale_is_ordinal_alpha(likert):
    assert_alpha_is_the_definition(likert, "realism", "ordinal")


def test_a_rater_who_met_one_image_in_two_trials_agrees_or_not_by_the_first_answer(db):
    study = make_study("real_or_fake", sets=make_sets(["made"], "real", samples=3))
    add_trials(study, [("made", None, 0), ("made", None, 0), ("made", None, 1), ("real", None, 0)])
    answers = {0: "1101", 1: "1010", 2: "1000"}
    add_votes(
        study,
        [
            GivenVote(rater, trial, {"real": int(one)})
            for rater, row in answers.items()
            for trial, one in enumerate(row)
        ],
    )
    first = [[1, 0, 1], [1, 1, 0], [1, 0, 0]]
    (agreement,) = report_of(study).agreement
    assert agreement.estimate == pytest.approx(
        krippendorff.alpha(reliability_data=np.array(first, dtype=float), level_of_measurement="nominal")
    )


def test_correlations_are_those_of_the_estimates_and_the_scores(scored):
    report = report_of(scored)
    human = [8 / 12, 5 / 12, 1 / 12]
    one = next(each for each in report.correlations if each.metric == "frechet_distance")
    values = {each.name: each.estimate for each in one.coefficients}
    assert values["pearson"] == pytest.approx(scipy_stats.pearsonr([3, 9, 40], human).statistic)
    assert values["spearman"] == pytest.approx(-1)
    assert values["kendall"] == pytest.approx(-1)


def test_the_methods_say_nothing_twice(scored):
    text = " ".join(report_of(scored).methods)
    assert "Naive, for comparison only: independent votes (Wilson)." in text
    assert text.count("Krippendorff's alpha") == 1
    assert "Pearson: Pearson" not in text
    assert "Pearson's r over" in text


def test_estimates_come_best_first(two_afc):
    report = report_of(two_afc)
    assert [one.label for one in report.estimates if one.headline] == ["good", "middling", "poor"]
    assert [entry.rank for entry in report.ranking[0].entries] == [1, 2, 3]


def test_the_report_has_the_keys_that_scripts_rely_on(two_afc):
    payload = build(two_afc)
    assert {
        "estimates",
        "agreement",
        "ranking",
        "scores",
        "correlations",
        "study",
        "votes",
        "raters",
        "warnings",
    } <= set(payload)
