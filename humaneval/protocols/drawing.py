"""Seeded, even draws: the arithmetic that all protocols make their trials with.

Every draw is the sorting of raw 64-bit words of PCG64 under a ``SeedSequence``. NumPy promises those
words for ever (NEP 19), while it may change how ``shuffle`` or ``choice`` use them; so a seed gives the
same trials on every machine and under every version of NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

ROWS = 5_000
"""Rows that :func:`rows_of` holds as Python's objects at a time: these take ten times an array's memory."""

STRETCH = 20
"""Places among which :func:`spread_flags` shuffles: too many to guess the last ones by counting."""


class Draw:
    """Independent streams of one seed, each known by a name, so that no draw moves another."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def words(self, purpose: str, count: int) -> NDArray[np.uint64]:
        """Return ``count`` random 64-bit words: the same ones for the same seed and purpose."""
        sequence = np.random.SeedSequence(self._seed, spawn_key=tuple(purpose.encode()))
        return np.asarray(np.random.PCG64(sequence).random_raw(count), dtype=np.uint64)


def rows_of(*columns: NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of columns of one length, as Python's own numbers and lists."""
    for first in range(0, len(columns[0]), ROWS):
        yield from zip(*(column[first : first + ROWS].tolist() for column in columns), strict=True)


def offsets(sizes: Ints) -> Ints:
    """Return where each of several runs of these sizes begins when they lie end to end."""
    return np.cumsum(sizes) - sizes


def rank_within(groups: Ints) -> Ints:
    """Return for each place how many earlier places hold the same group."""
    order = np.argsort(groups, kind="stable")
    in_order = groups[order]
    starts = np.flatnonzero(np.r_[True, in_order[1:] != in_order[:-1]]) if len(groups) else order
    sizes = np.diff(np.r_[starts, len(groups)])
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return ranks


def even_picks(draw: Draw, purpose: str, groups: Ints, sizes: Ints) -> Ints:
    """Return an index below ``sizes[group]`` for each place, every group's indices used evenly.

    ``groups`` holds a group number for each place. A group's indices come in rounds, each round a
    fresh random order of all of them, so that after any number of places no index of a group has been
    used more than once more often than another.
    """
    return even_hands(draw, purpose, groups, sizes, 1)[:, 0]


def even_hands(draw: Draw, purpose: str, groups: Ints, sizes: Ints, hand: int) -> Ints:
    """Return ``hand`` different indices for each place (shape ``(places, hand)``), used evenly.

    As :func:`even_picks`, dealing ``hand`` at a time; no hand holds an index twice. Every group that
    is drawn from needs at least ``hand`` indices.
    """
    drawn = np.bincount(groups, minlength=len(sizes)) * hand
    rounds = -(-drawn // np.maximum(sizes, 1))
    decks = _decks(draw, purpose, sizes, rounds)
    starts = offsets(rounds * sizes)
    if hand > 1:
        for group in np.flatnonzero(rounds > 1):
            deck = decks[starts[group] : starts[group] + rounds[group] * sizes[group]]
            _part_rounds(deck.reshape(rounds[group], sizes[group]), hand)
    first = starts[groups] + rank_within(groups) * hand
    return decks[first[:, None] + np.arange(hand)]


def _decks(draw: Draw, purpose: str, sizes: Ints, rounds: Ints) -> Ints:
    """Return all groups' rounds end to end, each a random order of 0 .. size - 1."""
    each_round = np.repeat(sizes, rounds)
    total = int(each_round.sum())
    round_of_cell = np.repeat(np.arange(len(each_round)), each_round)
    cell = np.arange(total) - np.repeat(offsets(each_round), each_round)
    return cell[np.lexsort((draw.words(purpose, total), round_of_cell))]


def _part_rounds(deck: Ints, hand: int) -> None:
    """Reorder rounds in place where a hand that spans two of them would hold an index twice."""
    size = deck.shape[1]
    for number in range(1, len(deck)):
        carried = (number * size) % hand
        if not carried:
            continue
        before, after = deck[number - 1], deck[number]
        clash = np.isin(after, before[size - carried :])
        if clash[: hand - carried].any():
            head = np.flatnonzero(~clash)[: hand - carried]
            rest = np.delete(np.arange(size), head)
            deck[number] = after[np.r_[head, rest]]


def balanced_turns(draw: Draw, purpose: str, groups: Ints, count: int) -> Ints:
    """Return a turn below ``count`` for each place: even in each group and over all, to within one."""
    words = draw.words(purpose, len(groups))
    shuffled = np.argsort(words, kind="stable")
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[shuffled] = rank_within(groups[shuffled])
    left_over = np.bincount(groups) % count
    start = int(words[0] % np.uint64(count)) if len(words) else 0
    return (ranks + (offsets(left_over) + start)[groups]) % count


def spread_flags(draw: Draw, purpose: str, count: int, percent: int) -> NDArray[np.bool_]:
    """Return a flag for each place, ``percent`` of 100 set: in all to within one, and in every stretch.

    Each aligned run of :data:`STRETCH` places holds its share to within one, in random order; so whoever
    is shown a part of the places in order meets nearly the same share.
    """
    marks = np.arange(count + 1) * percent // 100
    order = np.lexsort((draw.words(purpose, count), np.arange(count) // STRETCH))
    return (np.diff(marks) > 0)[order]


def part_twins(draw: Draw, purpose: str, groups: Ints, left: Ints, right: Ints) -> Ints:
    """Return ``right`` with values swapped inside groups so that few (left, right) pairs come twice.

    Swaps keep how often each value is used. Each attempt reshuffles the twins among as many other
    places of their group and is kept if it parts some; where a group has more places than different
    pairs, twins must stay.
    """
    twins = _twins(left, right)
    for attempt in range(20):
        if not twins.any():
            break
        words = draw.words(f"{purpose}/{attempt}", 2 * len(groups))
        candidate = _reshuffled(right, groups, twins, words[: len(groups)], words[len(groups) :])
        remaining = _twins(left, candidate)
        if remaining.sum() < twins.sum():
            right, twins = candidate, remaining
    return right


def _reshuffled(
    values: Ints,
    groups: Ints,
    twins: NDArray[np.bool_],
    choice: NDArray[np.uint64],
    order: NDArray[np.uint64],
) -> Ints:
    """Return the values with those of twins, and of as many random peers, shuffled inside each group."""
    by_need = np.lexsort((choice, ~twins, groups))
    quota = 2 * np.bincount(groups, weights=twins).astype(np.int64)
    chosen = by_need[rank_within(groups[by_need]) < quota[groups[by_need]]]
    moved = values.copy()
    moved[chosen] = values[chosen][np.lexsort((order[chosen], groups[chosen]))]
    return moved


def _twins(left: Ints, right: Ints) -> NDArray[np.bool_]:
    """Return which places hold a pair that an earlier place holds already."""
    order = np.lexsort((right, left))
    same = (left[order][1:] == left[order][:-1]) & (right[order][1:] == right[order][:-1])
    twin = np.zeros(len(left), dtype=bool)
    twin[order[1:][same]] = True
    return twin
