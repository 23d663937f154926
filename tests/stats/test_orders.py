"""Orders of a few things: how far raters agree on them, and what the first place rests on."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from humaneval.stats import (
    InputError,
    NotEstimableError,
    kendall_w,
    krippendorff_alpha,
    order_agreement,
    plackett_luce,
    ranking_influence,
)


def orders(rng, raters, sets, things, each, *, taste=0.7, order=1.0):
    """Return ranks, rater and set: each set is ordered by some raters, each with a taste of their own."""
    liking = np.linspace(order, -order, things) + taste * rng.normal(size=(raters, things))
    picture = 0.5 * rng.normal(size=(sets, things))
    who = np.concatenate([rng.permutation(raters)[:each] for _ in range(sets)])
    what = np.repeat(np.arange(sets), each)
    seen = liking[who] + picture[what] + rng.gumbel(size=(len(who), things))
    return scipy_stats.rankdata(-seen, axis=1), who, what


def best_worst(ranks):
    """Return ranks of which only the first and the last are told."""
    return np.where(ranks == 1, 1.0, np.where(ranks == ranks.shape[1], 3.0, 2.0))


@pytest.mark.parametrize("told", [lambda ranks: ranks, best_worst])
def test_agreement_on_orders_is_the_mean_of_scipys_taus_and_of_kendalls_w(told):
    ranks, who, what = orders(np.random.default_rng(1), 6, 15, 4, 5)
    ranks = told(ranks)
    found = order_agreement(ranks, rater=who, item=what)
    taus, concordances = [], []
    for one in range(15):
        pairs = combinations(ranks[what == one], 2)
        taus.append(np.mean([scipy_stats.kendalltau(*pair).statistic for pair in pairs]))
        concordances.append(kendall_w(ranks[what == one]).estimate)
    assert found.estimate == pytest.approx(np.mean(taus))
    assert found.concordance == pytest.approx(np.mean(concordances))
    assert found.chance_concordance == pytest.approx(1 / 5)
    assert (found.clusters, found.sets, found.tied) == (
        {"rater": 6, "item": 15},
        15,
        told is best_worst,
    )


def test_one_swap_is_no_total_disagreement():
    ranks = np.tile([[1, 2, 3, 4], [2, 1, 3, 4], [1, 2, 4, 3]], (12, 1))
    who, what = np.tile(np.arange(3), 12), np.repeat(np.arange(12), 3)
    codes = (ranks @ [1000, 100, 10, 1]).astype(int)
    assert krippendorff_alpha(rater=who, item=what, answer=codes).estimate < 0.05
    assert order_agreement(ranks, rater=who, item=what).estimate == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)


def test_a_set_weighs_alike_however_many_ordered_it_and_one_order_is_none():
    ranks = [[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], [3, 2, 1], [2, 1, 3]]
    found = order_agreement(ranks, rater=[1, 2, 3, 1, 2, 1], item=[7, 7, 7, 8, 8, 9])
    assert found.estimate == pytest.approx((1 - 1) / 2)
    assert (found.sets, found.n) == (2, 5)


def test_intervals_of_agreement_on_orders_hold_the_truth():
    rng = np.random.default_rng(5)
    many, who, what = orders(rng, 900, 900, 4, 2)
    truth = order_agreement(many, rater=who, item=what).estimate
    for raters, sets, each in ((8, 15, 8), (20, 60, 2)):
        held, widths = 0, []
        for _ in range(100):
            ranks, who, what = orders(rng, raters, sets, 4, each)
            low, high = order_agreement(ranks, rater=who, item=what).confidence_interval()
            held += low <= truth <= high
            widths.append(high - low)
        assert held >= 89
        assert np.mean(widths) < 0.45


def test_raters_of_one_taste_each_widen_the_interval():
    """Sets alone would say that much is known: the same few raters stand behind all of them."""
    ranks, who, what = orders(np.random.default_rng(3), 5, 200, 4, 2, taste=2.0, order=0.0)
    found = order_agreement(ranks, rater=who, item=what)
    taus = [scipy_stats.kendalltau(*ranks[what == one]).statistic for one in range(200)]
    assert found.standard_error > 1.5 * np.std(taus, ddof=1) / np.sqrt(200)


@pytest.mark.parametrize(("raters", "note"), [(2, "two raters"), (3, "no proof"), (8, "no proof")])
def test_all_of_one_mind_is_no_proof(raters, note):
    ranks = np.tile([1.0, 2.0, 3.0], (10 * raters, 1))
    found = order_agreement(
        ranks, rater=np.tile(np.arange(raters), 10), item=np.repeat(np.arange(10), raters)
    )
    low, high = found.confidence_interval()
    assert (found.estimate, found.concordance, high) == (pytest.approx(1), pytest.approx(1), 1.0)
    assert low < 0.75
    assert found.standard_error > 0.05
    assert note in " ".join(found.notes)


def test_one_set_or_two_raters_speak_of_themselves_and_both_of_nothing():
    random = np.random.default_rng(2)
    two, who, what = orders(random, 2, 9, 4, 2)
    assert "these two raters" in order_agreement(two, rater=who, item=what).notes[0]
    one, who, what = orders(random, 9, 1, 4, 9)
    found = order_agreement(one, rater=who, item=what)
    assert "one set" in found.notes[0]
    assert np.ptp(found.confidence_interval()) < 1
    both = order_agreement([[1, 2, 3], [2, 1, 3]], rater=[1, 2], item=[1, 1])
    assert both.confidence_interval() == (-1, 1)


def test_what_cannot_be_compared_is_refused_in_words():
    with pytest.raises(NotEstimableError, match="by two raters"):
        order_agreement([[1, 2], [1, 2]], rater=[1, 2], item=[1, 2])
    with pytest.raises(NotEstimableError, match="by two raters"):
        order_agreement([[1, 1], [1, 2]], rater=[1, 2], item=[1, 1])
    with pytest.raises(InputError, match="more than once"):
        order_agreement([[1, 2], [1, 2]], rater=[1, 1], item=[1, 1])
    with pytest.raises(InputError, match="table"):
        order_agreement([1, 2], rater=[1, 1], item=[1, 2])


# --- what the first place rests on ----------------------------------------------------------------------


def named(ranks):
    """Return rankings as rows of labels, best first, 10 being the first thing."""
    return np.argsort(ranks, axis=1) + 10


def first_of(**ballots):
    found = plackett_luce(**ballots)
    return found.labels[found.estimate.argmax()]


def test_the_rankings_said_to_change_the_winner_do():
    ranks, who, _ = orders(np.random.default_rng(0), 12, 40, 4, 5, order=0.25)
    rankings = named(ranks)
    found = ranking_influence(rankings, rater=who)
    keep = np.setdiff1d(np.arange(len(rankings)), found.votes)
    fitted = plackett_luce(rankings)
    top = np.sort(fitted.estimate)[::-1]
    assert found.winner == first_of(rankings=rankings)
    assert found.lead == pytest.approx(top[0] - top[1])
    assert 0 < found.votes_to_change == len(found.votes) < len(rankings) // 2
    assert first_of(rankings=rankings[keep]) != found.winner
    random = np.random.default_rng(4).permutation(len(rankings))[found.votes_to_change :]
    assert first_of(rankings=rankings[random]) == found.winner


def test_the_best_worst_choices_said_to_change_the_winner_do():
    ranks, who, _ = orders(np.random.default_rng(0), 12, 40, 4, 5, order=0.25)
    rankings = named(ranks)
    ballots = {"best": rankings[:, 0], "worst": rankings[:, -1], "offered": rankings}
    found = ranking_influence(**ballots, rater=who)
    keep = np.setdiff1d(np.arange(len(rankings)), found.votes)
    assert found.winner == first_of(**ballots)
    assert first_of(**{name: column[keep] for name, column in ballots.items()}) != found.winner


def test_rankings_of_two_are_preferences():
    rankings = [[1, 2]] * 12 + [[2, 1]] * 8
    found = ranking_influence(rankings, rater=np.arange(20))
    assert (found.winner, found.votes_to_change) == (1, 5)
    assert found.lead == pytest.approx(np.log(12 / 8), abs=1e-6)


def test_leads_without_each_rater_are_those_of_a_refit():
    ranks, who, _ = orders(np.random.default_rng(8), 5, 12, 4, 4, order=0.1, taste=1.5)
    rankings = named(ranks)
    found = ranking_influence(rankings, rater=who)
    assert set(found.rater_leads) == set(range(5))
    for one, lead in found.rater_leads.items():
        fitted = plackett_luce(rankings[who != one])
        place = list(fitted.labels).index(found.winner)
        assert lead == pytest.approx(fitted.estimate[place] - np.delete(fitted.estimate, place).max())
    assert set(found.raters) == {one for one, lead in found.rater_leads.items() if lead < 0}
