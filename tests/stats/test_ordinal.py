"""Cumulative-link models against R's ordinal package on Randall's (1989) wine, and their edges."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.stats import NotEstimableError, cumulative_link

RATING = [
    int(digit) for digit in ("233444551213235423325544323232532343333332322454112223232223333412323244")
]
WARM = np.tile([0, 0, 0, 0, 1, 1, 1, 1], 9)
CONTACT = np.tile([0, 0, 1, 1, 0, 0, 1, 1], 9)
JUDGE = np.repeat(np.arange(9), 8)
X = np.column_stack([WARM, CONTACT])


@pytest.mark.parametrize(
    ("link", "coefficients", "errors", "thresholds", "likelihood"),
    [
        (
            "logit", [2.50310200790, 1.52779765810], [0.528680100825, 0.476622629648],
            [-1.34438341126, 1.25080879842, 3.46688692647, 5.00640420427], -86.4919233656,
        ),
        (
            "probit", [1.499374578399, 0.867743538883], [0.291790391090, 0.266907009282],
            [-0.773262728758, 0.736021489839, 2.044680463850, 2.941344982257], -85.7611483648,
        ),
    ],
)  # fmt: skip
def test_fixed_effects_are_those_of_r(link, coefficients, errors, thresholds, likelihood):
    found = cumulative_link(RATING, x=X, link=link)
    assert found.coefficients == pytest.approx(coefficients, abs=1e-7)
    assert found.standard_error == pytest.approx(errors, abs=1e-7)
    assert found.thresholds == pytest.approx(thresholds, abs=1e-7)
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-8)


def test_random_judges_are_those_of_r():
    found = cumulative_link(RATING, x=X, rater=JUDGE, random="rater", nodes=10)
    assert found.log_likelihood == pytest.approx(-81.5324607117, abs=1e-6)
    assert found.coefficients == pytest.approx([3.06189099346, 1.83343336534], abs=2e-4)
    assert found.standard_error == pytest.approx([0.595077827393, 0.512172212902], abs=2e-4)
    assert found.rater_deviation == pytest.approx(1.13478329838, abs=2e-4)


def test_aggregated_counts_and_single_votes_give_the_same():
    single = cumulative_link(RATING, condition=WARM)
    table = {}
    for rating, warm in zip(RATING, WARM, strict=True):
        table[rating, warm] = table.get((rating, warm), 0) + 1
    rating, warm = zip(*table, strict=True)
    counted = cumulative_link(rating, condition=warm, weight=list(table.values()))
    assert counted.coefficients == pytest.approx(single.coefficients, abs=1e-10)
    assert counted.standard_error == pytest.approx(single.standard_error, abs=1e-10)


def test_conditions_are_compared_with_a_named_reference():
    names = np.array(["cold", "warm"])[WARM]
    forward = cumulative_link(RATING, condition=names)
    backward = cumulative_link(RATING, condition=names, reference="warm")
    assert forward.names == ("warm",)
    assert backward.names == ("cold",)
    assert backward.coefficients == pytest.approx(-forward.coefficients, abs=1e-9)


def test_judges_as_clusters_change_the_errors_only():
    plain = cumulative_link(RATING, x=X)
    clustered = cumulative_link(RATING, x=X, rater=JUDGE)
    assert clustered.coefficients == pytest.approx(plain.coefficients)
    assert clustered.degrees_of_freedom == 8
    assert not np.allclose(clustered.standard_error, plain.standard_error)


def test_chances_of_the_categories_sum_to_one():
    found = cumulative_link(RATING, x=X)
    assert found.probabilities(1.0).sum() == pytest.approx(1.0)


def test_a_condition_always_at_the_end_is_reported():
    with pytest.raises(NotEstimableError, match="infinite"):
        cumulative_link([1, 2, 3, 3, 3, 3], condition=["a", "a", "a", "b", "b", "b"])


def test_answers_all_alike_are_no_scale():
    with pytest.raises(NotEstimableError, match="alike"):
        cumulative_link([3, 3, 3], condition=["a", "b", "a"])


def test_raters_who_do_not_differ_are_said_not_to():
    answer = np.tile([1, 2, 3], 10)
    with pytest.raises(NotEstimableError, match="do not differ"):
        cumulative_link(answer, rater=np.repeat(np.arange(10), 3), random="rater")
