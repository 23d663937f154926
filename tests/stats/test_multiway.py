"""Votes that share raters and prompts or images: the covariance by its definition, and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from humaneval.stats import (
    InputError,
    bradley_terry,
    condition_means,
    mean_opinion_score,
    multiway,
    plackett_luce,
    rate,
)
from humaneval.stats.items import Items, as_items, named_items
from tests.stats.simulation import (
    Shown,
    coverage,
    one_of_pairs,
    one_of_rankings,
)


def pairs_of_images(seed: int = 1, votes: int = 400, images: int = 12):
    """Return votes of raters on pairs of images of three conditions, some images in many pairs."""
    rng = np.random.default_rng(seed)
    rater, first = rng.integers(0, 15, votes), rng.integers(0, 3, votes)
    second = (first + rng.integers(1, 3, votes)) % 3
    shown = np.column_stack([first, second]) * images + rng.integers(0, images, (votes, 2))
    effect, taste = 0.8 * rng.normal(size=3 * images), rng.normal(size=(15, 3))
    level = effect[shown] + taste[rater[:, None], np.column_stack([first, second])]
    wins = rng.random(votes) < expit(0.5 * (second - first) + level[:, 0] - level[:, 1])
    winner, loser = np.where(wins, first, second), np.where(wins, second, first)
    return {"winner": winner, "loser": loser, "rater": rater}, shown


def by_definition(votes, groups, strengths):
    """Return the sandwich of groups (each a mask, with how often it counts), straight from the formulas."""
    x = np.eye(3)[votes["winner"]] - np.eye(3)[votes["loser"]]
    p = expit(x @ strengths)
    told = (p * (1 - p))[:, None] * x**2
    bread = np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x + 1 / 3) - 1 / 3
    found = np.zeros((3, 3))
    for mask, times, adjusted in groups:
        score = (x[mask] * (1 - p[mask])[:, None]).sum(axis=0)
        score = score / np.sqrt(1 - adjusted * told[mask].sum(axis=0) / told.sum(axis=0))
        found += times * np.outer(bread @ score, bread @ score)
    return found


def test_two_votes_go_together_that_share_the_rater_or_one_image_whatever_stood_beside_it():
    votes, shown = pairs_of_images()
    found = bradley_terry(**votes, item=shown)
    both = np.sort(shown, axis=1)
    raters = [(votes["rater"] == one, 1, 1) for one in range(15)]
    images = [((shown == one).any(axis=1), 1, 1) for one in range(36)]
    pairs = [((both == one).all(axis=1), -1, 1) for one in np.unique(both, axis=0)]
    cells = [(own & image, -1, 0) for own, _, _ in raters for image, _, _ in images]
    again = [(own & pair, 1, 0) for own, _, _ in raters for pair, _, _ in pairs]
    expected = by_definition(votes, [*raters, *images, *pairs, *cells, *again], found.estimate)
    assert found.covariance == pytest.approx(expected, rel=1e-8)
    assert found.clusters == {"rater": 15, "item": 36}


def test_sums_are_the_same_where_owners_and_kinds_are_too_many_for_a_full_table(monkeypatch):
    votes, shown = pairs_of_images()
    full = bradley_terry(**votes, item=shown)
    monkeypatch.setattr(multiway, "MOST_CELLS", 0)
    sparse = bradley_terry(**votes, item=shown)
    assert sparse.covariance == pytest.approx(full.covariance, rel=1e-12)
    assert sparse.freedoms == pytest.approx(full.freedoms, rel=1e-12)


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_outer_products_are_the_same_whether_owners_have_one_vote_or_several(shared):
    rng = np.random.default_rng(3)
    weight, kind = rng.normal(size=60), rng.integers(0, 4, 60)
    told = multiway.Told(kind, rng.normal(size=(4, 3)), np.ones((4, 3)), weight)
    owner = np.where(rng.random((2, 60)) < shared, rng.integers(0, 9, (2, 60)), np.arange(120).reshape(2, 60))
    owner[1, :10] = 120  # none
    times = rng.random(120)
    each = weight[:, None] * told.scores[kind]
    expected = np.zeros((3, 3))
    for one in range(120):
        total = sum(each[column == one].sum(axis=0) for column in owner)
        expected += times[one] * np.outer(total, total)
    assert told.squares_by(list(owner), 120, times) == pytest.approx(expected)


def test_a_fit_as_if_rankings_were_independent_is_the_one_without_raters():
    rng = np.random.default_rng(4)
    orders = np.array([rng.permutation(4)[:3] for _ in range(80)])
    orders[:, 0] = 9  # always first
    alone = plackett_luce(orders)
    found = plackett_luce(orders, rater=rng.integers(0, 9, 80)).as_independent()
    assert vars(found).keys() == vars(alone).keys()
    for name, value in vars(alone).items():
        if name != "rule":
            np.testing.assert_equal(getattr(found, name), value, err_msg=name)
    np.testing.assert_equal(found.confidence_interval(), alone.confidence_interval())


def test_a_prompt_is_one_cluster_whichever_conditions_stood_on_it():
    votes, shown = pairs_of_images()
    prompt = shown[:, 0] % 12
    found = bradley_terry(**votes, item=named_items(prompt, "prompt"))
    raters = [(votes["rater"] == one, 1, 1) for one in range(15)]
    prompts = [(prompt == one, 1, 1) for one in range(12)]
    cells = [(own & same, -1, 0) for own, _, _ in raters for same, _, _ in prompts]
    expected = by_definition(votes, [*raters, *prompts, *cells], found.estimate)
    assert found.covariance == pytest.approx(expected, rel=1e-8)
    assert found.clusters == {"rater": 15, "prompt": 12}
    assert "clustered by rater and prompt" in found.method


def test_pairs_in_order_are_clustered_as_pairs_that_were_compared():
    votes, shown = pairs_of_images()
    compared = bradley_terry(**votes, item=shown)
    ordered = plackett_luce(
        np.column_stack([votes["winner"], votes["loser"]]), rater=votes["rater"], item=shown
    )
    assert ordered.covariance == pytest.approx(compared.covariance, rel=1e-6)
    assert ordered.freedoms == pytest.approx(compared.freedoms, rel=1e-6)


def test_a_rate_of_one_condition_and_the_means_of_all_take_the_same_images():
    votes, shown = pairs_of_images()
    won = (votes["winner"] == 0).astype(float)
    own = (votes["winner"] == 0) | (votes["loser"] == 0)
    one = rate(won[own], rater=votes["rater"][own], item=shown[own])
    mean = mean_opinion_score(won[own], rater=votes["rater"][own], item=shown[own])
    assert one.standard_error == pytest.approx(mean.standard_error)
    assert set(one.clusters) == {"rater", "item"}
    alone = rate(won[own], rater=votes["rater"][own])
    assert one.standard_error > 1.2 * alone.standard_error
    joint = condition_means(won, condition=np.where(own, 0, 1), rater=votes["rater"], item=shown)
    assert joint.standard_error[0] == pytest.approx(one.standard_error, rel=0.03)


def test_items_that_nobody_shares_leave_the_raters():
    votes, _ = pairs_of_images()
    alone = bradley_terry(**votes)
    each = bradley_terry(**votes, item=np.arange(400))
    assert each.covariance == pytest.approx(alone.covariance)
    assert each.clusters == {"rater": 15}
    assert "clustered by rater" in each.method


def test_one_rater_is_clustered_by_what_repeats_and_said_to_be_alone():
    votes, shown = pairs_of_images()
    found = bradley_terry(**votes | {"rater": np.zeros(400)}, item=shown[:, 0] % 12)
    assert found.clusters == {"item": 12}
    assert "one rater" in " ".join(found.notes)


def test_a_condition_that_few_have_judged_has_fewer_degrees_of_freedom_than_the_others():
    rng = np.random.default_rng(2)
    votes, _ = pairs_of_images(votes=900)
    won = rng.random(40) < 0.5
    late = {
        "winner": np.where(won, 3, 0),
        "loser": np.where(won, 0, 3),
        "rater": rng.integers(0, 4, 40),
    }
    found = bradley_terry(**{name: np.concatenate([votes[name], late[name]]) for name in votes})
    assert found.freedoms[3] < 4 < 10 < found.freedoms[1]
    assert found.degrees_of_freedom == found.freedoms[3]
    assert found.difference(1, 2).rule.degrees_of_freedom > 10


def test_items_of_a_vote_count_once_in_any_order():
    items = as_items(named_items([[3, 5], [5, 3], [5, 5], [3, 0]], "image", none=0))
    assert items is not None
    assert items.size == 2
    assert items.codes.tolist() == [[0, 1], [0, 1], [-1, 1], [-1, 0]]
    sets, beyond = items.sets()
    assert sets.codes[0] == sets.codes[1]
    assert beyond[sets.codes].tolist() == [1, 1, 0, 0]
    assert isinstance(items[np.array([True, False, False, True])], Items)


def test_methods_of_one_item_a_vote_refuse_several():
    votes, shown = pairs_of_images()
    with pytest.raises(InputError, match="one item a vote"):
        rate(votes["winner"] == 0, rater=votes["rater"], item=shown, method="mixed_logit")
    with pytest.raises(InputError, match="One item a vote"):
        bradley_terry(**votes, item=shown, replicates=10)


SHOWN = {
    "20 prompts": (one_of_pairs, Shown(prompts=20)),
    "10 images a condition": (one_of_pairs, Shown(prompts=10, matched=False)),
    "10 prompts in order": (one_of_rankings, Shown(prompts=10, conditions=4, each=10)),
    "10 images a condition in order": (
        one_of_rankings,
        Shown(prompts=10, conditions=4, each=10, matched=False),
    ),
}


@pytest.mark.parametrize("what", SHOWN)
def test_intervals_hold_the_population_of_prompts_and_images_as_raters_alone_do_not(what):
    one, shown = SHOWN[what]
    assert coverage(lambda rng: one(shown, rng), 60) > 0.91
    assert coverage(lambda rng: one(shown, rng, alone=True), 60) < 0.88


@pytest.mark.slow
@pytest.mark.parametrize("deviation", [0.5, 0.8])
@pytest.mark.parametrize("what", SHOWN)
def test_intervals_of_many_studies_hold_it_in_the_stated_share(what, deviation):
    one, shown = SHOWN[what]
    shown = Shown(**vars(shown) | {"image_deviation": deviation})
    assert 0.93 <= coverage(lambda rng: one(shown, rng), 1000) <= 0.98
