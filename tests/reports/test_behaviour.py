"""What bears on the estimates: each effect is found where it was put in, and not where it was not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from humaneval.protocols import registry
from humaneval.reports.analysis.breakdowns import Grouping, break_down
from humaneval.reports.analysis.effects import Sitting, in_words, measure_effects, thirds_of
from humaneval.reports.analysis.influence import influence_of_means, influence_of_preferences
from humaneval.reports.analysis.outcomes import outcomes_of, quality_of
from humaneval.reports.analysis.ranking import rank_by_estimates
from humaneval.reports.analysis.rates import estimate_rates
from humaneval.reports.analysis.standing import standing_of_means
from humaneval.reports.analysis.times import measure_times
from humaneval.reports.results import ConditionFacts, QuestionFacts
from humaneval.reports.votes import VoteTable
from humaneval.stats.items import named_items

QUESTION = QuestionFacts("real", "Which is real?", 0, [])
CONDITIONS = [ConditionFacts(1, "real", "real", "real")] + [
    ConditionFacts(number, name, "generated", name) for number, name in ((2, "good"), (3, "poor"))
]
TWO_AFC = registry.get("two_afc")


def forced_choices(
    *, raters: int = 40, each: int = 30, left: float = 0.5, gain: float = 0.0, seed: int = 1
) -> tuple[VoteTable, Sitting]:
    """Return 2AFC answers: raters fooled 40% and 20% of the time, who lean to the left and get better."""
    rng = np.random.default_rng(seed)
    n = raters * each
    rater, position = np.divmod(np.arange(n), each)
    condition = rng.integers(2, 4, n)
    fooled = rng.random(n) < np.where(condition == 2, 0.4, 0.2) - gain * (position >= each / 3)
    real_left = rng.random(n) < 0.5
    lean = rng.random(n) < abs(2 * left - 1)
    fooled = np.where(lean, ~real_left if left > 0.5 else real_left, fooled)
    value = np.where(fooled, 0, 1)
    place = np.where(fooled == real_left, 1, 0)
    table = VoteTable(
        vote=np.arange(n),
        question=np.zeros(n, dtype=np.int64),
        condition=condition,
        other=np.ones(n, dtype=np.int64),
        rater=rater,
        item=np.arange(n),
        unit=np.arange(n),
        shared=named_items(np.arange(n), "image"),
        value=value,
        simulated=np.zeros(n, dtype=bool),
    )
    took = np.exp(rng.normal(7, 0.4, n))
    return table, Sitting(rater, position, place, np.full(n, 2), took, condition)


def effects(table: VoteTable, sitting: Sitting):
    quality = quality_of(table, "rate", TWO_AFC, CONDITIONS)
    return {one.name: one for one in in_words(measure_effects(table, sitting, quality, QUESTION))}


def test_a_bias_to_one_side_is_found_and_said():
    found = effects(*forced_choices(left=0.6))["position"]
    assert found.estimate == pytest.approx(0.6, abs=0.04)
    assert (found.low or 0) > 0.5
    assert (found.adjusted or 1) < 0.001
    assert "lean to the left" in found.words
    assert "lean to the right" in effects(*forced_choices(left=0.4))["position"].words


def test_without_a_bias_none_is_claimed():
    found = effects(*forced_choices(seed=2))["position"]
    assert (found.low or 1) < 0.5 < (found.high or 0)
    assert "no sign of a bias" in found.words


def test_one_rater_shows_nothing_about_a_bias():
    found = effects(*forced_choices(raters=1))["position"]
    assert found.pvalue is None
    assert "cannot be tested with so few raters" in found.words
    assert "no sign" not in found.words


def test_learning_is_found_as_a_rise_after_the_first_third_and_is_no_fatigue():
    found = effects(*forced_choices(raters=60, gain=0.15))
    assert found["learning"].estimate == pytest.approx(0.15, abs=0.07)
    assert "Raters learned" in found["learning"].words
    assert "No sign that raters tired" in found["fatigue"].words


def test_fatigue_is_found_as_a_fall_in_the_last_third():
    table, sitting = forced_choices(raters=60, seed=3)
    late = sitting.position >= 20
    worse = late & (np.random.default_rng(4).random(len(table)) < 0.25)
    tired = VoteTable(**vars(table) | {"value": np.where(worse, 0, table.value)})
    found = effects(tired, sitting)
    assert (found["fatigue"].high or 0) < 0
    assert "Raters tired" in found["fatigue"].words
    assert "No sign that raters learned" in found["learning"].words


def test_becoming_faster_is_a_ratio_of_times():
    table, sitting = forced_choices(seed=5)
    faster = replace(sitting, response_ms=sitting.response_ms * np.where(sitting.position >= 20, 0.8, 1.0))
    found = effects(table, faster)["pace"]
    assert found.estimate == pytest.approx(0.8, abs=0.04)
    assert found.null == 1.0
    assert "Raters became faster: they took 18% less time" in found.words


def test_quick_answers_that_judge_worse_are_told_from_quick_people():
    table, sitting = forced_choices(raters=60, seed=6)
    rng = np.random.default_rng(7)
    quick_rater = table.rater % 2 == 0
    hasty = rng.random(len(table)) < 0.3
    time = np.where(hasty, 400.0, 1600.0) * np.where(quick_rater, 0.5, 1.0)
    value = np.where(hasty & (rng.random(len(table)) < 0.5), 0, table.value)
    careless = VoteTable(**vars(table) | {"value": value})
    slow = replace(sitting, response_ms=time)
    assert "quick answers judge less well" in effects(careless, slow)["speed"].words
    steady = replace(sitting, response_ms=np.where(quick_rater, 500.0, 1500.0))
    assert effects(table, steady)["speed"].pvalue is None  # who is quick by nature is no evidence


def test_thirds_follow_the_order_in_a_session_whatever_numbers_it_has():
    session = np.array([1, 2, 1, 1, 1, 1, 1, 2])
    position = np.array([9, 0, 1, 3, 5, 20, 7, 1])
    assert thirds_of(session, position).tolist() == [2, -1, 0, 0, 1, 2, 1, -1]


def rates(table: VoteTable):
    return estimate_rates(table, QUESTION, CONDITIONS, TWO_AFC)


def outcomes(table: VoteTable):
    found = outcomes_of(table, "rate", TWO_AFC, CONDITIONS)
    assert found is not None
    return found


def test_groups_have_their_own_estimates_and_an_effect_that_depends_on_them_is_found():
    table, _ = forced_choices(raters=60, seed=8)
    group = np.asarray(table.rater % 2 + 1)
    turned = (group == 2) & (table.condition == 3) & (np.random.default_rng(9).random(len(table)) < 0.5)
    changed = VoteTable(**vars(table) | {"value": np.where(turned, 0, table.value)})
    grouping = Grouping("stratum", group, ("", "phones", "desktops"))
    found = break_down(changed, outcomes(changed), grouping, QUESTION, rates)
    assert found is not None
    assert [one.name for one in found.groups] == ["desktops", "phones"]
    phones = {one.label: one for one in found.groups[1].estimates}
    alone = changed.where((group == 1) & (changed.condition == 3))
    assert phones["poor"].estimate == pytest.approx((alone.value == 0).mean())
    assert (phones["poor"].votes, phones["poor"].raters) == (len(alone), 30)
    assert (found.pvalue or 1) < 0.001
    assert "depends on the rater stratum" in found.words
    plain = break_down(table, outcomes(table), grouping, QUESTION, rates)
    assert plain is not None
    assert (plain.pvalue or 0) > 0.05
    assert "do not show" in plain.words


def test_votes_of_one_group_are_not_broken_down():
    table, _ = forced_choices(raters=4)
    one = Grouping("category", np.ones(len(table), dtype=np.int64), ("", "cats"))
    assert break_down(table, outcomes(table), one, QUESTION, rates) is None


def test_the_joint_distribution_has_the_published_errors_and_tells_pairs_apart():
    table, _ = forced_choices(raters=60, seed=10)
    estimates = rates(table)
    found = standing_of_means(outcomes(table), estimates)
    assert found is not None
    errors = {one.condition: one.interval.standard_error for one in estimates if one.headline}
    assert found.draws.std(axis=0) == pytest.approx([errors[one] for one in found.conditions], rel=0.06)
    assert found.told_apart(2, 3)
    assert found.chance_higher(2, 3) > 0.99


def test_a_difference_is_no_surer_where_a_published_error_is_larger():
    table, _ = forced_choices(raters=60, seed=10)
    estimates = rates(table)
    plain = standing_of_means(outcomes(table), estimates)
    first = estimates[0]
    wide = replace(first, interval=replace(first.interval, standard_error=0.2))
    raised = standing_of_means(outcomes(table), [wide, *estimates[1:]])
    assert plain is not None
    assert raised is not None
    gained = raised.strengths.covariance - plain.strengths.covariance
    place = raised.conditions.index(first.condition)
    assert raised.strengths.standard_error[place] == pytest.approx(0.2)
    assert np.linalg.eigvalsh(gained).min() > -1e-12


def test_the_lead_of_a_rate_falls_with_the_votes_it_names():
    table, _ = forced_choices(raters=30, each=12, seed=11)
    headline = estimate_rates(table, QUESTION, CONDITIONS, TWO_AFC)[0]
    found = influence_of_means(outcomes(table), table, QUESTION, {2: "good", 3: "poor"}, headline)
    assert found is not None
    assert (found.winner, found.runner_up) == ("good", "poor")
    assert found.votes_to_change is not None
    assert f"the loss of {found.votes_to_change} votes" in found.words
    assert "No single rater decides" in found.words


def test_a_winner_who_hangs_on_one_rater_is_called_so():
    n = 12
    condition, other = np.full(n, 2), np.full(n, 3)
    value = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0])  # the last rater alone puts the first ahead
    table = VoteTable(
        np.arange(n), np.zeros(n, dtype=np.int64), condition, other, np.repeat([0, 1, 2], 4), np.arange(n),
        np.arange(n), named_items(np.arange(n), "image"), value, np.zeros(n, dtype=bool),
    )  # fmt: skip
    found = influence_of_preferences(table, QUESTION, {2: "good", 3: "poor"})
    assert found is not None
    assert found.raters_who_change == ["r2"]
    assert "Without r2 alone another condition would lead" in found.words


def test_only_a_lead_that_the_ranks_bear_out_is_called_firm():
    table, _ = forced_choices(raters=30, each=12, seed=11)
    estimates = rates(table)
    order = rank_by_estimates([one for one in estimates if one.headline])
    assert order is not None
    certain, uncertain = (
        replace(
            order,
            entries=[
                replace(one, rank_low=one.rank, rank_high=(one.rank or 0) + more) for one in order.entries
            ],
        )
        for more in (0, 1)
    )
    said = [
        influence_of_means(outcomes(table), table, QUESTION, {2: "good", 3: "poor"}, estimates[0], ranking)
        for ranking in (certain, uncertain, None)
    ]
    assert [one is not None and "firm" in one.words for one in said] == [True, False, False]


def test_response_times_are_told_for_all_votes_and_by_condition():
    table, _ = forced_choices(raters=10)
    milliseconds = np.where(table.condition == 2, 1000.0, 2000.0)
    found = {one.label: one for one in measure_times(table, milliseconds, CONDITIONS)}
    assert found["good"].median == 1000
    assert found["poor"].mean == pytest.approx(2000)
    assert found["real"].votes == found["All conditions"].votes == len(table)
