"""What a report says about a score that does, or does not, go with what people said."""

from __future__ import annotations

import dataclasses

import pytest

from humaneval.reports.analysis.correlations import correlate
from humaneval.reports.results import (
    ConditionFacts,
    Estimate,
    Interval,
    QuestionFacts,
    ScoreRow,
    StudyFacts,
)

LABELS = "abcdefghijkl"


def facts(count: int) -> StudyFacts:
    conditions = [
        ConditionFacts(number, LABELS[number], "generated", LABELS[number]) for number in range(count)
    ]
    question = QuestionFacts("q", "Which is real?", 0, [])
    return StudyFacts("s", "S", "two_afc", "2AFC", "rate", "closed", 1, [question], conditions)


def estimates(values: list[float | None], kinds: str = "") -> list[Estimate]:
    interval = Interval(0.0, 1.0, 0.1, "m")
    return [
        Estimate(
            number, LABELS[number], "real" if kinds[number:].startswith("r") else "generated", "q", "share",
            "Share fooled", "share", True, value, interval, interval, 9, 3, 3, "m", None, False,
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


def scores(values: list[float], higher_is_better: bool | None, metric: str = "recall") -> list[ScoreRow]:
    return [
        ScoreRow(
            number, LABELS[number], LABELS[number], metric, metric.capitalize(), "pixels", value, None, None,
            None, higher_is_better, 9, 9, "real", 1, "2026-01-01",
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


def only(human, score, better, kinds=""):
    (found,) = correlate(facts(len(human)), estimates(human, kinds), scores(score, better))
    return found


def test_a_score_that_is_better_when_lower_should_correlate_negatively():
    found = only([0.5, 0.4, 0.3, 0.1], [1.0, 2.0, 5.0, 4.0], False)
    assert (found.expected_sign, found.as_expected) == (-1, True)
    assert "as expected: a negative correlation" in found.words


def test_few_systems_are_called_weak_evidence():
    assert "With 4 systems this is weak evidence" in only([0.5, 0.4, 0.3, 0.1], [1, 2, 5, 4], False).words
    many = [number / 12 for number in range(12)]
    assert "weak evidence" not in only(many, [value**2 for value in many[:-2]] + [0.1, 0.2], True).words


def test_an_order_that_chance_often_gives_is_said_to_settle_nothing():
    assert "do not settle even the sign" in only([0.5, 0.4, 0.3, 0.1], [1, 5, 2, 4], True).words
    assert "do not settle" in only([0.5, 0.4, 0.3, 0.1], [4, 3, 2, 1], True).words  # 2 of 24 orders


def test_a_perfect_order_of_six_is_not_chance_and_its_interval_is_wide():
    found = only([0.6, 0.5, 0.4, 0.3, 0.2, 0.1], [6, 5, 4, 3, 2, 1], True)
    assert "do not settle" not in found.words
    assert "Chance alone would rarely order them so" in found.words


def test_a_wrong_sign_names_the_system_behind_it_and_what_happens_without_it():
    found = only([0.9, 0.5, 0.4, 0.3], [0.0, 0.8, 0.7, 0.6], True)
    assert found.as_expected is False
    assert "“a”: place 1 of 4 by people, place 4 by the score" in found.words
    assert "Without it Spearman would be 1.00" in found.words
    assert "only over a whole set" in found.words


def test_a_score_without_a_better_direction_has_no_expected_sign():
    found = only([0.5, 0.4, 0.3], [1, 2, 3], None)
    assert (found.expected_sign, found.as_expected) == (None, None)
    assert "no sign is expected" in found.words


def test_two_systems_are_too_few_for_any_coefficient():
    found = only([0.5, 0.4], [1, 2], True)
    assert found.coefficients == []
    assert "Only 2 systems with both numbers" in found.words


def test_a_score_that_is_the_same_for_all_gives_words_and_no_number():
    found = only([0.5, 0.4, 0.3], [1, 1, 1], True)
    assert all(one.estimate is None for one in found.coefficients)
    assert "same for every system" in found.words


def test_a_perfect_order_has_an_honest_interval_rather_than_a_point():
    found = only([0.5, 0.4, 0.3, 0.2], [4, 3, 2, 1], True)
    for one in found.coefficients:
        assert one.estimate == pytest.approx(1)
        assert -1 <= one.low < 0
        assert one.high == 1


@pytest.mark.parametrize(("systems", "orders"), [(3, 6), (4, 24), (6, 720)])
def test_p_values_of_a_perfect_order_are_counts_of_orders(systems, orders):
    human = [0.9 - 0.1 * number for number in range(systems)]
    found = only(human, [float(number) for number in range(systems)], False)
    given = {one.name: one.pvalue for one in found.coefficients}
    # Both perfect orders are as far from 0, by Pearson too, for the values are evenly spaced.
    assert given == pytest.approx(dict.fromkeys(["pearson", "spearman", "kendall"], 2 / orders))


@pytest.mark.parametrize(
    ("errors", "said", "method"),
    [
        ([None] * 4, "The standard error of this score is not known", "the score as it is"),
        ([0.1, 0.1, None, 0.1], "The standard error of 1 value of it is not known", "is known (3 of 4)"),
        ([0.1, 0.0, 0.1, 0.1], "", "and the score with its standard error (4000 draws"),
        ([0.1] * 4, "", "and the score with its standard error (4000 draws"),
    ],
)
def test_an_interval_says_whose_noise_it_leaves_out(errors, said, method):
    rows = [
        dataclasses.replace(row, standard_error=error)
        for row, error in zip(scores([1, 2, 5, 4], False), errors, strict=True)
    ]
    (found,) = correlate(facts(4), estimates([0.5, 0.4, 0.3, 0.1]), rows)
    assert said in found.words
    assert ("standard error" in found.words) is bool(said)
    assert all(method in one.method for one in found.coefficients)


def test_real_conditions_and_those_without_an_estimate_stay_out():
    found = only([0.9, 0.5, 0.4, 0.3, None], [9, 3, 2, 1, 0], True, kinds="r")
    assert found.conditions == [1, 2, 3]


def test_the_scores_that_order_systems_as_people_do_come_first():
    human = [0.5, 0.4, 0.3, 0.2]
    rows = [
        *scores([1, 2, 3, 4], True, "against"),
        *scores([1, 2, 4, 3], False, "nearly"),
        *scores([4, 3, 2, 1], True, "with"),
    ]
    assert [one.metric for one in correlate(facts(4), estimates(human), rows)] == [
        "with",
        "nearly",
        "against",
    ]
