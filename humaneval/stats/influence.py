"""How firmly does the winner stand: what would have to be left out to change who is first?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.bradley_terry import bradley_terry
from humaneval.stats.columns import encode, same_length
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.results import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class WinnerInfluence:
    """What the winner's lead over the runner-up rests on.

    ``votes_to_change`` is how few votes, left out, put another condition first (None if not found within
    half of all votes), ``votes`` are their row numbers. ``raters`` lists raters whose leaving alone does,
    ``rater_leads`` maps each rater to the lead without them (in logits; negative where the winner falls).
    """

    winner: Any
    runner_up: Any
    lead: float
    votes_to_change: int | None
    votes: NDArray[np.int64]
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
    model is refitted without it: what is reported did happen.
    """
    n = same_length(winner=winner, loser=loser, rater=rater, tie=tie)
    votes = _Votes(
        np.asarray(winner), np.asarray(loser), np.zeros(n, bool) if tie is None else np.asarray(tie, bool)
    )
    strengths, labels = votes.fit(np.ones(n))
    if len(labels) < 2:
        raise InputError("Influence on the winner needs at least two conditions.")
    order = np.argsort(-strengths, kind="stable")
    first = order[0]
    best: tuple[int, NDArray[np.int64]] | None = None
    for challenger in order[1:4]:
        found = _fewest(votes, labels, strengths, int(first), int(challenger), n)
        if found is not None and (best is None or len(found) < best[0]):
            best = (len(found), found)
    leads = _leads_without_raters(votes, encode(rater).codes, encode(rater).labels, labels[first])
    return WinnerInfluence(
        winner=labels[first],
        runner_up=labels[order[1]],
        lead=float(strengths[first] - strengths[order[1]]),
        votes_to_change=None if best is None else best[0],
        votes=np.zeros(0, dtype=np.int64) if best is None else best[1],
        raters=tuple(name for name, lead in leads.items() if lead < 0),
        rater_leads=leads,
    )


@dataclass(frozen=True, eq=False)
class _Votes:
    winner: NDArray[Any]
    loser: NDArray[Any]
    tie: NDArray[np.bool_]

    def fit(self, keep: FloatArray) -> tuple[FloatArray, NDArray[Any]]:
        """Fit the votes with a positive entry in ``keep``."""
        kept = keep > 0
        found = bradley_terry(
            winner=self.winner[kept], loser=self.loser[kept], tie=self.tie[kept], cluster="none"
        )
        return found.estimate, found.labels

    def effects(self, labels: NDArray[Any], strengths: FloatArray, direction: FloatArray) -> FloatArray:
        """Return by how much ``direction`` @ strengths falls, to first order, without each vote."""
        won = np.searchsorted(labels, self.winner)
        lost = np.searchsorted(labels, self.loser)
        chance = 1 / (1 + np.exp(-(strengths[won] - strengths[lost])))
        residual = np.where(self.tie, 0.5, 1.0) - chance
        curve = chance * (1 - chance)
        k = len(labels)
        information = np.full((k, k), 1.0 / k)
        np.add.at(information, (won, won), curve)
        np.add.at(information, (lost, lost), curve)
        np.add.at(information, (won, lost), -curve)
        np.add.at(information, (lost, won), -curve)
        per = np.linalg.solve(information, direction)
        return np.asarray(residual * (per[won] - per[lost]))


def _fewest(
    votes: _Votes, labels: NDArray[Any], strengths: FloatArray, first: int, challenger: int, n: int
) -> NDArray[np.int64] | None:
    """Return the fewest of the most influential votes without which the challenger is ahead."""
    direction = np.zeros(len(labels))
    direction[first], direction[challenger] = 1.0, -1.0
    order = np.argsort(-votes.effects(labels, strengths, direction), kind="stable")

    def overturned(count: int) -> bool:
        keep = np.ones(n)
        keep[order[:count]] = 0
        try:
            refitted, present = votes.fit(keep)
        except NotEstimableError:
            return False
        return len(present) == len(labels) and bool(refitted[challenger] > refitted[first])

    low, high = 0, max(n // 2, 1)
    if not overturned(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if overturned(middle) else (middle, high)
    return np.sort(order[:high])


def _leads_without_raters(
    votes: _Votes, rater: NDArray[np.int64], names: NDArray[Any], winner: Any
) -> dict[Any, float]:
    leads = {}
    for code, name in enumerate(names):
        try:
            strengths, labels = votes.fit((rater != code).astype(float))
        except NotEstimableError:
            continue
        place = int(np.flatnonzero(labels == winner)[0]) if winner in labels else None
        if place is None or len(labels) < 2:
            continue
        leads[name.item() if hasattr(name, "item") else name] = float(
            strengths[place] - np.delete(strengths, place).max()
        )
    return leads
