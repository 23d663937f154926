"""How firmly does the set with the fewest batches that hold a duplicate stand?

A batch holds a duplicate where most votes on one of its pairs say "same". A condition's share of such
batches falls by taking votes for "same" from the pairs that have most of them (the batch goes as a whole
where nothing else was said about it). It rises by taking votes for "different" from a pair until "same" has
most of those left, or, where nobody said "same" of a batch, by leaving the whole batch out. No other loss
does more for as few votes; so of each kind the cheapest come first, and every number of each is tried: what
is found is the least there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.columns import Codes, IntArray, cells, encode, same_length, sums_by, truths
from humaneval.stats.errors import InputError
from humaneval.stats.influence import WinnerInfluence
from humaneval.stats.results import FloatArray


def batch_influence_on_winner(
    same: ArrayLike, *, pair: ArrayLike, batch: ArrayLike, condition: ArrayLike, rater: ArrayLike
) -> WinnerInfluence:
    """Return how few votes, or which single rater, would change who has the smallest share of such batches.

    ``pair`` and ``batch`` (numbered anew in each condition, or not) name what a vote is about. ``lead`` is
    the runner-up's share less the winner's. The number is the least there is, among those up to half of the
    votes of the two conditions; each keeps a batch.
    """
    same_length(same=same, pair=pair, batch=batch, condition=condition, rater=rater)
    groups, who = encode(condition), encode(rater)
    if groups.size < 2:
        raise InputError("Influence on the winner needs at least two conditions.")
    votes = _Votes.of(truths(same, "same"), pair, batch, groups)
    shares = votes.shares()
    order = np.argsort(shares, kind="stable")
    first = int(order[0])
    tried = (_fewest(votes, first, int(one)) for one in order[1:])
    best = min((found for found in tried if found is not None), key=len, default=None)
    leads = _leads(votes, who, first)
    return WinnerInfluence(
        winner=groups.labels[first],
        runner_up=groups.labels[order[1]],
        lead=float(shares[order[1]] - shares[first]),
        votes_to_change=None if best is None else len(best),
        votes=np.zeros(0, dtype=np.int64) if best is None else best,
        minimal=True,
        raters=tuple(name for name, lead in leads.items() if lead < 0),
        rater_leads=leads,
    )


@dataclass(frozen=True, eq=False)
class _Votes:
    """Votes, a row each, and their pairs: how many were ``asked`` of each, how many said ``same``.

    ``batch_of`` is each pair's batch, ``group_of`` each batch's condition.
    """

    said: NDArray[np.bool_]
    pair: IntArray
    same: FloatArray
    asked: FloatArray
    batch_of: IntArray
    group_of: IntArray
    groups: int

    @classmethod
    def of(cls, said: NDArray[np.bool_], pair: ArrayLike, batch: ArrayLike, groups: Codes) -> _Votes:
        numbered = encode(batch)
        batches = cells(groups.codes, numbered.codes, numbered.size)
        named = encode(pair)
        pairs = cells(batches.codes, named.codes, named.size)
        return cls(
            said=said,
            pair=pairs.codes,
            same=sums_by(pairs.codes, said.astype(float), pairs.size),
            asked=sums_by(pairs.codes, np.ones(len(said)), pairs.size),
            batch_of=pairs.labels // named.size,
            group_of=batches.labels // numbered.size,
            groups=groups.size,
        )

    @cached_property
    def rows_of_pairs(self) -> list[IntArray]:
        """The votes about each pair."""
        return _split(self.pair)

    @cached_property
    def pairs_of_batches(self) -> list[IntArray]:
        """The pairs of each batch."""
        return _split(self.batch_of)

    def shares(self) -> FloatArray:
        """Return each condition's share of batches with a duplicate."""
        pairs = sums_by(self.batch_of, (2 * self.same > self.asked).astype(float), len(self.group_of))
        held = sums_by(self.group_of, (pairs > 0.5).astype(float), self.groups)
        return np.asarray(held / np.bincount(self.group_of, minlength=self.groups))


def _split(codes: IntArray) -> list[IntArray]:
    """Return the places of each code, in their order."""
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])


@dataclass(frozen=True, eq=False)
class _Losses:
    """Ways to lose votes that raise a condition's share of batches with a duplicate, or that lower it.

    ``turned`` are the votes (rows) of each that make a batch hold a duplicate, or no longer; ``gone`` those
    that leave a batch without a vote. Both the cheapest first. ``held`` of ``batches`` hold one before.
    """

    turned: list[IntArray]
    gone: list[IntArray]
    held: int
    batches: int
    raises: bool

    def shares(self) -> tuple[FloatArray, IntArray]:
        """Return the best share by how many votes are lost at most, and how many batches turned and went.

        "Best" is the highest where shares are raised, else the lowest.
        """
        cost_turned, cost_gone = (np.cumsum([0, *map(len, ways)]) for ways in (self.turned, self.gone))
        size = int(cost_turned[-1] + cost_gone[-1]) + 1
        sign = 1 if self.raises else -1
        turned = np.arange(len(cost_turned))
        worth, how = np.full(size, -np.inf), np.zeros((size, 2), dtype=np.int64)
        for went in range(min(len(self.gone), self.batches - 1) + 1):
            held = self.held + turned if self.raises else self.held - turned - went
            found, lost = sign * held / (self.batches - went), cost_turned + cost_gone[went]
            better = found > worth[lost]
            worth[lost[better]] = found[better]
            how[lost[better]] = np.stack([turned[better], np.full(int(better.sum()), went)], axis=1)
        best = np.maximum.accumulate(worth)
        at = np.maximum.accumulate(np.where(worth == best, np.arange(size), 0))
        return sign * best, how[at]

    def rows(self, turned: int, went: int) -> IntArray:
        """Return the votes of so many of the cheapest ways."""
        return np.concatenate([np.zeros(0, np.int64), *self.turned[:turned], *self.gone[:went]])


