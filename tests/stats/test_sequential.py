"""Confidence sequences, stop rules, planning, allocation and the choice of pairs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from humaneval.stats import (
    InputError,
    NotEstimableError,
    allocation,
    anytime_multiplier,
    bradley_terry,
    confidence_sequence,
    design_effect,
    next_pairs,
    power,
    rate,
    sample_size,
    sequential_difference,
    stop_for_best,
    stop_for_width,
    stop_for_winner,
)
from humaneval.stats.active import expected_gain
from humaneval.stats.planning import binomial_power
from humaneval.stats.sequential import anytime_pvalue
from tests.stats.simulation import bradley_terry_votes


def _panel(rng, raters=30, each=20, deviation=0.5, mean=0.0, interleaved=False):
    rater = np.tile(np.arange(raters), each) if interleaved else np.repeat(np.arange(raters), each)
    chance = expit(mean + deviation * rng.normal(size=raters))[rater]
    return rater, (rng.random(len(rater)) < chance).astype(float)


def _ever_wrong(rater, answer, looks, interval):
    for look in looks:
        low, high = interval(rater[:look], answer[:look])
        if not low <= 0.5 <= high:
            return True
    return False


def _sequence(rater, answer):
    return confidence_sequence(answer, rater=rater).confidence_interval()


def _naive(rater, answer):
    return rate(answer, method="wilson").confidence_interval()


def test_looking_after_every_vote_rarely_stops_falsely():
    rng = np.random.default_rng(5)
    wrong = [_ever_wrong(*_panel(rng, 16, 8, 0.7), range(1, 129), _sequence) for _ in range(100)]
    naive = [_ever_wrong(*_panel(rng, 16, 8, 0.7), range(8, 129, 10), _naive) for _ in range(60)]
    assert np.mean(wrong) < 0.05
    assert np.mean(naive) > 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("raters", "each", "interleaved"), [(30, 10, False), (30, 10, True), (100, 3, True)])
@pytest.mark.parametrize("deviation", [0.0, 0.8])
def test_false_stops_stay_under_five_in_a_hundred(raters, each, interleaved, deviation):
    rng = np.random.default_rng(6)
    wrong = [
        _ever_wrong(
            *_panel(rng, raters, each, deviation, interleaved=interleaved),
            range(1, raters * each + 1),
            _sequence,
        )
        for _ in range(500)
    ]
    assert np.mean(wrong) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 500)


def test_the_multiplier_inverts_the_likelihood_ratio():
    for raters in (10, 30, 200):
        assert anytime_pvalue(anytime_multiplier(raters), 1.0, raters) == pytest.approx(0.05, rel=1e-9)


def test_the_mixture_is_the_integral_over_effects():
    """The closed form against direct integration of noncentral t densities over the effect's prior."""
    from humaneval.stats.sequential import TUNED_FOR, _prior_variance

    n, t = 12, 2.7
    deviation = np.sqrt(_prior_variance(TUNED_FOR, 0.95))
    effects = np.linspace(-8, 8, 4001) * deviation
    density = stats.nct.pdf(t, n - 1, np.sqrt(n) * effects)
    prior = stats.norm.pdf(effects, 0, deviation)
    ratio = np.trapezoid(density * prior, effects) / stats.t.pdf(t, n - 1)
    assert anytime_pvalue(t, 1.0, n) == pytest.approx(min(1.0, 1 / ratio), rel=1e-4)


def test_few_raters_conclude_nothing_however_many_votes():
    found = confidence_sequence(np.ones(400), rater=np.repeat(range(4), 100))
    assert found.confidence_interval() == (0.0, 1.0)
    assert "nothing can be concluded" in found.notes[-1]


def test_equal_votes_do_not_end_a_study_at_once():
    low, high = confidence_sequence(np.ones(8), rater=range(8)).confidence_interval()
    assert low < 0.5
    assert high == 1.0


def test_betting_speaks_of_raters_who_are_done():
    rng = np.random.default_rng(0)
    rater, answer = _panel(rng, 60, 20, 0.5, 0.8)
    bet = confidence_sequence(answer, rater=rater, method="betting")
    low, high = bet.confidence_interval()
    assert 0.5 < low < answer.mean() < high
    assert bet.clusters == {"rater": 60}
    assert "done" in bet.notes[0]


