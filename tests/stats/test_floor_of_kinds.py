"""Nothing varies less by raters and items together than by either alone: no mean, no difference of means."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.stats import bradley_terry, condition_means, multiway, plackett_luce, ranking
from humaneval.stats.alike import RAISED
from tests.stats.simulation import Equals, Shown, coverage, one_of_equals

NOISE = "155112255 521543231 343112451 215544515 323243434 212223533"
"""Noise: a word for each rater, in it the answers about three images of A, three of B, three of C."""


def noise():
    """Return rater, condition, item and answer of that noise."""
    rater, place = np.divmod(np.arange(54), 9)
    return rater, place // 3, place, np.array([int(one) for one in NOISE.replace(" ", "")])


def errors_of_differences(covariance):
    """Return the standard error of each difference between two."""
    own = np.diag(covariance)
    return np.sqrt(own[:, None] + own[None, :] - 2 * covariance)[np.triu_indices(len(own), 1)]


def no_less(one, other) -> bool:
    """Return whether no combination varies less by one covariance than by another, but for rounding."""
    return bool(np.linalg.eigvalsh(one - other).min() > -1e-9 * np.trace(other))


def test_a_difference_is_no_surer_by_raters_and_items_than_by_raters_alone():
    rater, condition, item, answer = noise()
    both = condition_means(answer, condition=condition, rater=rater, item=item)
    by_rater = condition_means(answer, condition=condition, rater=rater)
    by_item = condition_means(answer, condition=condition, rater=np.zeros(54), item=item)
    assert set(both.clusters) == {"rater", "item"}
    for alone in (by_rater, by_item):
        assert no_less(both.covariance, alone.covariance)
    found = errors_of_differences(both.covariance)
    assert found == pytest.approx(errors_of_differences(by_rater.covariance))
    assert found[1] == pytest.approx(0.379, abs=0.001)  # C - A; inclusion and exclusion alone say 0.01


def test_noise_leaves_every_rank_open():
    rater, condition, item, answer = noise()
    found = ranking(condition_means(answer, condition=condition, rater=rater, item=item))
    assert found.low.tolist() == [1, 1, 1]
    assert found.high.tolist() == [3, 3, 3]
    assert found.best.min() > 0.02


def test_it_does_not_matter_which_kind_is_named_first():
    rng = np.random.default_rng(2)
    for _ in range(20):
        rater, item, condition = rng.integers(0, 7, 150), rng.integers(0, 6, 150), rng.integers(0, 4, 150)
        answer = rng.normal(size=150)
        one = condition_means(answer, condition=condition, rater=rater, item=item)
        other = condition_means(answer, condition=condition, rater=item, item=rater)
        assert other.covariance == pytest.approx(one.covariance, rel=1e-9, abs=1e-12)
        assert other.freedoms == pytest.approx(one.freedoms)


def small(rng, shown: Shown, size: int):
    """Return the rater, and the conditions and images shown, of a few votes that say nothing."""
    rater = np.repeat(np.arange(shown.raters), shown.each)
    columns = np.argsort(rng.random((len(rater), shown.conditions)), axis=1)[:, :size]
    return rater, columns, shown.items(columns, rng.integers(0, shown.prompts, columns.shape))


@pytest.mark.parametrize("kind", ["pairs", "pairs with ties and sides", "orders"])
def test_strengths_and_what_goes_with_them_vary_no_less_than_by_either_kind(kind):
    shown, wider = Shown(prompts=4, conditions=4, raters=12, each=8, matched=False), 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        rater, columns, images = small(rng, shown, 3 if kind == "orders" else 2)
        votes = {"winner": columns[:, 0], "loser": columns[:, 1]}
        if kind == "pairs with ties and sides":
            votes |= {"tie": rng.random(len(rater)) < 0.3, "position": rng.random(len(rater)) < 0.5}

        def fitted(rater, item, kind=kind, votes=votes, columns=columns):
            if kind == "orders":
                return plackett_luce(columns, rater=rater, item=item)
            return bradley_terry(
                **votes, rater=rater, item=item, ties="davidson" if "tie" in votes else "half"
            )

        both = fitted(rater, images)
        for alone in (fitted(rater, None), fitted(np.zeros(len(rater)), images)):
            if RAISED in alone.method:  # to what single votes say, which is no longer that of one kind
                continue
            assert no_less(both.covariance, alone.covariance)
            wider += np.diag(both.covariance).sum() > 1.001 * np.diag(alone.covariance).sum()
    assert wider


def test_two_kinds_that_each_add_to_the_other_are_joined_as_they_are():
    rng = np.random.default_rng(5)
    rater, item = np.divmod(np.arange(40 * 30), 30)
    condition = item % 3
    answer = (
        rng.normal(size=(40, 3))[rater, condition] + rng.normal(size=30)[item] + 0.1 * rng.normal(size=1200)
    )
    found = condition_means(answer, condition=condition, rater=rater, item=item)
    share = 1 / np.bincount(condition)[condition]
    told = multiway.Told(condition, np.eye(3), np.eye(3), share * (answer - found.estimate[condition]), share)
    cells = told.squares_by([np.arange(1200)], 1200)
    by_rater = condition_means(answer, condition=condition, rater=rater).covariance
    by_item = condition_means(answer, condition=condition, rater=np.zeros(1200), item=item).covariance
    assert found.covariance == pytest.approx(by_rater + by_item - cells, rel=1e-9)


def test_units_of_parameters_do_not_matter():
    rng = np.random.default_rng(6)
    first, second = (one @ one.T for one in rng.normal(size=(2, 4, 3)))
    both = first + second - 0.5 * np.eye(4)
    unit = np.diag([1.0, 1000.0, 0.01, 3.0])
    plain = multiway.no_less_than_one_kind(both, first, second)
    scaled = multiway.no_less_than_one_kind(*(unit @ one @ unit for one in (both, first, second)))
    assert scaled == pytest.approx(unit @ plain @ unit)
    for one in (first, second, both):
        assert no_less(plain, one)


def test_equal_conditions_may_nearly_always_each_be_first_and_last():
    assert coverage(lambda rng: one_of_equals(Equals(), rng), 60) > 0.95


def test_no_difference_in_many_small_studies_is_surer_than_by_raters_alone():
    rng, equals = np.random.default_rng(9), Equals(raters=6, images=3)
    for _ in range(150):
        votes = equals.votes(rng)
        both = condition_means(**votes).covariance
        alone = condition_means(**votes | {"item": None}).covariance
        assert (errors_of_differences(both) / errors_of_differences(alone)).min() > 1 - 1e-9
