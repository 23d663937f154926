"""Dawid-Skene, one-coin, MACE and rater quality."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.stats import (
    NotEstimableError,
    dawid_skene,
    gold_accuracy,
    mace,
    one_coin,
    rater_quality,
    reliability_weighted_means,
    repeat_consistency,
)

ANAESTHETISTS_ROWS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223
2322223 4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111
2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222
1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""
ANAESTHETISTS = ANAESTHETISTS_ROWS.split()


def _anaesthetists():
    rows = [
        (patient, max(0, place - 2), int(digit))
        for patient, digits in enumerate(ANAESTHETISTS)
        for place, digit in enumerate(digits)
    ]
    item, rater, answer = zip(*rows, strict=True)
    return {"item": item, "rater": rater, "answer": answer}


def test_dawid_and_skenes_own_anaesthetists():
    found = dawid_skene(**_anaesthetists())
    assert found.estimate == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    first = np.array([[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]])
    assert found.confusion[0] == pytest.approx(first, abs=0.006)
    assert found.converged


def _plain_dawid_skene(item, rater, answer, rounds):
    """Expectation-maximisation as in the paper, by loops."""
    items, raters, k = max(item) + 1, max(rater) + 1, max(answer)
    truth = np.zeros((items, k))
    for i, a in zip(item, answer, strict=True):
        truth[i, a - 1] += 1
    truth /= truth.sum(axis=1, keepdims=True)
    for _ in range(rounds):
        share = truth.mean(axis=0)
        table = np.zeros((raters, k, k))
        for i, r, a in zip(item, rater, answer, strict=True):
            table[r, :, a - 1] += truth[i]
        table /= table.sum(axis=2, keepdims=True)
        logs = np.tile(np.log(share), (items, 1))
        for i, r, a in zip(item, rater, answer, strict=True):
            logs[i] += np.log(np.maximum(table[r, :, a - 1], 1e-300))
        peak = logs.max(axis=1)
        likelihood = (np.log(np.exp(logs - peak[:, None]).sum(axis=1)) + peak).sum()
        truth = np.exp(logs - peak[:, None])
        truth /= truth.sum(axis=1, keepdims=True)
    return truth, likelihood


def test_the_sparse_steps_equal_the_loops():
    votes = _anaesthetists()
    found = dawid_skene(**votes, maximum_iterations=12, tolerance=-1.0)
    truth, likelihood = _plain_dawid_skene(votes["item"], votes["rater"], votes["answer"], 12)
    assert found.iterations == 12
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-8)
    assert found.posterior == pytest.approx(truth, abs=1e-8)


def _crowd(rng, accuracy, items=300, categories=3):
    truth = rng.integers(0, categories, items)
    raters = len(accuracy)
    rater, item = np.tile(np.arange(raters), items), np.repeat(np.arange(items), raters)
    right = rng.random(len(rater)) < np.asarray(accuracy)[rater]
    wrong = (truth[item] + rng.integers(1, categories, len(rater))) % categories
    return truth, {"rater": rater, "item": item, "answer": np.where(right, truth[item], wrong)}


@pytest.mark.parametrize("model", [dawid_skene, one_coin, mace])
def test_labels_and_accuracies_come_back_and_the_likelihood_never_falls(model):
    accuracy = [0.95, 0.9, 0.8, 0.6, 0.4, 0.34]
    truth, votes = _crowd(np.random.default_rng(1), accuracy)
    found = model(**votes)
    assert (found.label == truth).mean() >= 0.95
    assert found.accuracy == pytest.approx(accuracy, abs=0.08)
    assert np.diff(found.log_likelihoods).min() > -1e-6
    assert found.converged
    assert found.posterior.sum(axis=1) == pytest.approx(np.ones(300))


def test_one_coin_of_one_item_each_way_is_the_share():
    truth, votes = _crowd(np.random.default_rng(2), [0.9, 0.8, 0.7, 0.7])
    found = one_coin(**votes)
    expected = (found.posterior[votes["item"], votes["answer"]]).reshape(-1, 4).mean(axis=0)
    assert found.accuracy == pytest.approx(expected, abs=1e-4)
    assert (found.label == truth).mean() > 0.9


def test_mace_finds_who_does_not_look():
    rng = np.random.default_rng(1)
    truth, votes = _crowd(rng, [0.9] * 6)
    spam = votes["rater"] == 5
    votes["answer"] = np.where(spam, 1, votes["answer"])
    found = mace(**votes)
    assert found.spamming[5] > 0.9
    assert found.spamming[:5].max() < 0.4
    assert found.habit[5, 1] > 0.95
    assert (found.label == truth).mean() > 0.97


def test_answers_all_alike_tell_no_raters_apart():
    with pytest.raises(NotEstimableError, match="alike"):
        dawid_skene(rater=[1, 2], item=[1, 1], answer=["real", "real"])


def test_one_rater_is_taken_at_their_word():
    found = dawid_skene(rater=[1, 1, 1], item=[1, 2, 3], answer=[0, 1, 1])
    assert found.label.tolist() == [0, 1, 1]
    assert np.isfinite(found.standard_error).all()


def test_a_careless_rater_stands_out_and_every_sign_is_shown():
    rng = np.random.default_rng(0)
    truth, votes = _crowd(rng, [0.9] * 9 + [0.5], items=60, categories=2)
    careless = votes["rater"] == 9
    votes["answer"] = np.where(careless, 1, votes["answer"])
    milliseconds = np.where(careless, 150, rng.gamma(4, 400, len(careless)))
    first = np.where(careless, 1, rng.integers(0, 2, len(careless)))
    found = rater_quality(**votes, gold=truth[votes["item"]], response_ms=milliseconds, first=first)
    assert set(found.signs) == {"agreement", "straight_lining", "gold", "position", "speed"}
    assert found.careless[9] > 0.99
    assert found.careless[:9].max() < 0.05
    assert np.isfinite([sign.log_odds for sign in found.signs.values()]).all()


def test_few_votes_say_little_about_a_rater():
    found = rater_quality(rater=[1, 2, 2, 2, 2], item=[1, 1, 2, 3, 4], answer=[0, 1, 1, 0, 1])
    assert 0.01 < found.careless[0] < 0.2


def test_gold_and_repeats_get_intervals():
    gold = gold_accuracy(rater=[1, 1, 1, 2], answer=[0, 1, 1, 1], gold=[0.0, 1.0, 0.0, np.nan])
    assert gold[1].estimate == pytest.approx(2 / 3)
    assert 2 not in gold
    again = repeat_consistency(
        rater=[1, 1, 1, 1], item=[5, 6, 5, 6], answer=[0, 1, 0, 0], repeat=[False, False, True, True]
    )
    assert again[1].estimate == 0.5
    with pytest.raises(NotEstimableError, match="known truth"):
        gold_accuracy(rater=[1], answer=[0], gold=[None])


def test_noisy_raters_weigh_less_and_nobody_takes_it_all():
    rng = np.random.default_rng(0)
    noise = np.array([0.3, 0.3, 0.3, 2.0])
    rater, item = np.tile(np.arange(4), 200), np.repeat(np.arange(200), 4)
    condition = item % 2
    answer = condition + rng.normal(0, 0.5, 200)[item] + noise[rater] * rng.normal(size=800)
    found = reliability_weighted_means(
        answer=answer, condition=condition, rater=rater, item=item, replicates=200
    )
    assert found.rater_weight[3] < 0.2
    assert found.rater_weight[:3].max() < 1.8
    assert np.diff(found.estimate) == pytest.approx([1.0], abs=0.2)