def test_betting_stakes_are_those_of_the_formula_by_hand():
    found = confidence_sequence([1.0, 0.0], rater=["a", "b"], method="betting").confidence_interval()
    assert found == (0.0, 1.0)


def test_stop_rules_give_reasons_and_forecasts():
    rng = np.random.default_rng(0)
    rater, answer = _panel(rng, 40, 20, 0.5, 1.2)
    sequence = confidence_sequence(answer, rater=rater)
    assert stop_for_winner(sequence).decision == "winner"
    assert stop_for_width(sequence, width=0.5).decision == "precise"
    more = stop_for_width(sequence, width=0.05)
    assert more.decision == "continue"
    assert more.more_raters > 20
    assert more.more_votes is None


def test_a_forecast_of_raters_comes_true():
    rng = np.random.default_rng(1)
    rater, answer = _panel(rng, 20, 20, 0.5)
    more = stop_for_width(confidence_sequence(answer, rater=rater), width=0.15).more_raters
    rater, answer = _panel(rng, 20 + more, 20, 0.5)
    assert np.ptp(confidence_sequence(answer, rater=rater).confidence_interval()) == pytest.approx(
        0.15, abs=0.05
    )


def test_no_effect_worth_having_is_futile():
    rng = np.random.default_rng(0)
    rater, answer = _panel(rng, 300, 20, 0.1)
    found = stop_for_winner(confidence_sequence(answer, rater=rater), smallest=0.1)
    assert found.decision == "futile"
    assert found.stop


def test_the_best_of_several_stops_only_when_it_beats_all():
    votes = bradley_terry_votes(60, 60, np.random.default_rng(0))
    found = bradley_terry(**votes)
    assert stop_for_best(found).decision == "winner"
    early = bradley_terry(**{name: column[:600] for name, column in votes.items()})
    assert stop_for_best(early).decision == "continue"
    difference = sequential_difference(found, 0, 4)
    plain = found.difference(0, 4)
    assert np.ptp(difference.confidence_interval()) > np.ptp(plain.confidence_interval())
    with pytest.raises(NotEstimableError, match="clustered"):
        sequential_difference(bradley_terry([[0, 3], [2, 0]]), 0, 1)


@pytest.mark.parametrize(("n", "share", "expected"), [(50, 0.7, 0.782193222728), (101, 0.6, 0.510834639316)])
def test_exact_power_is_rs(n, share, expected):
    assert binomial_power(n, rate=share) == pytest.approx(expected, abs=1e-10)


def test_votes_of_one_rater_are_worth_less():
    assert design_effect(votes_each=40, rater_correlation=0.1) == pytest.approx(4.9)
    found = power(raters=30, votes_each=40, rate=0.6, rater_correlation=0.1)
    assert found.effective_votes == 244
    assert found.estimate == pytest.approx(binomial_power(244, rate=0.6))


def test_the_sample_size_reaches_its_power_and_one_rater_fewer_does_not():
    plan = sample_size(votes_each=20, rate=0.6, target_power=0.8)
    enough = power(raters=plan.raters, votes_each=20, rate=0.6).estimate
    short = power(raters=plan.raters - 1, votes_each=20, rate=0.6).estimate
    assert short < 0.8 <= enough
    assert plan.achieved == pytest.approx(enough)
    assert (plan.estimate, plan.n) == (plan.raters, 20 * plan.raters)
    assert plan.method == "exact binomial test on effective votes, design effect 2.9"


def test_the_sample_size_for_a_width_gives_that_width():
    plan = sample_size(votes_each=20, width=0.1)
    assert plan.achieved <= 0.1 < sample_size(votes_each=20, width=plan.achieved * 0.999).achieved + 0.1
    assert (
        sample_size(votes_each=20, width=0.2, deviation=1.0).votes
        < sample_size(votes_each=20, width=0.1, deviation=1.0).votes
    )


