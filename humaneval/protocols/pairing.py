"""Trials that set two conditions side by side: which samples meet, prompt by prompt where both have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from humaneval.protocols.base import ConditionSpec, TrialSpec
from humaneval.protocols.drawing import (
    Draw,
    Ints,
    balanced_turns,
    even_hands,
    even_picks,
    offsets,
    part_twins,
    rows_of,
)
from humaneval.protocols.requirements import has_prompts

Pair = tuple[ConditionSpec, ConditionSpec]
Hands = tuple[int, int]
"""How many samples of each of a pair's conditions one trial shows."""


class Pools:
    """The groups that samples are drawn from: a whole condition, or its samples of one prompt."""

    def __init__(self) -> None:
        self.samples: list[Ints] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._conditions: dict[int, dict[int, Ints]] = {}

    def number(self, condition: ConditionSpec, prompt: int) -> int:
        """Return the number of a group; prompt 0 means all samples of the condition."""
        key = (condition.id, prompt)
        if key not in self._numbers:
            self._numbers[key] = len(self.samples)
            self.samples.append(self.by_prompt(condition)[prompt] if prompt else condition.samples)
        return self._numbers[key]

    def by_prompt(self, condition: ConditionSpec) -> dict[int, Ints]:
        """Return a condition's samples of each prompt, in the order in which prompts first come."""
        if condition.id not in self._conditions:
            self._conditions[condition.id] = _split(condition)
        return self._conditions[condition.id]


def _split(condition: ConditionSpec) -> dict[int, Ints]:
    prompts, first, inverse = np.unique(condition.prompts, return_index=True, return_inverse=True)
    members = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    in_order = [index for index in np.argsort(first) if prompts[index] > 0]
    return {int(prompts[index]): condition.samples[members[index]] for index in in_order}


def meetings(
    *, pairs: Sequence[Pair], trial_count: int, seed: int, match_prompts: bool, hands: Hands, places: int
) -> Iterator[TrialSpec]:
    """Yield trials that show a hand of each of a pair's conditions: slot 0 the first's, slot 1 the second's.

    Every pair comes equally often, each pair's prompts and samples evenly. ``turn`` is below ``places`` and
    balanced within each pair and overall, to within one trial. Every pair needs :func:`shared_prompts`.
    """
    draw, pools = Draw(seed), Pools()
    pair_of = even_picks(draw, "pairs", np.zeros(trial_count, np.int64), np.array([len(pairs)]))
    subject_sizes, subject_prompts, subject_groups = _subjects(pairs, pools, match_prompts, hands)
    nth = even_picks(draw, "prompts", pair_of, subject_sizes)
    subject = offsets(subject_sizes)[pair_of] + nth
    left, right = _deal(draw, pools, subject_groups[subject], hands)
    if hands == (1, 1):
        right = part_twins(draw, "twins", subject, left[:, 0], right[:, 0])[:, None]
    turns = balanced_turns(draw, "sides", pair_of, places)
    for number, row in enumerate(rows_of(pair_of, subject_prompts[subject], left, right, turns)):
        pair, prompt, first, second, turn = row
        yield TrialSpec(
            number=number,
            condition=pairs[pair][0].id,
            slots=(tuple(first), tuple(second)),
            other=pairs[pair][1].id,
            prompt=prompt or None,
            turn=turn,
        )


def shared_prompts(pair: Pair, match_prompts: bool, hands: Hands) -> list[int]:
    """Return the prompts of which both conditions have samples enough for their hands.

    A pair that is not matched prompt by prompt counts as having the one prompt 0.
    """
    if match_prompts and has_prompts(pair[0]) and has_prompts(pair[1]):
        right = set(_plentiful(pair[1], hands[1]))
        return [prompt for prompt in _plentiful(pair[0], hands[0]) if prompt in right]
    return [0] if all(len(c.samples) >= hand for c, hand in zip(pair, hands, strict=True)) else []


def distinct_pairs(pair: Pair, match_prompts: bool) -> int:
    """Return how many different pairs of single images two conditions make, prompt by prompt if matched."""
    prompts = shared_prompts(pair, match_prompts, (1, 1))
    if prompts == [0]:
        return len(pair[0].samples) * len(pair[1].samples)
    left, right = (_split(condition) for condition in pair)
    return sum(len(left[prompt]) * len(right[prompt]) for prompt in prompts)


def _plentiful(condition: ConditionSpec, hand: int) -> list[int]:
    """Return the prompts with at least ``hand`` samples, in the order in which they first come."""
    return [prompt for prompt, samples in _split(condition).items() if len(samples) >= hand]


def _subjects(
    pairs: Sequence[Pair], pools: Pools, match_prompts: bool, hands: Hands
) -> tuple[Ints, Ints, Ints]:
    """Return the number of prompts of each pair, all pairs' prompts, and the two groups of each prompt."""
    sizes, prompts, groups = [], [], []
    for pair in pairs:
        shared = shared_prompts(pair, match_prompts, hands)
        sizes.append(len(shared))
        prompts += shared
        groups += [[pools.number(condition, prompt) for condition in pair] for prompt in shared]
    return np.array(sizes), np.array(prompts), np.array(groups)


def _deal(draw: Draw, pools: Pools, groups: Ints, hands: Hands) -> tuple[Ints, Ints]:
    """Return a hand for each of two groups a trial, every group's samples used evenly.

    Where both hands are of one size they are dealt together, so that a condition that stands now left, now
    right is used evenly all the same.
    """
    if hands[0] == hands[1]:
        dealt = draw_hands(draw, "samples", pools, groups.ravel(), hands[0])
        dealt = dealt.reshape(len(groups), 2, hands[0])
        return dealt[:, 0], dealt[:, 1]
    left = draw_hands(draw, "samples/left", pools, groups[:, 0], hands[0])
    return left, draw_hands(draw, "samples/right", pools, groups[:, 1], hands[1])


def draw_hands(draw: Draw, purpose: str, pools: Pools, groups: Ints, hand: int) -> Ints:
    """Return ``hand`` different samples for each of the groups (shape ``(len(groups), hand)``)."""
    sizes = np.array([len(samples) for samples in pools.samples])
    dealt = even_hands(draw, purpose, groups, sizes, hand)
    return np.concatenate(pools.samples)[offsets(sizes)[groups][:, None] + dealt]
