"""What votes are about, where it repeats: a prompt, or the images shown, of which a vote may show several.

Votes that share an item go together, as those of one rater do. Where a vote shows several (two images side by
side, a few to be put in order), two votes share something as soon as they share one. Sums over items count
two votes that share all m of them m times, so that :meth:`Items.sets` are taken off m - 1 times: exact for
pairs (Aronow, Samii and Assenova 2015, dyadic clusters); of m > 2 votes that share some but not all count
more than once, which is on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.columns import Codes, IntArray, cells, encode
from humaneval.stats.errors import InputError

NONE = -1


@dataclass(frozen=True, eq=False)
class Items:
    """``codes`` (N x m) are the items of each vote, -1 where it has fewer; ``name`` says what they are."""

    codes: IntArray
    size: int
    name: str = "item"
    within: tuple[Items, Codes] | None = None
    """Where each rater's items are their own: the items as all raters share them, and the raters."""

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Items:
        """Return the items of some votes (a mask, or their places)."""
        return Items(self.codes[rows], self.size, self.name)

    @property
    def several(self) -> bool:
        """Whether a vote may have more than one."""
        return self.codes.shape[1] > 1

    @property
    def columns(self) -> list[IntArray]:
        """The items of all votes, a column each; ``size`` where a vote has none."""
        return [np.where(column == NONE, self.size, column) for column in self.codes.T]

    def one_code(self) -> Codes:
        """Return the items of votes that have one each. Raises InputError where they may have several."""
        if self.several or (self.codes == NONE).any():
            raise InputError("One item a vote is taken here.")
        return Codes(self.codes[:, 0], np.arange(self.size))

    def packed(self) -> Items:
        """Return the items as 0..k-1 of those that occur, each once a vote, in ascending order."""
        if self._is_ordered():
            return self._recoded()
        codes = np.sort(self.codes, axis=1)
        codes[:, 1:][codes[:, 1:] == codes[:, :-1]] = NONE
        return Items(np.sort(codes, axis=1), self.size, self.name)._recoded()

    def _is_ordered(self) -> bool:
        """Whether the items of each vote are in ascending order, after those that are none, each once."""
        before, after = self.codes[:, :-1], self.codes[:, 1:]
        return bool(((after > before) | ((after == NONE) & (before == NONE))).all())

    def _recoded(self) -> Items:
        """Return the items as 0..k-1 of those that occur, without columns in which no vote has one."""
        there = self.codes != NONE
        if there.all() and self.codes.size:
            found = encode(self.codes.ravel())
            return Items(found.codes.reshape(self.codes.shape), found.size, self.name)
        found = encode(self.codes[there]) if there.any() else Codes(np.zeros(0, np.int64), np.zeros(0))
        codes = np.full(self.codes.shape, NONE, dtype=np.int64)
        codes[there] = found.codes
        used = there.any(axis=0)
        used[-1] = True
        return Items(codes[:, used], found.size, self.name)

    def sets(self) -> tuple[Codes, IntArray]:
        """Return each vote's items as one code, and how many items there are in each set beyond the first."""
        if self.within is None:
            return self._own_sets
        shared, rater = self.within
        sets, beyond = shared.sets()
        both = cells(rater.codes, sets.codes, sets.size)
        return both, beyond[both.labels % sets.size]

    @cached_property
    def _own_sets(self) -> tuple[Codes, IntArray]:
        place = np.zeros(len(self), dtype=np.int64)
        for column in self.columns:
            place = cells(place, column, self.size + 1).codes
        found = encode(place)
        beyond = np.zeros(found.size, dtype=np.int64)
        beyond[found.codes] = np.maximum((self.codes != NONE).sum(axis=1) - 1, 0)
        return found, beyond

    def with_raters(self, rater: Codes) -> Items:
        """Return what each rater had of each item, as items of their own."""
        joined = np.where(self.codes == NONE, NONE, rater.codes[:, None] * self.size + self.codes)
        own = Items(joined, rater.size * self.size, f"rater and {self.name}").packed()
        return replace(own, within=(self, rater))

    def crossed(self, rater: Codes) -> bool:
        """Whether some item was answered by more than one rater."""
        someone = np.zeros(self.size + 1, dtype=np.int64)
        for column in self.columns:
            someone[column] = rater.codes
        return any(
            bool(((someone[column] != rater.codes) & (column < self.size)).any()) for column in self.columns
        )


def named_items(labels: ArrayLike, name: str, *, none: Any = None) -> Items:
    """Return labels of items, one a vote or (N x m) several, under a name such as "prompt" or "image".

    ``none`` is the label of no item, where a vote may have fewer than m.
    """
    table = np.asarray(labels)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2:
        raise InputError(f"item= is one column, or one a place in the vote, not {table.ndim} dimensions.")
    there = np.ones(table.shape, dtype=bool) if none is None else table != none
    codes = np.full(table.shape, NONE, dtype=np.int64)
    found = encode(table[there]) if there.any() else Codes(np.zeros(0, np.int64), np.zeros(0))
    codes[there] = found.codes
    return Items(codes, found.size, name)


Repeating = ArrayLike | Items
"""What estimators take as ``item=``: labels, one a vote or several (N x m), or :class:`Items`."""


def as_items(item: Repeating | None) -> Items | None:
    """Return what was given as ``item=``, coded by those that occur; ``None`` without any."""
    if item is None:
        return None
    found = (item if isinstance(item, Items) else named_items(item, "item")).packed()
    return found if found.size else None
