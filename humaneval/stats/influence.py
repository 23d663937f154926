"""How firmly does the winner stand: what would have to be left out to change who is first?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.bradley_terry import bradley_terry
from humaneval.stats.columns import encode, encode_together, same_length, sums_by, truths
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.plackett_luce import Ballots, ballots_of
from humaneval.stats.results import FloatArray

MOST_REFITTED = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class WinnerInfluence:
    """What the winner's lead over the runner-up rests on.

    ``votes_to_change`` is how few votes, left out, put another condition first (None if not found within half
    of all votes, or as many as leave each condition some), ``votes`` are their row numbers. ``minimal`` says
    that no fewer can; without it their number is an upper bound. ``raters`` lists raters whose leaving alone
    does, ``rater_leads`` maps each rater to the lead without them (in logits, or in the answer's unit;
    negative where the winner falls).
    """

    winner: Any
    runner_up: Any
    lead: float
    votes_to_change: int | None
    votes: NDArray[np.int64]
    minimal: bool
    raters: tuple[Any, ...]
    rater_leads: dict[Any, float]


def winner_influence(
    *,
    winner: ArrayLike,
    loser: ArrayLike,
    rater: ArrayLike,
    tie: ArrayLike | None = None,
) -> WinnerInfluence:
    """Return how few votes, or which single rater, would change the first place.

    Votes are ordered by their influence on the lead (the half-win Bradley-Terry's Newton step, as
    Broderick, Giordano and Meager 2020), the smallest set that overturns it is found by bisection, and the
    model is refitted without it: what is reported did happen, though another set may do with fewer. Votes of
    one outcome of one pair are alike, so that refits cost what the pairs cost, not the votes.
    """
    n = same_length(winner=winner, loser=loser, rater=rater, tie=tie)
    votes = _tabulated(winner, loser, np.zeros(n, bool) if tie is None else truths(tie, "tie"))
    return _influence(votes, rater)


def ranking_influence(
    rankings: Sequence[Sequence[Any]] | ArrayLike | None = None,
    *,
    rater: ArrayLike,
    best: ArrayLike | None = None,
    worst: ArrayLike | None = None,
    offered: Sequence[Sequence[Any]] | ArrayLike | None = None,
) -> WinnerInfluence:
    """Return how few rankings (or best-worst choices), or which single rater, would change the first place.

    The same as :func:`winner_influence`, by Plackett-Luce; ballots are given as :func:`plackett_luce` takes
    them. A ballot's influence on the lead is its score times the inverse information.
    """
    ballots = ballots_of(rankings, best=best, worst=worst, offered=offered)
    if len(encode(rater)) != len(ballots.kind):
        raise InputError(f"{len(encode(rater))} raters for {len(ballots.kind)} rankings.")
    return _influence(ballots, rater)


def _influence(votes: _Votes | Ballots, rater: ArrayLike) -> WinnerInfluence:
    strengths, labels = votes.fit(votes.counts)
    if len(labels) < 2:
        raise InputError("Influence on the winner needs at least two conditions.")
    order = np.argsort(-strengths, kind="stable")
    first = order[0]
    best: NDArray[np.int64] | None = None
    for challenger in order[1:4]:
        found = _fewest(votes, labels, strengths, int(first), int(challenger))
        if found is not None and (best is None or len(found) < len(best)):
            best = found
    who = encode(rater)
    leads = _leads_without_raters(votes, strengths, who.codes, who.labels, labels[first])
    return WinnerInfluence(
        winner=labels[first],
        runner_up=labels[order[1]],
        lead=float(strengths[first] - strengths[order[1]]),
        votes_to_change=None if best is None else len(best),
        votes=np.zeros(0, dtype=np.int64) if best is None else best,
        minimal=False,
        raters=tuple(name for name, lead in leads.items() if lead < 0),
        rater_leads=leads,
    )


@dataclass(frozen=True, eq=False)
class _Votes:
    """Votes as kinds: ``winner``, ``loser``, ``tie`` and ``counts`` a kind, ``kind`` of each vote."""

    labels: NDArray[Any]
    winner: NDArray[np.int64]
    loser: NDArray[np.int64]
    tie: NDArray[np.bool_]
    counts: FloatArray
    kind: NDArray[np.int64]

    def fit(self, counts: FloatArray) -> tuple[FloatArray, NDArray[Any]]:
        """Fit so many votes of each kind; return strengths and the labels that they belong to."""
        kept = counts > 0
        found = bradley_terry(
            winner=self.labels[self.winner[kept]],
            loser=self.labels[self.loser[kept]],
            tie=self.tie[kept],
            counts=counts[kept],
            cluster="none",
        )
        return found.estimate, found.labels

    def shifts(self, strengths: FloatArray) -> FloatArray:
        """Return what one vote of each kind adds to every strength, to first order (kinds, conditions)."""
        chance = 1 / (1 + np.exp(-(strengths[self.winner] - strengths[self.loser])))
        residual = np.where(self.tie, 0.5, 1.0) - chance
        curve = chance * (1 - chance) * self.counts
        k = len(self.labels)
        information = np.full((k, k), 1.0 / k)
        np.add.at(information, (self.winner, self.winner), curve)
        np.add.at(information, (self.loser, self.loser), curve)
        np.add.at(information, (self.winner, self.loser), -curve)
        np.add.at(information, (self.loser, self.winner), -curve)
        inverse = np.linalg.inv(information)
        return np.asarray(residual[:, None] * (inverse[self.winner] - inverse[self.loser]))


def _tabulated(winner: ArrayLike, loser: ArrayLike, tie: NDArray[np.bool_]) -> _Votes:
    (won, lost), labels = encode_together(winner, loser)
    k = len(labels)
    key = encode((tie * np.int64(k) + won) * k + lost)
    pair, second = np.divmod(key.labels, k)
    tied, first = np.divmod(pair, k)
    return _Votes(
        labels, first, second, tied.astype(bool), sums_by(key.codes, np.ones(len(won)), key.size), key.codes
    )


def _fewest(
    votes: _Votes | Ballots, labels: NDArray[Any], strengths: FloatArray, first: int, challenger: int
) -> NDArray[np.int64] | None:
    """Return the fewest of the most influential votes without which the challenger is ahead."""
    direction = np.zeros(len(labels))
    direction[first], direction[challenger] = 1.0, -1.0
    order = np.argsort(-(votes.shifts(strengths) @ direction), kind="stable")
    upto = np.cumsum(votes.counts[order])

    def without(count: int) -> FloatArray:
        taken = np.clip(count - (upto - votes.counts[order]), 0, votes.counts[order])
        kept = votes.counts.copy()
        kept[order] -= taken
        return kept

    def refitted(count: int) -> FloatArray | None:
        try:
            fitted, present = votes.fit(without(count))
        except NotEstimableError:
            return None
        return fitted if len(present) == len(labels) else None

    def overturned(count: int) -> bool:
        fitted = refitted(count)
        return fitted is not None and bool(fitted[challenger] > fitted[first])

    # Half of all votes may be all of a condition's: then as many as leave each of them some are tried.
    most = max(int(votes.counts.sum()) // 2, 1)
    high = most if refitted(most) is not None else _first(lambda count: refitted(count) is None, most) - 1
    if high < 1 or not overturned(high):
        return None
    high = _first(overturned, high)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return np.sort(np.argsort(rank[votes.kind], kind="stable")[:high])


def _first(holds: Callable[[int], bool], known: int) -> int:
    """Return the smallest count from which something holds, by bisection; it does at the ``known`` one."""
    low, high = 0, known
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _leads_without_raters(
    votes: _Votes | Ballots, strengths: FloatArray, rater: NDArray[np.int64], names: NDArray[Any], winner: Any
) -> dict[Any, float]:
    """Return the winner's lead without each rater; raters who gave the same votes are fitted once.

    The hundred different ones whose leaving counts most are refitted; the others are told to first order,
    which is as good for who is one of thousands.
    """
    shifts, raters = votes.shifts(strengths)[votes.kind], len(names)
    moved = np.stack([sums_by(rater, column, raters) for column in shifts.T], axis=1)
    first = int(np.flatnonzero(votes.labels == winner)[0])
    shifted = strengths - moved
    near = shifted[:, first] - np.delete(shifted, first, axis=1).max(axis=1)
    leads: list[float | None] = near.tolist()
    given = np.split(votes.kind[np.argsort(rater, kind="stable")], np.cumsum(np.bincount(rater))[:-1])
    fitted: dict[bytes, float | None] = {}
    for place in np.argsort(near, kind="stable").tolist():
        kinds = np.sort(given[place])
        if (key := kinds.tobytes()) not in fitted:
            if len(fitted) == MOST_REFITTED:
                break
            left = votes.counts - np.bincount(kinds, minlength=len(votes.counts))
            fitted[key] = _lead(votes, left, winner)
        leads[place] = fitted[key]
    return {
        name.item() if hasattr(name, "item") else name: float(lead)
        for name, lead in zip(names, leads, strict=True)
        if lead is not None
    }


def _lead(votes: _Votes | Ballots, counts: FloatArray, winner: Any) -> float | None:
    try:
        strengths, labels = votes.fit(counts)
    except NotEstimableError:
        return None
    place = int(np.flatnonzero(labels == winner)[0]) if winner in labels else None
    if place is None or len(labels) < 2:
        return None
    return float(strengths[place] - np.delete(strengths, place).max())
