"""From the share of batches with a duplicate to the number of different images."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.stats import StatsError
from humaneval.stats.birthday import support_of, support_size


def test_twenty_three_people_share_a_birthday_half_the_time():
    assert support_of(0.5073, 23) == pytest.approx(365, rel=0.001)
    assert support_of(0.7063, 30) == pytest.approx(365, rel=0.001)


def test_the_interval_covers_the_true_support_as_often_as_it_says():
    random, covered, truth, size, batches = np.random.default_rng(8), 0, 2000, 60, 30
    repeats = 200
    for _ in range(repeats):
        drawn = random.integers(truth, size=(batches, size))
        held = sum(len(set(batch)) < size for batch in drawn.tolist())
        low, high = support_size(duplicates=held, batches=batches, batch_size=size).confidence_interval()
        covered += low <= truth <= high
    assert covered / repeats >= 0.93


def test_no_and_only_duplicates_give_a_bound_in_words():
    with pytest.raises(StatsError, match="at least about 3,"):
        support_size(duplicates=0, batches=10, batch_size=50)
    with pytest.raises(StatsError, match="at most about"):
        support_size(duplicates=10, batches=10, batch_size=50)
    assert support_of(0.0, 10) == np.inf
