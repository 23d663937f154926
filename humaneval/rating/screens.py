"""What goes where on a rater's screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Screen:
    """The order of one assignment on screen.

    ``order`` is the slot at each place. ``cells`` holds, for each place, the order of that slot's
    samples in their grid; it is empty where every slot is a single sample.
    """

    order: list[int]
    cells: list[list[int]]


def lay_out(slots: Sequence[Sequence[int]], *, turn: int, seed: int) -> Screen:
    """Return a screen for a trial's slots, grids shuffled by the seed.

    The slots are turned round: place ``p`` shows slot ``p + turn`` modulo their number.
    """
    order = [(place + turn) % len(slots) for place in range(len(slots))]
    if all(len(slot) == 1 for slot in slots):
        return Screen(order, [])
    shuffled = Random(seed)
    return Screen(order, [_shuffled_indices(len(slots[slot]), shuffled) for slot in order])


def _shuffled_indices(count: int, random: Random) -> list[int]:
    indices = list(range(count))
    random.shuffle(indices)
    return indices


def samples_at_places(slots: Sequence[Sequence[int]], screen: Screen) -> list[list[int]]:
    """Return the ids of the samples at each place, in the order of their cells."""
    placed = [list(slots[slot]) for slot in screen.order]
    if not screen.cells:
        return placed
    return [[samples[cell] for cell in cells] for samples, cells in zip(placed, screen.cells, strict=True)]