def _fewest(votes: _Votes, first: int, challenger: int) -> IntArray | None:
    """Return the fewest votes without which the challenger's share is below the first's."""
    own, other = _losses(votes, first, raises=True), _losses(votes, challenger, raises=False)
    (high, of_own), (low, of_other) = own.shares(), other.shares()
    needed = np.searchsorted(-low, -high, side="right")
    total = np.where(needed < len(low), np.arange(len(high)) + needed, len(votes.pair))
    at = int(total.argmin())
    involved = np.isin(votes.group_of[votes.batch_of[votes.pair]], (first, challenger)).sum()
    if total[at] > max(int(involved) // 2, 1):
        return None
    return np.sort(np.concatenate([own.rows(*of_own[at]), other.rows(*of_other[needed[at]])]))


def _losses(votes: _Votes, group: int, *, raises: bool) -> _Losses:
    of_pair, in_batch = votes.rows_of_pairs, votes.pairs_of_batches
    turned: list[IntArray] = []
    gone: list[IntArray] = []
    held = 0
    mine = [in_batch[batch] for batch in np.flatnonzero(votes.group_of == group).tolist()]
    for pairs in mine:
        same, asked = votes.same[pairs], votes.asked[pairs]
        holds = bool((2 * same > asked).any())
        held += holds
        if holds == raises:
            continue
        rows = [of_pair[one] for one in pairs]
        if raises:
            lost = _to_a_duplicate(votes, rows, same, asked)
            whole = lost is None
        else:
            lost, whole = _to_none(votes, rows, same, asked), bool((same == asked).all())
        (gone if whole else turned).append(np.concatenate(rows) if lost is None else lost)
    return _Losses(sorted(turned, key=len), sorted(gone, key=len), held, len(mine), raises)


def _to_a_duplicate(
    votes: _Votes, rows: list[IntArray], same: FloatArray, asked: FloatArray
) -> IntArray | None:
    """Return the fewest votes without which one of a batch's pairs is a duplicate; None where none can be."""
    cost = np.where(same > 0, asked - 2 * same + 1, np.inf)
    at = int(cost.argmin())
    return rows[at][~votes.said[rows[at]]][: int(cost[at])] if np.isfinite(cost[at]) else None


def _to_none(votes: _Votes, rows: list[IntArray], same: FloatArray, asked: FloatArray) -> IntArray:
    """Return the fewest votes without which none of a batch's pairs is a duplicate."""
    surplus = np.maximum(2 * same - asked, 0).astype(int).tolist()
    return np.concatenate([one[votes.said[one]][:many] for one, many in zip(rows, surplus, strict=True)])


def _leads(votes: _Votes, who: Codes, first: int) -> dict[Any, float]:
    """Return the winner's lead without each rater; none where it or all others have no batch then."""
    both = cells(who.codes, votes.pair, len(votes.asked))
    rater, pair = both.labels // len(votes.asked), both.labels % len(votes.asked)
    same = votes.same[pair] - sums_by(both.codes, votes.said.astype(float), both.size)
    asked = votes.asked[pair] - sums_by(both.codes, np.ones(len(votes.said)), both.size)
    fewer_held = (2 * votes.same[pair] > votes.asked[pair]).astype(float) - (2 * same > asked)
    held, count = _batches_lost(votes, rater, pair, fewer_held, (asked < 0.5).astype(float), who.size)
    counts = np.bincount(votes.group_of, minlength=votes.groups) - count
    shares = np.full(counts.shape, np.nan)
    whole = votes.shares() * np.bincount(votes.group_of, minlength=votes.groups)
    np.divide(np.round(whole) - held, counts, out=shares, where=counts > 0)
    others = np.delete(shares, first, axis=1)
    lowest = np.where(np.isnan(others), np.inf, others).min(axis=1)
    leads = np.where(np.isfinite(lowest), lowest - shares[:, first], np.nan)
    return {
        name.item() if hasattr(name, "item") else name: float(lead)
        for name, lead in zip(who.labels, leads, strict=True)
        if np.isfinite(lead)
    }


def _batches_lost(
    votes: _Votes, rater: IntArray, pair: IntArray, fewer_held: FloatArray, gone: FloatArray, raters: int
) -> tuple[FloatArray, FloatArray]:
    """Return by rater and condition how many fewer batches hold a duplicate, and are there, without them."""
    batches = len(votes.group_of)
    touched = cells(rater, votes.batch_of[pair], batches)
    batch = touched.labels % batches
    key = (touched.labels // batches) * votes.groups + votes.group_of[batch]
    found = []
    for now, lost in (((2 * votes.same > votes.asked), fewer_held), (votes.asked > 0, gone)):
        pairs = sums_by(votes.batch_of, now.astype(float), batches)[batch]
        left = pairs - sums_by(touched.codes, lost, touched.size)
        fewer = (pairs > 0.5).astype(float) - (left > 0.5)
        found.append(sums_by(key, fewer, raters * votes.groups).reshape(raters, votes.groups))
    return found[0], found[1]
