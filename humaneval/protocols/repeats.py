"""What to tell a researcher whose side-by-side trials show the same images again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil

from humaneval.protocols.base import ConditionSpec
from humaneval.protocols.pairing import Hands, Pair, distinct_pairs

OFTEN = 10
"""Trials for each image of a set: from beyond this on raters come to know its images."""


def advice_on_meetings(
    *, pairs: Sequence[Pair], trial_count: int, match_prompts: bool, hands: Hands
) -> list[str]:
    """Return advice where two single images meet in several trials, else where images come very often."""
    each = ceil(trial_count / len(pairs))
    met = _met_again(pairs, each, match_prompts) if hands == (1, 1) else []
    return met or _seen_often(pairs, each, hands)


def _met_again(pairs: Sequence[Pair], trials: int, match_prompts: bool) -> list[str]:
    ways = [distinct_pairs(pair, match_prompts) for pair in pairs]
    return [
        f"“{left}” and “{right}” make {count:,} different pairs of images for {trials:,} trials, so pairs "
        "come in more than one trial: fewer trials with more votes each collect as much."
        for (left, right), count in zip(pairs, ways, strict=True)
        if trials > count
    ]


def _seen_often(pairs: Sequence[Pair], trials: int, hands: Hands) -> list[str]:
    shown: Counter[int] = Counter()
    sets: dict[int, ConditionSpec] = {}
    for pair in pairs:
        for condition, hand in zip(pair, hands, strict=True):
            shown[condition.id] += trials * hand
            sets[condition.id] = condition
    return [
        f"“{sets[one]}” has {len(sets[one].samples):,} samples, each in about "
        f"{round(count / len(sets[one].samples)):,} trials: raters come to know such images. Import more, "
        "or make fewer trials with more votes each."
        for one, count in shown.items()
        if count > OFTEN * len(sets[one].samples)
    ]
