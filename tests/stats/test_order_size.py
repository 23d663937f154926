"""Orders of the planned size reach what was promised, analysed as a report analyses them."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from humaneval.stats import order_size as module
from humaneval.stats import plackett_luce
from humaneval.stats.errors import InputError
from humaneval.stats.order_size import ExpectedOrders
from humaneval.stats.pilot import orders_of_pilot
from humaneval.stats.study_size import Size, Supply, plan_size
from humaneval.stats.vote_size import Expected

PLANNED = [
    (
        {"effect": 0.5, "rater": 0.5, "item": 0.6, "conditions": 4, "images": 4},
        Supply(votes_each=30, images=80),
    ),
    (
        {"effect": 0.9, "rater": 0.8, "item": 0.3, "conditions": 5, "images": 3, "ends_only": True},
        Supply(votes_each=20, images=400),
    ),
]  # fmt: skip


def ballots(rng, expected, size):
    """Return orders as plackett_luce takes them, raters and prompts; each prompt has one lineup."""
    k, sets, raters = expected.conditions, size.items, size.raters
    who, what = np.repeat(np.arange(raters), size.votes_each), np.arange(size.votes) % sets
    what = rng.permutation(sets)[what]
    liked = np.linspace(expected.effect / 2, -expected.effect / 2, k)
    liked = liked + (expected.rater / math.sqrt(2) * rng.normal(size=(raters, k)))[who]
    liked = liked + (expected.item / math.sqrt(2) * rng.normal(size=(sets, k)))[what]
    lineup = np.argsort(rng.random((sets, k)), axis=1)[:, : expected.images][what]
    seen, row = np.take_along_axis(liked, lineup, axis=1), np.arange(size.votes)
    if not expected.ends_only:
        order = np.argsort(-(seen + rng.gumbel(size=seen.shape)), axis=1)
        return {"rankings": np.take_along_axis(lineup, order, axis=1)}, who, what
    best = np.argmax(seen + rng.gumbel(size=seen.shape), axis=1)
    bad = -seen + rng.gumbel(size=seen.shape)
    bad[row, best] = -np.inf
    ends = {"best": lineup[row, best], "worst": lineup[row, bad.argmax(axis=1)], "offered": lineup}
    return ends, who, what


def studies(expected, size, number, seed):
    """Return the widest condition's mean width, how often best and worst differ, and the differences."""
    rng, widths, found, apart = np.random.default_rng(seed), [], 0, []
    for _ in range(number):
        orders, who, what = ballots(rng, expected, size)
        fit = plackett_luce(**orders, rater=who, item=what)
        low, high = fit.confidence_interval(0.95)
        widths.append(high - low)
        difference = fit.difference(0, expected.conditions - 1)
        found += difference.pvalue < 0.05
        apart.append(difference.estimate)
    return np.mean(widths, axis=0).max(), found / number, np.array(apart)


@pytest.mark.parametrize(("values", "supply"), PLANNED)
def test_orders_planned_for_a_width_have_it_on_average(values, supply):
    expected = ExpectedOrders(**values)
    planned = plan_size(expected, supply, aim="width", target=0.5)
    assert planned.achieved <= 0.5 < expected.width(supply.size(planned.size.raters - 1))
    width, _found, apart = studies(expected, planned.size, 80, seed=7)
    assert width == pytest.approx(planned.achieved, rel=0.08)
    both = expected.covariance(planned.size)
    error = math.sqrt(both[0, 0] + both[-1, -1] - 2 * both[0, -1])
    assert apart.std() == pytest.approx(error, rel=0.25)


@pytest.mark.slow
@pytest.mark.parametrize(("values", "supply"), PLANNED)
def test_orders_planned_for_power_find_best_and_worst_that_often(values, supply):
    expected = ExpectedOrders(**values)
    planned = plan_size(expected, supply, aim="power", target=0.8)
    _width, found, apart = studies(expected, planned.size, 400, seed=8)
    assert planned.achieved >= 0.8
    assert found == pytest.approx(planned.achieved, abs=3 * math.sqrt(0.16 / 400) + 0.02)
    both = expected.covariance(planned.size)
    error = math.sqrt(both[0, 0] + both[-1, -1] - 2 * both[0, -1])
    assert apart.std() == pytest.approx(error, rel=0.12)


