"""Uniqueness, near-duplicates, the birthday test, memorisation, Vendi score, sliced Wasserstein distance."""

from __future__ import annotations

import numpy as np
import pytest

from metrics import (
    birthday_test,
    memorisation,
    near_duplicates,
    sliced_wasserstein,
    unique_fraction,
    vendi_score,
)
from metrics.copies import batch_duplicates
from metrics.errors import InvalidInput
from metrics.vendi import vendi_score_of_similarities


def test_repeats_are_counted_exactly_and_named():
    found = unique_fraction(["a", "b", "a", "c", "a", "b"])
    assert found.value == 0.5
    assert found.groups == ((0, 2, 4), (1, 5))


def test_rows_of_an_array_are_compared_bit_by_bit():
    x = np.array([[1.0, 2], [1, 2], [1, np.nextafter(2, 3)]])
    assert unique_fraction(x).unique == 2


def test_an_empty_set_is_refused():
    with pytest.raises(InvalidInput, match="without samples"):
        unique_fraction([])


def test_repeats_inside_batches_are_found():
    assert batch_duplicates(["a", "a", "b", "c"], batch=2) == 0.5


def test_near_repeats_are_found_at_the_real_sets_own_distance():
    rng = np.random.default_rng(0)
    real, generated = rng.standard_normal((300, 4)), rng.standard_normal((200, 4))
    generated[:40:2] = generated[1:40:2] + 1e-6
    found = near_duplicates(real, generated)
    assert 0.2 <= found.fraction <= 0.25
    assert len({(a, b) for a, b, _ in found.pairs}) == len(found.pairs)
    assert {(2 * i, 2 * i + 1) for i in range(20)} <= {(a, b) for a, b, _ in found.pairs}


def test_fresh_samples_repeat_as_rarely_as_real_ones():
    rng = np.random.default_rng(1)
    shares = [
        near_duplicates(
            rng.standard_normal((400, 3)), rng.standard_normal((300, 3)), quantile=0.05, seed=i
        ).fraction
        for i in range(20)
    ]
    assert np.mean(shares) == pytest.approx(0.05, abs=0.015)


def test_a_smaller_real_set_is_said():
    rng = np.random.default_rng(0)
    found = near_duplicates(rng.standard_normal((50, 3)), rng.standard_normal((90, 3)))
    assert "50 real samples for 90" in found.warnings[0]


def test_the_birthday_test_sees_a_small_support():
    rng = np.random.default_rng(0)
    support = rng.standard_normal((100, 8))
    generated = support[rng.integers(0, 100, 4000)]
    found = birthday_test(generated, 1e-6, batch=12)
    expected = 1 - np.prod([1 - i / 100 for i in range(12)])
    assert found.share == pytest.approx(expected, abs=4 * found.standard_error)
    assert found.support == pytest.approx(100, rel=0.2)


def test_the_birthday_test_of_different_samples_sees_none():
    found = birthday_test(np.random.default_rng(0).standard_normal((200, 8)), 1e-6)
    assert found.share == 0
    assert np.isinf(found.support)


def test_copies_of_training_samples_are_found_with_the_sample_they_copy():
    rng = np.random.default_rng(0)
    training, generated = rng.standard_normal((300, 6)), rng.standard_normal((100, 6))
    generated[:30] = training[50:80] + 1e-4
    found = memorisation(training, generated)
    assert found.nearest[:30].tolist() == list(range(50, 80))
    assert 0.3 <= found.fraction < 0.4


def test_vendi_scores_of_known_matrices():
    assert vendi_score(np.eye(7)).value == pytest.approx(7)
    assert vendi_score(np.ones((9, 4))).value == pytest.approx(1)
    two = vendi_score(np.repeat(np.eye(2), [3, 1], axis=0))
    assert two.value == pytest.approx(np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25))))


@pytest.mark.parametrize("q", [0, 0.5, 1, 2, np.inf])
def test_vendi_scores_of_every_order_follow_the_spectrum(q):
    p = np.array([0.5, 0.3, 0.2])
    rows = np.repeat(np.eye(3), [5, 3, 2], axis=0)
    expected = {0: 3, 1: np.exp(-(p * np.log(p)).sum()), np.inf: 2}.get(q)
    if expected is None:
        expected = (p**q).sum() ** (1 / (1 - q))
    assert vendi_score(rows, q).value == pytest.approx(expected, rel=1e-6)


def test_both_sides_of_the_gram_matrix_give_one_vendi_score():
    x = np.random.default_rng(0).standard_normal((30, 12))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert vendi_score(x).value == pytest.approx(vendi_score_of_similarities(x @ x.T).value, rel=1e-9)


def test_vectors_without_direction_and_wrong_matrices_are_refused():
    with pytest.raises(InvalidInput, match="no direction"):
        vendi_score(np.zeros((3, 2)))
    with pytest.raises(InvalidInput, match="must be 1"):
        vendi_score_of_similarities(2 * np.eye(3))
    with pytest.raises(InvalidInput, match="order q"):
        vendi_score(np.eye(2), -1)


def test_the_sliced_distance_of_a_shift_is_its_square_over_the_dimension():
    x = np.random.default_rng(0).standard_normal((400, 5))
    found = sliced_wasserstein(x, x + 2.0, projections=4000)
    assert found.value == pytest.approx(4.0, rel=0.06)
    assert sliced_wasserstein(x, x.copy()).value == 0


def test_the_sliced_distance_takes_sets_of_different_sizes():
    x = np.random.default_rng(0).standard_normal((400, 3))
    assert sliced_wasserstein(x, np.repeat(x, 3, axis=0)).value == pytest.approx(0, abs=1e-3)
