"""Scores beside people: known orders give known accuracies, comparisons and verdicts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from humaneval.reports.analysis.accuracy import order_accuracy
from humaneval.reports.analysis.contests import ceiling_of, compare_metrics
from humaneval.reports.analysis.correlations import correlate
from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.analysis.samples import Judged, correlate_samples
from humaneval.reports.analysis.trust import whom_to_trust
from humaneval.reports.material import SampleScore, ScoreFacts
from humaneval.reports.results import (
    ConditionFacts,
    Estimate,
    Interval,
    QuestionFacts,
    ScoreRow,
    StudyFacts,
)
from humaneval.reports.together_section import accuracy_cells

QUESTION = QuestionFacts("q", "Which is better?", 0, [])


def facts(systems: int) -> StudyFacts:
    conditions = [ConditionFacts(one, f"s{one}", "generated", f"s{one}") for one in range(1, systems + 1)]
    return StudyFacts("x", "x", "two_afc", "2AFC", "rate", "closed", 1, [QUESTION], conditions)


def estimates(values, error: float = 0.01) -> list[Estimate]:
    return [
        Estimate(
            condition=place, label=f"s{place}", kind="generated", question="q", measure="share",
            measure_label="Share fooled", unit="share", headline=True, estimate=float(value),
            interval=Interval(value - 2 * error, value + 2 * error, error, "clustered"),
            naive=Interval(None, None, None, "none"), votes=100, raters=20, items=10, method="m",
            design_effect=1.0, simulated=False,
        )
        for place, value in enumerate(values, 1)
    ]  # fmt: skip


def scores(metric: str, values, better: bool = True, error: float | None = None) -> list[ScoreRow]:
    return [
        ScoreRow(
            condition=place, condition_label=f"s{place}", sample_set=f"s{place}", metric=metric,
            label=metric.upper(), extractor="pixels", value=float(value), standard_error=error, low=None,
            high=None, higher_is_better=better, count_generated=10, count_real=10, reference="real", run=1,
            computed_at="",
        )
        for place, value in enumerate(values, 1)
    ]  # fmt: skip


def still(values) -> np.ndarray:
    return np.tile(np.asarray(values, dtype=float), (200, 1))


def test_a_score_in_people_s_order_is_right_on_every_pair_and_a_reversed_one_on_none():
    human, none = np.array([0.1, 0.2, 0.3, 0.4]), np.zeros(4)
    good = order_accuracy(human, np.array([1.0, 2, 3, 4]), still(human), none, 1)
    bad = order_accuracy(human, np.array([1.0, 2, 3, 4]), still(human), none, -1)
    assert good is not None
    assert bad is not None
    assert (good.pairs, good.told_apart, good.right, good.all_pairs) == (6, 6, 6, 1.0)
    assert (bad.right, bad.all_pairs) == (0, 0.0)
    assert order_accuracy(human, human, still(human), none, None) is None


@pytest.mark.parametrize("sign", [1, -1])
def test_few_systems_in_one_order_are_no_proof_that_all_pairs_will_be_right(sign):
    human = np.linspace(0.1, 0.9, 8)
    found = {
        systems: order_accuracy(
            human[:systems], human[:systems], still(human[:systems]), np.zeros(systems), sign
        )
        for systems in (4, 8)
    }
    # Of two (four) independent pairs all are as right: Clopper and Pearson's bound.
    for systems, bound in ((4, 0.025 ** (1 / 2)), (8, 0.025 ** (1 / 4))):
        ends = (found[systems].low, found[systems].high)
        assert found[systems].method.endswith("the exact one of independent pairs that are")
        assert ends == pytest.approx((bound, 1.0) if sign > 0 else (0.0, 1 - bound))


def test_a_score_that_is_the_same_for_all_is_right_half_of_the_time_and_that_is_not_sure():
    human = np.linspace(0.1, 0.9, 6)
    found = order_accuracy(human, np.ones(6), still(human), np.zeros(6), 1)
    assert found.all_pairs == 0.5
    assert found.low < 0.2
    assert found.high > 0.8


def test_pairs_that_people_do_not_tell_apart_cost_little_and_count_as_ties():
    human = np.array([0.1, 0.100001, 0.5])
    noise = np.random.default_rng(1).normal(0, 0.05, (2000, 3))
    found = order_accuracy(human, np.array([0.2, 0.1, 5.0]), human + noise, np.zeros(3), 1)
    assert found is not None
    assert (found.told_apart, found.right) == (2, 2)
    assert found.all_pairs == pytest.approx((1 + 1 + 0.5) / 3, abs=0.02)
    assert (found.with_ties, found.threshold) == (1.0, pytest.approx(0.1))


def together(human, **metrics):
    study, people = facts(len(human)), estimates(human)
    rows = [row for name, (values, better) in metrics.items() for row in scores(name, values, better)]
    found = correlate(study, people, rows)
    compared = compare_metrics(QUESTION, found, people, rows)
    return found, compared, whom_to_trust(QUESTION, found, compared, ceiling_of(QUESTION, people))


HUMAN = np.linspace(0.1, 0.9, 12)
NOISE = np.random.default_rng(2).permutation(12).astype(float)


def test_the_score_that_follows_people_is_trusted_and_the_one_that_does_not_is_worse():
    good = HUMAN + np.random.default_rng(3).normal(0, 0.02, 12)
    found, compared, trust = together(HUMAN, good=(good, True), noise=(NOISE, True))
    assert found[0].metric == "good"
    assert compared[0].adjusted < 0.01
    assert "GOOD predicts people better than NOISE" in compared[0].words
    assert trust is not None
    assert trust.leaders == ["GOOD"]
    assert "the one to go by here" in trust.answer
    assert any("and for no other" in caveat for caveat in trust.caveats)


def test_a_score_of_other_systems_is_said_to_be_untested_against_the_best():
    study, people = facts(12), estimates(HUMAN)
    rows = scores("good", HUMAN, True) + scores("fewer", HUMAN, True)[:-1]
    found = correlate(study, people, rows)
    compared = compare_metrics(QUESTION, found, people, rows)
    trust = whom_to_trust(QUESTION, found, compared, None)
    assert compared == []
    assert trust is not None
    (apart,) = (caveat for caveat in trust.caveats if "same systems" in caveat)
    best = trust.leaders[0]
    assert f"{({'GOOD', 'FEWER'} - {best}).pop()} is known of others than {best}" in apart


def test_two_scores_that_both_follow_people_are_not_told_apart():
    first, second = (HUMAN + np.random.default_rng(seed).normal(0, 0.05, 12) for seed in (4, 5))
    _, compared, trust = together(HUMAN, first=(first, True), second=(-second, False))
    assert compared[0].adjusted > 0.05
    assert compared[0].second_correlation > 0.9  # turned, so that more is better
    assert trust is not None
    assert len(trust.leaders) == 2
    assert "all go with people here" in trust.answer


def test_a_perfect_order_of_four_systems_is_not_enough_to_trust_a_score():
    human = [0.1, 0.2, 0.3, 0.4]
    _, _, trust = together(human, good=([1, 2, 3, 4.5], True))
    assert trust is not None
    assert trust.leaders == []
    assert "may be chance" in trust.answer
    assert any("4 systems are few" in caveat for caveat in trust.caveats)


def test_a_score_whose_interval_reaches_the_wrong_sign_is_not_trusted_however_unlikely_its_order():
    human = np.linspace(0.4, 0.6, 7)
    study, people = facts(7), estimates(human, 0.2)
    rows = scores("good", human, True)
    found = correlate(study, people, rows)
    spearman = next(one for one in found[0].coefficients if one.name == "spearman")
    assert spearman.pvalue < 0.05
    assert spearman.low < 0
    trust = whom_to_trust(QUESTION, found, [], None)
    assert trust is not None
    assert trust.leaders == []
    assert "may be none" in trust.answer
    assert "the one to go by" not in trust.answer


def test_a_score_that_goes_against_people_is_named():
    _, _, trust = together(HUMAN, wrong=(-HUMAN, True))
    assert trust is not None
    assert trust.leaders == []
    assert any("WRONG went against people" in caveat for caveat in trust.caveats)


def test_a_score_of_the_wrong_sign_is_never_the_closest():
    human = [0.1, 0.2, 0.3]
    _, _, trust = together(human, fid=([1, 2, 3], False))
    assert trust is not None
    assert "none has the right sign" in trust.answer
    assert "should have lower values for what people like more, and has Spearman 1.00" in trust.answer
    _, _, beside = together(human, fid=([1, 2, 3], False), good=([1, 3, 2], True))
    assert beside is not None
    assert "The closest is GOOD" in beside.answer


def test_an_accuracy_with_ties_is_a_dash_where_people_tell_no_pair_apart():
    human = np.array([0.3, 0.31, 0.32])
    noise = np.random.default_rng(1).normal(0, 1, (2000, 3))
    found = order_accuracy(human, np.array([3.0, 1.0, 2.0]), human + noise, np.zeros(3), 1)
    assert found is not None
    assert found.told_apart == 0
    assert accuracy_cells(found)[2] == "0 of 0 told apart; — with ties"


def test_two_systems_allow_no_verdict():
    _, _, trust = together([0.1, 0.2], good=([1, 2], True))
    assert trust is not None
    assert "needs at least 3" in trust.answer


def test_noise_in_people_caps_what_any_score_can_reach():
    firm, rough = (ceiling_of(QUESTION, estimates(HUMAN, error)) for error in (0.001, 0.2))
    assert firm is not None
    assert rough is not None
    assert firm.ceiling > 0.99
    assert rough.ceiling < firm.ceiling


def test_by_sample_a_score_may_follow_people_within_conditions_where_overall_it_does_not():
    rng = np.random.default_rng(6)
    condition = np.repeat([1, 2], 60)
    sample = np.arange(1, 121)
    shift = np.where(condition == 1, 3.0, 0.0)
    value = rng.normal(0, 1, 120)
    answer = np.repeat(value - 2 * shift, 4) + rng.normal(0, 0.5, 480)
    outcomes = Outcomes(
        np.arange(480), np.repeat(condition, 4), np.tile(np.arange(4), 120), np.repeat(sample, 4), answer
    )
    row = dataclasses.replace(scores("density", [1])[0])
    facts_of = [
        ScoreFacts(
            row,
            samples=(
                SampleScore(
                    one, "density", "density", 1, sample[condition == one], (value + shift)[condition == one]
                ),
            ),
        )
        for one in (1, 2)
    ]
    (found,) = correlate_samples(QUESTION, facts_of, Judged.of(outcomes, np.repeat(sample, 4)), None, False)
    rho = next(one for one in found.coefficients if one.name == "spearman")
    assert (found.samples, found.votes, found.conditions) == (120, 480, 2)
    assert (rho.within or 0) > 0.8
    assert (rho.overall or 0) < 0
    assert "it goes with people" in found.words