def test_orders_of_two_are_preferences():
    size = Size(raters=12, votes_each=25, items=60)
    of = {"effect": 0.7, "rater": 0.4, "item": 0.6}
    pairs = Expected(kind="pairwise", conditions=5, **of)
    orders = ExpectedOrders(conditions=5, images=2, **of)
    assert orders.power(size) == pytest.approx(pairs.power(size), abs=1e-9)
    alone = ExpectedOrders(conditions=2, images=2, **of)
    assert 2 * alone.width(size) == pytest.approx(Expected(kind="pairwise", **of).width(size))


def chances_and_information(worth, ends):
    """Yield each outcome's chance and the information of its choices, from the model's definition."""
    count = len(worth)
    for order in permutations(range(count)):
        chance, choices, left = 1.0, [], list(range(count))
        for one in order[:-1]:
            turned = ends and len(left) < count
            part = np.zeros(count)
            part[left] = (1 / worth if turned else worth)[left]
            part /= part.sum()
            chance *= part[one]
            choices.append(np.diag(part) - np.outer(part, part))
            left.remove(one)
            if turned:
                chance /= math.factorial(len(left))  # the rest of the order says nothing
                break
        yield chance, choices


@pytest.mark.parametrize("ends", [False, True])
def test_a_ballots_information_is_that_of_its_choices_over_all_orders(ends):
    expected = np.zeros((2, 4, 4))
    for chance, choices in chances_and_information(np.exp(np.linspace(0.6, -0.6, 4)), ends):
        together = sum(choices)
        expected[0] += chance * together
        expected[1] += chance * (together @ together - sum(one @ one for one in choices))
    found = module._information(1.2, 4, 4, ends)
    assert np.array(found) == pytest.approx(expected, abs=1e-12)


def test_very_many_lineups_are_sampled_and_say_the_same(monkeypatch):
    of = {"effect": 0.8, "rater": 0.5, "item": 0.5, "images": 3}
    size = Size(raters=30, votes_each=30, items=300)
    every = ExpectedOrders(conditions=12, **of).covariance(size)
    module._information.cache_clear()
    monkeypatch.setattr(module, "MOST_SUBSETS", 1600)
    some = ExpectedOrders(conditions=12, **of).covariance(size)
    module._information.cache_clear()
    assert not np.array_equal(some, every)
    assert np.diag(some) == pytest.approx(np.diag(every), rel=0.2)
    assert np.diag(some).mean() == pytest.approx(np.diag(every).mean(), rel=0.05)


def test_more_is_learnt_from_an_order_than_from_its_ends_and_from_more_images():
    size = Size(raters=20, votes_each=30, items=600)

    def width(**changes):
        of = {"effect": 0.5, "rater": 0.0, "item": 0.0, "conditions": 6, "images": 5}
        return ExpectedOrders(**{**of, **changes}).width(size)

    assert width() < width(ends_only=True) < width(images=2)
    assert width(rater=0.5) > width()
    assert width(item=0.5) > width()


def test_what_cannot_be_ordered_is_said():
    few = ExpectedOrders(effect=0.4, rater=0.5, item=0.5, conditions=3, images=4)
    with pytest.raises(InputError, match="Orders of 4 images need at least as many conditions"):
        plan_size(few, Supply(votes_each=9, images=9), aim="width", target=0.4)
    none = ExpectedOrders(effect=0.0, rater=0.5, item=0.5, conditions=4, images=4)
    with pytest.raises(InputError, match="no effect"):
        plan_size(none, Supply(votes_each=9, images=9), aim="power", target=0.8)


@pytest.mark.parametrize("ends", [False, True])
def test_a_pilots_orders_give_back_what_they_were_drawn_from(ends):
    true = ExpectedOrders(effect=1.0, rater=1.2, item=0.9, conditions=4, images=4, ends_only=ends)
    size = Supply(votes_each=40, images=400).size(150)
    orders, who, what = ballots(np.random.default_rng(11), true, size)
    place = np.full((size.votes, 4), 1.0)
    row = np.arange(size.votes)
    if ends:
        place[row, orders["best"]], place[row, orders["worst"]] = 2.0, 0.0
    else:
        place[row[:, None], orders["rankings"]] = -np.arange(4)
    lineup = np.tile([1, 2, 3, 4], (size.votes, 1))
    found = orders_of_pilot(place, lineup=lineup, rater=who, item=what)
    assert (found.effect, found.rater, found.item) == pytest.approx((1.0, 1.2, 0.9), abs=0.15)
    assert (found.votes, found.raters) == (size.votes, 150)
