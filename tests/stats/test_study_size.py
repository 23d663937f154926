"""The planned study reaches what was promised, in simulated studies analysed as real ones are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from humaneval.stats import NotEstimableError, bradley_terry, mean_opinion_score, power, rate
from humaneval.stats.errors import InputError
from humaneval.stats.pilot import preferences_of_pilot, rate_of_pilot, scores_of_pilot
from humaneval.stats.study_size import ListedSupply, Size, Supply, plan_size
from humaneval.stats.vote_size import Expected

STUDIES = 400


def rate_votes(rng, size, *, p, rater, item):
    """Return votes with these correlations: each rater's and each image's logit-like shift of a rate."""
    by_rater = rng.normal(0, math.sqrt(rater * p * (1 - p)), size.raters)
    by_item = rng.normal(0, math.sqrt(item * p * (1 - p)), size.items)
    who = np.repeat(np.arange(size.raters), size.votes_each)
    what = spread(rng, size)
    chance = np.clip(p + by_rater[who] + by_item[what], 0, 1)
    return (rng.random(size.votes) < chance).astype(int), who, what


def spread(rng, size):
    """Return an image for each vote: different ones for a rater, all of them as often."""
    order = rng.permutation(size.items)
    return order[np.arange(size.votes) % size.items]


def test_a_two_afc_study_planned_for_a_width_has_it_on_average():
    expected = Expected(kind="rate", effect=0.4, rater=0.03, item=0.05)
    supply = Supply(votes_each=40, images=120)
    planned = plan_size(expected, supply, aim="width", target=0.1)
    assert planned.achieved <= 0.1 < expected.width(supply.size(planned.size.raters - 1))
    rng, widths, held = np.random.default_rng(1), [], 0
    for _ in range(STUDIES):
        votes, who, what = rate_votes(rng, planned.size, p=0.4, rater=0.03, item=0.05)
        low, high = rate(votes, rater=who, item=what).confidence_interval(0.95)
        widths.append(high - low)
        held += low <= 0.4 <= high
    assert np.mean(widths) == pytest.approx(planned.achieved, rel=0.08)
    assert held / STUDIES > 0.95 - 3 * math.sqrt(0.95 * 0.05 / STUDIES)


def test_a_two_afc_study_planned_for_power_finds_the_effect_that_often():
    expected = Expected(kind="rate", effect=0.42, rater=0.02, item=0.0)
    planned = plan_size(expected, Supply(votes_each=30, images=5000), aim="power", target=0.8)
    rng, found = np.random.default_rng(2), 0
    for _ in range(STUDIES):
        votes, who, _what = rate_votes(rng, planned.size, p=0.42, rater=0.02, item=0.0)
        low, high = rate(votes, rater=who).confidence_interval(0.95)
        found += not low <= 0.5 <= high
    assert planned.achieved >= 0.8
    assert found / STUDIES == pytest.approx(planned.achieved, abs=3 * math.sqrt(0.16 / STUDIES) + 0.02)


@pytest.mark.parametrize(
    ("kind", "effect", "conditions", "images"),
    [("likert", 0.3, 2, 80), ("pairwise", 0.5, 2, 400), ("pairwise", 0.8, 4, 120)],
)
def test_scores_and_preferences_planned_for_power_find_the_difference_that_often(
    kind, effect, conditions, images
):
    expected = Expected(kind=kind, effect=effect, rater=0.5, item=0.5, conditions=conditions)
    planned = plan_size(expected, Supply(votes_each=30, images=images), aim="power", target=0.8)
    simulated = power(
        kind=kind, raters=planned.size.raters, votes_each=30, items=planned.size.items, difference=effect,
        rater_deviation=0.5, item_deviation=0.5, conditions=conditions, replicates=STUDIES, seed=3,
    )  # fmt: skip
    assert planned.achieved >= 0.8
    assert simulated.estimate == pytest.approx(planned.achieved, abs=3 * math.sqrt(0.16 / STUDIES) + 0.02)


def test_mean_scores_planned_for_a_width_have_it_on_average():
    expected = Expected(kind="likert", effect=0.3, rater=0.4, item=0.5, deviation=0.9)
    planned = plan_size(expected, Supply(votes_each=20, images=100), aim="width", target=0.4)
    rng, widths, size = np.random.default_rng(4), [], planned.size
    for _ in range(STUDIES):
        who, what = np.repeat(np.arange(size.raters), size.votes_each), spread(rng, size)
        score = 3 + rng.normal(0, 0.4, size.raters)[who] + rng.normal(0, 0.5, size.items)[what]
        low, high = mean_opinion_score(
            score + rng.normal(0, 0.9, size.votes), rater=who, item=what
        ).confidence_interval(0.95)
        widths.append(high - low)
    assert np.mean(widths) == pytest.approx(planned.achieved, rel=0.08)


def preference_votes(rng, size, *, effect, rater, item):
    """Return who won, who lost, raters and prompts of a study of two conditions."""
    who, what = np.repeat(np.arange(size.raters), size.votes_each), spread(rng, size)
    logit = effect + rng.normal(0, rater, size.raters)[who] + rng.normal(0, item, size.items)[what]
    first = rng.random(size.votes) < 1 / (1 + np.exp(-logit))
    return np.where(first, 0, 1), np.where(first, 1, 0), who, what


def test_preferences_planned_for_a_width_have_it_on_average():
    expected = Expected(kind="pairwise", effect=0.4, rater=0.5, item=0.5)
    planned = plan_size(expected, Supply(votes_each=30, images=300), aim="width", target=0.6)
    rng, widths = np.random.default_rng(5), []
    for _ in range(100):
        won, lost, who, what = preference_votes(rng, planned.size, effect=0.4, rater=0.5, item=0.5)
        fit = bradley_terry(winner=won, loser=lost, rater=who, item=what, cluster="two_way")
        low, high = fit.difference(0, 1).confidence_interval(0.95)
        widths.append(high - low)
    assert np.mean(widths) == pytest.approx(planned.achieved, rel=0.1)


def pair_votes(rng, size, *, share, agree):
    """Return votes on listed pairs: a share is the same, and raters see what a pair is so often."""
    same = rng.random(size.items) < share
    who, what = np.repeat(np.arange(size.raters), size.votes_each), spread(rng, size)
    return np.where(rng.random(size.votes) < agree, same[what], ~same[what]).astype(int), who, what


def test_a_share_of_listed_pairs_planned_for_a_width_has_it_on_average():
    """Two votes on a pair correlate by (2a - 1)^2 s (1 - s) over the variance of one, at agreement a."""
    share, agree = 0.4, 0.9
    effect = share * agree + (1 - share) * (1 - agree)
    item = (2 * agree - 1) ** 2 * share * (1 - share) / (effect * (1 - effect))
    expected = Expected(kind="rate", effect=effect, rater=0.0, item=item)
    supply = ListedSupply(votes_each=30, images=150, votes_per_trial=3)
    planned = plan_size(expected, supply, aim="width", target=0.133)
    assert planned.size.items == 150
    assert planned.size.raters > supply.fewest == 15
    rng, widths, size = np.random.default_rng(10), [], planned.size
    for _ in range(150):
        votes, who, what = pair_votes(rng, size, share=share, agree=agree)
        low, high = rate(votes, rater=who, item=what).confidence_interval(0.95)
        widths.append(high - low)
    assert np.mean(widths) == pytest.approx(planned.achieved, rel=0.06)


def test_few_raters_of_many_pairs_need_no_wide_interval():
    """What differs are pairs, so that four raters do not make a quantile of three degrees of freedom."""
    size = Size(raters=4, votes_each=300, items=300)
    found = Expected(kind="rate", effect=0.5, rater=0.0, item=0.6).width(size)
    rng, widths = np.random.default_rng(11), []
    for _ in range(60):
        votes, who, what = pair_votes(rng, size, share=0.5, agree=(1 + math.sqrt(0.6)) / 2)
        low, high = rate(votes, rater=who, item=what).confidence_interval(0.95)
        widths.append(high - low)
    assert np.mean(widths) == pytest.approx(found, rel=0.06)


def test_listed_trials_are_all_asked_as_often_as_is_wanted():
    supply = ListedSupply(votes_each=30, images=150, votes_per_trial=3)
    planned = plan_size(
        Expected(kind="rate", effect=0.4, rater=0.0, item=0.0), supply, aim="width", target=0.9
    )
    assert planned.size.raters == 15
    assert supply.trials(planned.size) == 150
    narrow = Expected(kind="rate", effect=0.4, rater=0.0, item=0.6)
    with pytest.raises(NotEstimableError, match="More images would help"):
        plan_size(narrow, supply, aim="width", target=0.05)


def test_a_large_effect_needs_few_raters():
    """SciPy has no number for some of the tiniest tails of the noncentral t."""
    for effect in (1.0, 1.5, 2.0, 4.0):
        expected = Expected(kind="likert", effect=effect, rater=0.3, item=0.3)
        powers = [expected.power(Size(raters=raters, votes_each=20, items=200)) for raters in range(4, 30)]
        assert powers == sorted(powers)
        assert powers[-1] > 0.99


def test_what_cannot_be_reached_or_asked_is_said():
    scarce = Expected(kind="likert", effect=0.3, rater=0.4, item=0.8)
    with pytest.raises(NotEstimableError, match="More images would help"):
        plan_size(scarce, Supply(votes_each=20, images=20), aim="width", target=0.2)
    with pytest.raises(InputError, match="no effect"):
        plan_size(Expected(kind="rate", effect=0.5, rater=0, item=0), Supply(votes_each=9, images=9),
                  aim="power", target=0.8)  # fmt: skip
    with pytest.raises(InputError, match="shorter sessions"):
        Supply(votes_each=50, images=20)
    with pytest.raises(InputError, match="between 0 and 1"):
        plan_size(Expected(kind="rate", effect=1.5, rater=0, item=0), Supply(votes_each=9, images=9),
                  aim="width", target=0.1)  # fmt: skip


def test_more_raters_never_widen_an_interval_or_weaken_a_test():
    supply = Supply(votes_each=20, images=200)
    for kind, effect in (("rate", 0.4), ("likert", 0.3), ("pairwise", 0.4)):
        expected = Expected(kind=kind, effect=effect, rater=0.1, item=0.05)
        sizes = [supply.size(raters) for raters in (4, 8, 16, 32, 64)]
        widths = [expected.width(size) for size in sizes]
        powers = [expected.power(size) for size in sizes]
        assert widths == sorted(widths, reverse=True)
        assert powers == sorted(powers)


def test_a_pilots_votes_give_back_what_they_were_drawn_from():
    size = Supply(votes_each=40, images=400).size(150)
    rng = np.random.default_rng(6)
    votes, who, what = rate_votes(rng, size, p=0.4, rater=0.06, item=0.08)
    found = rate_of_pilot(votes, condition=np.zeros(size.votes), rater=who, item=what)
    assert found.effect == pytest.approx(0.4, abs=0.03)
    assert (found.rater, found.item) == pytest.approx((0.06, 0.08), abs=0.025)

    condition = np.arange(size.votes) % 2
    level, taste = rng.normal(0, 0.6, size.raters), rng.normal(0, 0.3, (2, size.raters))
    score = 3 + 0.5 * condition + level[who] + taste[condition, who]
    score = score + rng.normal(0, 0.4, size.items)[what] + rng.normal(0, 0.8, size.votes)
    mean = scores_of_pilot(score, condition=condition, rater=who, item=what, aim="width")
    assert (mean.rater, mean.item, mean.deviation) == pytest.approx((0.67, 0.4, 0.8), abs=0.1)
    apart = scores_of_pilot(score, condition=condition, rater=who, item=what, aim="power")
    assert (apart.effect, apart.rater) == pytest.approx((0.5, 0.3 * math.sqrt(2)), abs=0.1)

    won, lost, who, what = preference_votes(rng, size, effect=0.5, rater=0.6, item=0.5)
    first = (won == 0).astype(int)
    found = preferences_of_pilot(first, first=0 * won, second=won + lost, rater=who, item=what)
    assert (found.effect, found.rater, found.item) == pytest.approx((0.5, 0.6, 0.5), abs=0.15)
