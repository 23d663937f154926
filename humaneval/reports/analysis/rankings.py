"""Orders of several conditions: Plackett-Luce strengths, the same model as for pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from humaneval.protocols.base import Protocol
from humaneval.reports.analysis.adapters import attempt, distinct, items_of
from humaneval.reports.analysis.estimating import Attempted, Subject, estimate_at
from humaneval.reports.analysis.preferences import STRENGTH
from humaneval.reports.results import ConditionFacts, Estimate, QuestionFacts
from humaneval.reports.votes import Ballots, IntArray
from humaneval.stats import Result, plackett_luce
from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.columns import encode
from humaneval.stats.plackett_luce import PlackettLuce


def estimate_rankings(
    ballots: Ballots,
    question: QuestionFacts,
    conditions: Sequence[ConditionFacts],
    protocol: Protocol,
    settings: Mapping[str, Any],
) -> tuple[list[Estimate], Strengths | None]:
    """Return each condition's strength (log scale, mean 0) from orders or best-worst choices, and the fit."""
    choices = choices_of(ballots, protocol, settings)
    clustered = attempt(lambda: plackett_luce(**choices, rater=ballots.rater, item=ballots.shared))
    naive = _as_independent(clustered)
    found = [
        _strength(
            Subject(one, question, STRENGTH, protocol.measure, "log-strength", headline=True),
            ballots,
            clustered,
            naive,
        )
        for one in conditions
    ]
    fit = clustered[0]
    return found, fit if isinstance(fit, Strengths) else None


def _as_independent(clustered: Attempted) -> Attempted:
    """Return the same fit as if raters did not matter, or why there is none."""
    fit = clustered[0]
    return attempt(fit.as_independent) if isinstance(fit, PlackettLuce) else clustered


def choices_of(ballots: Ballots, protocol: Protocol, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ballots as :func:`humaneval.stats.plackett_luce` takes them, conditions by their ids."""
    counts = (ballots.lineup > 0).sum(axis=1)
    ordered = np.zeros_like(ballots.lineup)
    for count in np.unique(counts).tolist():
        rows = counts == count
        values = encode(ballots.value[rows])
        slots = np.array([protocol.ordered_slots(one, count, settings) for one in values.labels.tolist()])
        named = np.take_along_axis(ballots.lineup[rows], slots[values.codes], axis=1)
        ordered[np.ix_(rows, range(slots.shape[1]))] = named
    named_last = (ordered > 0).sum(axis=1) - 1
    if (named_last + 1 == counts).all():
        return {"rankings": _without_ends(ordered)}
    return {
        "best": ordered[:, 0],
        "worst": ordered[np.arange(len(ordered)), named_last],
        "offered": _without_ends(ballots.lineup),
    }


def _without_ends(rows: IntArray) -> IntArray | list[list[int]]:
    """Return rows as they are, or where some are shorter as lists without the zeros after their ends."""
    if rows.all():
        return rows
    return [[one for one in row if one] for row in rows.tolist()]


def _strength(subject: Subject, ballots: Ballots, clustered: Attempted, naive: Attempted) -> Estimate:
    condition = subject.condition.id
    own = (ballots.lineup == condition).any(axis=1)
    place = _place(clustered[0], condition)
    size = {
        "votes": int(own.sum()),
        "raters": distinct(ballots.rater[own]),
        "items": items_of(ballots.unit[own]),
        "simulated": bool(ballots.simulated[own].any()),
    }
    return estimate_at(subject, clustered, naive, (place, place), "No ranking shows this condition.", size)


def _place(result: Result[Any] | None, condition: int) -> int | None:
    if not isinstance(result, Strengths):
        return None
    found = np.flatnonzero(result.labels == condition)
    return int(found[0]) if len(found) else None
