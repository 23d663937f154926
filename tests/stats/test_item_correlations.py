"""Correlations over items whose human side is a mean of raters' answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from humaneval.stats import InputError, correlation, item_correlations

EACH, BATCHES, RATERS = 10, 12, 3
"""Items of a batch, batches, and raters of each batch, who judge all of it."""
STUDIES = 40


def batches(rng: np.random.Generator, leniency: float = 1.5, slope: float = 0.0):
    """Return answers, raters, items and the items' score, which varies by batch as by class or prompt."""
    size = EACH * BATCHES
    batch = np.repeat(np.arange(BATCHES), EACH)
    score = 0.8 * rng.normal(size=BATCHES)[batch] + 0.6 * rng.normal(size=size)
    item = np.tile(np.arange(size), RATERS)
    rater = batch[item] * RATERS + np.repeat(np.arange(RATERS), size)
    answer = (slope * score + rng.normal(size=size))[item] + rng.normal(size=len(item))
    return answer + leniency * rng.normal(size=BATCHES * RATERS)[rater], rater, item, score


def means_of(answer, item) -> np.ndarray:
    return np.bincount(item, answer) / np.bincount(item)


def jackknifed(values: list[float]) -> float:
    """Return the jackknife's variance of Fisher's z."""
    z = np.arctanh(values)
    return float(((z - z.mean()) ** 2).sum() * (len(z) - 1) / len(z))


@pytest.mark.parametrize(("kind", "test"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_the_error_is_that_of_leaving_out_each_rater_item_and_vote(kind, test):
    rng = np.random.default_rng(1)
    item, rater = np.divmod(np.arange(48)[rng.permutation(48)[:40]], 4)  # 12 items, 4 raters, 8 votes lacking
    score = rng.normal(size=12)
    answer = score[item] + rng.normal(size=4)[rater] + rng.normal(size=40)

    def z_without(kept: np.ndarray) -> float:
        left = np.unique(item[kept])
        means = [answer[kept & (item == one)].mean() for one in left]
        return float(test(score[left], means).statistic)

    by_rater, by_item, by_vote = (
        jackknifed([z_without(column != one) for one in np.unique(column)])
        for column in (rater, item, np.arange(40))
    )
    joined = max(by_rater + by_item - by_vote, by_rater, by_item)
    found = item_correlations(answer, rater=rater, item=item, scores=score)[0][kind, False]
    assert found.estimate == pytest.approx(test(score, means_of(answer, item)).statistic)
    assert found.standard_error == pytest.approx((1 - found.estimate**2) * np.sqrt(joined))
    assert found.clusters == {"rater": 4, "item": 12}


def test_within_strata_only_differences_inside_them_count():
    rng = np.random.default_rng(2)
    stratum = np.repeat([0, 1], 40)
    score = rng.normal(size=80)
    answer = np.repeat(score - 5 * stratum, 3) + rng.normal(size=240)
    item, rater = np.repeat(np.arange(80), 3), np.tile(np.arange(6), 40)
    shifted = score + 3 * stratum
    (found,) = item_correlations(answer, rater=rater, item=item, scores=shifted, stratum=stratum)
    assert found["spearman", False].estimate < 0
    assert found["spearman", True].confidence_interval().low > 0.5
    (alone,) = item_correlations(answer, rater=rater, item=item, scores=shifted)
    assert alone["pearson", True].estimate == alone["pearson", False].estimate


def test_several_scores_at_once_are_the_same_as_one_by_one():
    answer, rater, item, score = batches(np.random.default_rng(3))
    other = np.random.default_rng(4).integers(0, 3, len(score)).astype(float)
    both = item_correlations(answer, rater=rater, item=item, scores=np.stack([score, other]))
    for found, one in zip(both, (score, other), strict=True):
        (single,) = item_correlations(answer, rater=rater, item=item, scores=one)
        assert {key: value.standard_error for key, value in found.items()} == pytest.approx(
            {key: value.standard_error for key, value in single.items()}
        )


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_lenient_raters_are_in_the_interval_and_samples_taken_as_independent_are_too_sure(slope):
    drawn = [batches(np.random.default_rng(seed), slope=slope) for seed in range(1000, 1000 + STUDIES)]
    alone = [
        correlation(score, means_of(answer, item), kind="spearman", test="parametric")
        for answer, _, item, score in drawn
    ]
    truth = float(np.mean([one.estimate for one in alone])) if slope else 0.0
    ours = [
        item_correlations(answer, rater=rater, item=item, scores=score)[0]["spearman", False]
        for answer, rater, item, score in drawn
    ]
    held, held_alone = (
        np.mean([low <= truth <= high for low, high in (one.confidence_interval() for one in found)])
        for found in (ours, alone)
    )
    assert held >= 0.9
    assert held_alone < held


def test_where_raters_are_alike_nothing_is_lost():
    rng = np.random.default_rng(5)
    item = np.repeat(np.arange(300), 4)
    rater = rng.integers(0, 40, len(item))
    score = rng.normal(size=300)
    answer = score[item] + rng.normal(size=300)[item] + rng.normal(size=len(item))
    found = item_correlations(answer, rater=rater, item=item, scores=score)[0]["pearson", False]
    assert 0.7 < (found.design_effect or 0) < 1.5


def test_many_raters_are_left_out_in_groups_that_a_seed_draws():
    rng = np.random.default_rng(6)
    rater, item = np.repeat(np.arange(200), 5), rng.integers(0, 100, 1000)
    item[:100] = np.arange(100)
    answer, score = rng.normal(size=1000), rng.normal(size=100)
    found, same, other = (
        item_correlations(answer, rater=rater, item=item, scores=score, seed=seed)[0]["spearman", False]
        for seed in (0, 0, 1)
    )
    assert "rater (200 in 50 groups) and item (100 in 50 groups), seed 0" in found.method
    assert found == same
    assert found.standard_error != other.standard_error
    assert found.standard_error == pytest.approx(other.standard_error, rel=0.4)


def test_one_rater_one_order_and_one_value():
    rng = np.random.default_rng(7)
    score = np.arange(30.0)
    (one,) = item_correlations(
        score + rng.normal(size=30), rater=np.zeros(30), item=np.arange(30), scores=score
    )
    assert "one rater" in one["spearman", False].notes[0]
    (perfect,) = item_correlations(
        np.tile(score, 2), rater=np.repeat([0, 1], 30), item=np.tile(np.arange(30), 2), scores=score
    )
    low, high = perfect["spearman", False].confidence_interval()
    assert 0.5 < low < high == 1.0
    (nothing,) = item_correlations(score, rater=np.arange(30) % 5, item=np.arange(30), scores=np.ones(30))
    assert nothing == {}
    with pytest.raises(InputError, match="a column for each of the 30 items"):
        item_correlations(score, rater=np.zeros(30), item=np.arange(30), scores=[1.0, 2.0])