def test_simulated_power_of_nothing_is_the_significance():
    for kind in ("likert", "pairwise"):
        found = power(kind=kind, raters=20, votes_each=10, difference=0.0, replicates=300)
        assert found.estimate < 0.1
        big = power(kind=kind, raters=30, votes_each=20, difference=1.5, replicates=50)
        assert big.estimate > 0.9


def test_simulated_power_agrees_with_the_t_test_where_raters_alone_matter():
    """One vote a rater for each of two conditions, no other variance: the paired t-test's power."""
    found = power(
        kind="likert", raters=25, votes_each=1, items=1, difference=0.6, deviation=np.sqrt(0.5),
        rater_deviation=0.0, item_deviation=0.0, replicates=2000, seed=2,
    )  # fmt: skip
    noncentral = 0.6 * np.sqrt(25)
    critical = stats.t.ppf(0.975, 24)
    exact = stats.nct.sf(critical, 24, noncentral) + stats.nct.cdf(-critical, 24, noncentral)
    assert found.estimate == pytest.approx(exact, abs=0.03)


def test_allocation_beats_its_neighbours_and_keeps_the_budget():
    prices = {"budget": 500, "rater_cost": 2.0, "vote_cost": 0.1}
    spread = {"rater_variance": 0.1, "item_variance": 0.0, "residual_variance": 1.0}
    found = allocation(**prices, **spread)
    assert found.cost <= 500
    # m* = sqrt(rater cost · residual / (vote cost · rater variance)) for one rater's votes.
    assert found.votes_each == pytest.approx(np.sqrt(2 * 1 / (0.1 * 0.1)), rel=0.15)


def test_impossible_plans_are_refused():
    with pytest.raises(InputError, match="either"):
        sample_size(votes_each=10)
    with pytest.raises(InputError, match="between 0 and 1"):
        power(raters=10, votes_each=10, rate=0.6, rater_correlation=1.5)
    with pytest.raises(NotEstimableError, match="budget"):
        allocation(
            budget=1, rater_cost=5, vote_cost=1, rater_variance=1, item_variance=1, residual_variance=1
        )


def test_information_of_a_comparison_is_that_of_the_integral():
    mean, variance = 0.7, 1.3
    rng = np.random.default_rng(0)
    p = expit(mean + np.sqrt(variance) * rng.normal(size=400_000))

    def entropy(q):
        return -(q * np.log(q) + (1 - q) * np.log(1 - q))

    expected = entropy(p.mean()) - entropy(p).mean()
    assert expected_gain(np.array([mean]), np.array([variance]))[0] == pytest.approx(expected, abs=5e-4)


def test_the_first_batch_links_every_condition():
    found = next_pairs(conditions=list("abcdef"), exploration=0.0)
    reached = {"a"}
    for _ in range(6):
        reached |= {end for pair in found.pairs if reached & set(pair) for end in pair}
    assert len(found.pairs) == 5
    assert reached == set("abcdef")


def test_exploration_shows_every_pair_in_the_long_run():
    found = next_pairs(conditions=range(5), count=400, exploration=1.0)
    assert len(set(found.pairs)) == 10
    assert found.explored.all()


def _order_after(votes, adaptive, seed, conditions=16):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2.0, conditions)
    first, second = np.triu_indices(conditions, 1)
    winner, loser = [], []
    while len(winner) < votes:
        if adaptive:
            so_far = {"winner": winner or None, "loser": loser or None}
            pairs = next_pairs(conditions=range(conditions), **so_far, count=15, seed=len(winner)).pairs
        else:
            chosen = rng.integers(0, len(first), 15)
            pairs = list(zip(first[chosen], second[chosen], strict=True))
        for a, b in pairs:
            first_wins = rng.random() < expit(truth[a] - truth[b])
            winner.append(int(a if first_wins else b))
            loser.append(int(b if first_wins else a))
    found = bradley_terry(winner=winner, loser=loser, prior_deviation=2.0)
    return stats.kendalltau(found.estimate, truth[found.labels]).statistic


def test_chosen_pairs_order_conditions_better_than_as_many_even_ones():
    adaptive = np.mean([_order_after(240, True, seed) for seed in range(10)])
    even = np.mean([_order_after(240, False, seed) for seed in range(10)])
    assert adaptive > even + 0.01
