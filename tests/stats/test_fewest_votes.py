"""How few votes change the winner: no set of fewer does, all of them tried on small studies."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from humaneval.stats import InputError, batch_influence_on_winner, mean_influence_on_winner
from humaneval.stats.influence import WinnerInfluence


def least(votes: int, most: int, falls: Callable[[np.ndarray], bool]) -> int | None:
    """Return how many votes the smallest set has whose absence makes a winner fall, trying every set."""
    for size in range(1, most + 1):
        for gone in combinations(range(votes), size):
            kept = np.ones(votes, dtype=bool)
            kept[list(gone)] = False
            if falls(kept):
                return size
    return None


def check(found: WinnerInfluence, condition: np.ndarray, falls: Callable[[np.ndarray], bool]) -> int | None:
    """Compare with every set of votes of up to half of those of the conditions they are about."""
    sizes = {one: int((condition == one).sum()) for one in np.unique(condition).tolist()}
    most = max(sizes[one] + sizes[int(found.winner)] for one in sizes if one != found.winner) // 2
    expected = least(len(condition), most, falls)
    assert found.minimal
    assert len(found.votes) == (found.votes_to_change or 0)
    if found.votes_to_change is not None:
        kept = np.ones(len(condition), dtype=bool)
        kept[found.votes] = False
        assert falls(kept)
        assert found.votes_to_change == expected
    else:
        limits = [(sizes[one] + sizes[int(found.winner)]) // 2 for one in sizes if one != found.winner]
        assert expected is None or expected > min(limits)
    return found.votes_to_change


@pytest.mark.parametrize("points", [2, 5])
def test_no_fewer_votes_change_the_highest_mean(points: int) -> None:
    numbers = set()
    for seed in range(15):
        rng = np.random.default_rng(seed)
        condition = np.sort(np.concatenate([np.arange(3), rng.integers(0, 3, 7)]))
        answer = rng.integers(0, points, len(condition)).astype(float)
        answer[condition == 0] = np.maximum(answer[condition == 0], rng.integers(0, points))
        found = mean_influence_on_winner(answer, condition=condition, rater=np.arange(len(condition)))

        def falls(kept: np.ndarray, found=found, answer=answer, condition=condition) -> bool:
            left = {one: answer[kept & (condition == one)] for one in range(3)}
            if any(not len(one) for one in left.values()):
                return False
            means = {one: value.mean() for one, value in left.items()}
            return max(means.values()) > means[int(found.winner)] + 1e-9

        numbers.add(check(found, condition, falls))
    assert len(numbers) > 2


def test_the_fewest_are_fewer_than_those_of_most_influence_one_by_one() -> None:
    """Taken by what each moves its mean at first, five votes would have to go, not four."""
    answer = np.array([1.0] * 5 + [0.0] * 3 + [1.0] + [0.0] * 4)
    condition = np.array([0] * 8 + [1] * 5)
    found = mean_influence_on_winner(answer, condition=condition, rater=np.arange(13) % 4)
    assert (found.winner, found.votes_to_change) == (0, 4)


def shares(kept, said, pair, batch, condition) -> dict[int, float]:
    """Return each condition's share of batches with a duplicate, from the definition."""
    found = {}
    for one in np.unique(condition).tolist():
        held = []
        for number in np.unique(batch[kept & (condition == one)]).tolist():
            mine = kept & (condition == one) & (batch == number)
            pairs = [said[mine & (pair == each)] for each in np.unique(pair[mine])]
            held.append(any(2 * votes.sum() > len(votes) for votes in pairs))
        if held:
            found[one] = float(np.mean(held))
    return found


def judged(rng: np.random.Generator, votes: int = 10):
    """Return votes on few pairs, of few batches, of two or three conditions."""
    conditions = int(rng.integers(2, 4))
    condition = np.concatenate([np.arange(conditions), rng.integers(0, conditions, votes - conditions)])
    batch, place = rng.integers(0, 3, votes), rng.integers(0, 2, votes)
    said = rng.random(votes) < np.array([0.2, 0.5, 0.8])[condition]
    return said, condition * 10 + batch * 2 + place, batch, condition


def test_no_fewer_votes_change_who_has_the_fewest_batches_with_a_duplicate() -> None:
    numbers = []
    for seed in range(30):
        said, pair, batch, condition = judged(np.random.default_rng(seed))
        found = batch_influence_on_winner(
            said, pair=pair, batch=batch, condition=condition, rater=np.arange(len(said)) % 3
        )
        winner = int(found.winner)

        def falls(kept, said=said, pair=pair, batch=batch, condition=condition, winner=winner) -> bool:
            left = shares(kept, said, pair, batch, condition)
            return len(left) == len(np.unique(condition)) and min(left.values()) < left[winner]

        numbers.append(check(found, condition, falls))
        everyone = np.ones(len(said), dtype=bool)
        before = sorted(shares(everyone, said, pair, batch, condition).values())
        assert found.lead == pytest.approx(before[1] - before[0])
        for rater in range(3):
            left = shares(np.arange(len(said)) % 3 != rater, said, pair, batch, condition)
            others = [share for one, share in left.items() if one != winner]
            expected = min(others) - left[winner] if winner in left and others else None
            assert found.rater_leads.get(rater) == (None if expected is None else pytest.approx(expected))
    assert len(set(numbers)) > 3
    assert None in numbers


def test_one_condition_has_nobody_to_fall_behind() -> None:
    with pytest.raises(InputError, match="at least two conditions"):
        batch_influence_on_winner([True], pair=[1], batch=[1], condition=[1], rater=[1])
