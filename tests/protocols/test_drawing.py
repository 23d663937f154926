"""Even, seeded draws."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humaneval.protocols.drawing import (
    STRETCH,
    Draw,
    balanced_turns,
    even_hands,
    even_picks,
    part_twins,
    rank_within,
    spread_flags,
)


def test_the_words_of_a_seed_are_those_that_numpy_promises_for_ever():
    sequence = np.random.SeedSequence(42, spawn_key=tuple(b"samples"))
    expected = np.random.PCG64(sequence).random_raw(3)
    assert Draw(42).words("samples", 3).tolist() == expected.tolist()
    assert Draw(42).words("samples", 3).tolist() == [
        2412181671393316798,
        5013639627009047891,
        10393276167150626920,
    ]


def test_purposes_and_seeds_are_independent_streams():
    draws = [Draw(1).words("a", 50), Draw(1).words("b", 50), Draw(2).words("a", 50)]
    assert len({tuple(draw.tolist()) for draw in draws}) == 3


def test_rank_within_counts_earlier_places_of_the_same_group():
    assert rank_within(np.array([3, 1, 3, 3, 1])).tolist() == [0, 0, 1, 2, 1]
    assert rank_within(np.array([], dtype=np.int64)).tolist() == []


@given(
    groups=st.lists(st.integers(0, 4), max_size=80),
    sizes=st.lists(st.integers(1, 9), min_size=5, max_size=5),
    seed=st.integers(0, 2**31 - 1),
)
def test_no_index_is_ever_picked_more_than_once_more_than_another(groups, sizes, seed):
    picks = even_picks(Draw(seed), "x", np.array(groups, dtype=np.int64), np.array(sizes))
    for group, size in enumerate(sizes):
        mine = picks[np.array(groups, dtype=np.int64) == group]
        for end in range(1, len(mine) + 1):
            used = np.bincount(mine[:end], minlength=size)
            assert len(used) == size
            assert used.max() - used.min() <= 1


@given(
    groups=st.lists(st.integers(0, 2), max_size=60),
    sizes=st.lists(st.integers(4, 11), min_size=3, max_size=3),
    hand=st.integers(1, 4),
    seed=st.integers(0, 2**31 - 1),
)
def test_hands_hold_no_index_twice_and_use_all_evenly(groups, sizes, hand, seed):
    numbers = np.array(groups, dtype=np.int64)
    hands = even_hands(Draw(seed), "x", numbers, np.array(sizes), hand)
    assert hands.shape == (len(groups), hand)
    assert all(len(set(row)) == hand for row in hands.tolist())
    for group, size in enumerate(sizes):
        used = np.bincount(hands[numbers == group].ravel(), minlength=size)
        assert len(used) == size
        assert used.max() - used.min() <= 1


@given(
    groups=st.lists(st.integers(0, 5), max_size=100),
    count=st.integers(2, 6),
    seed=st.integers(0, 2**31 - 1),
)
def test_turns_are_balanced_in_each_group_and_overall(groups, count, seed):
    numbers = np.array(groups, dtype=np.int64)
    turns = balanced_turns(Draw(seed), "x", numbers, count)
    for mine in (turns, *(turns[numbers == group] for group in set(groups))):
        often = np.bincount(mine, minlength=count)
        assert len(often) == count
        assert often.max() - often.min() <= 1


@given(count=st.integers(0, 300), percent=st.integers(10, 90), seed=st.integers(0, 2**31 - 1))
def test_flags_hold_their_share_in_all_and_in_every_stretch(count, percent, seed):
    flags = spread_flags(Draw(seed), "x", count, percent)
    assert abs(flags.sum() - count * percent / 100) < 1
    for start in range(0, count - STRETCH, STRETCH):
        assert abs(flags[start : start + STRETCH].sum() - STRETCH * percent / 100) < 1


@pytest.mark.parametrize("flags", [balanced_turns(Draw(3), "x", np.zeros(2000, np.int64), 2), None])
def test_sides_and_kinds_are_not_in_a_pattern_that_a_rater_could_learn(flags):
    flags = spread_flags(Draw(3), "x", 2000, 50).astype(int) if flags is None else flags
    follows = np.corrcoef(flags[1:], flags[:-1])[0, 1]
    assert abs(follows) < 0.1


def test_twins_are_parted_and_each_value_stays_as_frequent():
    groups = np.repeat([0, 1], 200)
    left, right = np.tile(np.arange(20), 20), np.random.default_rng(1).permutation(np.tile(np.arange(20), 20))
    parted = part_twins(Draw(9), "x", groups, left + 100 * groups, right)
    pairs = Counter(zip((left + 100 * groups).tolist(), parted.tolist(), strict=True))
    before = Counter(zip((left + 100 * groups).tolist(), right.tolist(), strict=True))
    assert max(before.values()) > 1
    assert sum(count - 1 for count in pairs.values()) <= 2
    for group in (0, 1):
        assert Counter(parted[groups == group].tolist()) == Counter(right[groups == group].tolist())


@pytest.mark.parametrize("places", [1, 30])
def test_twins_that_must_stay_do_no_harm(places):
    zeros = np.zeros(places, np.int64)
    assert part_twins(Draw(9), "x", zeros, zeros, zeros).tolist() == zeros.tolist()
