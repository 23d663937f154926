"""Orders of several conditions: Plackett-Luce strengths, the same model as for pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from humaneval.protocols.base import Protocol
from humaneval.reports.analysis.adapters import attempt, distinct, interval_at, method_of, variance_ratio
from humaneval.reports.analysis.preferences import STRENGTH
from humaneval.reports.results import ConditionFacts, Estimate, QuestionFacts, finite
from humaneval.reports.votes import Ballots, IntArray
from humaneval.stats import Result, plackett_luce
from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.columns import encode


def estimate_rankings(
    ballots: Ballots,
    question: QuestionFacts,
    conditions: Sequence[ConditionFacts],
    protocol: Protocol,
    settings: Mapping[str, Any],
) -> tuple[list[Estimate], Strengths | None]:
    """Return each condition's strength (log scale, mean 0) from orders or best-worst choices, and the fit."""
    choices = choices_of(ballots, protocol, settings)
    result, note = attempt(lambda: plackett_luce(**choices, rater=ballots.rater))
    naive, reason = attempt(lambda: plackett_luce(**choices))
    found = [
        _strength(condition, question, protocol.measure, ballots, (result, note), (naive, reason))
        for condition in conditions
    ]
    return found, result if isinstance(result, Strengths) else None


def choices_of(ballots: Ballots, protocol: Protocol, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ballots as :func:`humaneval.stats.plackett_luce` takes them, conditions by their ids."""
    counts = (ballots.lineup > 0).sum(axis=1)
    ordered = np.zeros_like(ballots.lineup)
    for count in np.unique(counts).tolist():
        rows = counts == count
        values, which = np.unique(ballots.value[rows], return_inverse=True)
        slots = np.array([protocol.ordered_slots(one, count, settings) for one in values.tolist()])
        named = np.take_along_axis(ballots.lineup[rows], slots[which], axis=1)
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


def _strength(
    condition: ConditionFacts,
    question: QuestionFacts,
    label: str,
    ballots: Ballots,
    clustered: tuple[Result[Any] | None, str],
    naive: tuple[Result[Any] | None, str],
) -> Estimate:
    result, note = clustered
    own = ballots.where((ballots.lineup == condition.id).any(axis=1))
    place = _place(result, condition.id)
    if result is not None and place is None:
        note = "No ranking shows this condition."
    interval, independent = interval_at(result, place, note), interval_at(naive[0], place, naive[1])
    return Estimate(
        condition=condition.id,
        label=condition.label,
        kind=condition.kind,
        question=question.key,
        measure=STRENGTH,
        measure_label=label,
        unit="log-strength",
        headline=True,
        estimate=finite(result.estimate[place]) if result is not None and place is not None else None,
        interval=interval,
        naive=independent,
        votes=len(own),
        raters=distinct(own.rater),
        items=_lineups(own.lineup),
        method=method_of(result) if result is not None else "",
        design_effect=variance_ratio(interval, independent),
        simulated=bool(own.simulated.any()),
        note=note,
    )


def _lineups(lineup: IntArray) -> int:
    """Return how many different lineups there are (N x S); coded slot by slot, since rows sort slowly."""
    code = np.zeros(len(lineup), dtype=np.int64)
    for column in lineup.T:
        place = encode(column)
        code = encode(code * place.size + place.codes).codes
    return distinct(code)


def _place(result: Result[Any] | None, condition: int) -> int | None:
    if not isinstance(result, Strengths):
        return None
    found = np.flatnonzero(result.labels == condition)
    return int(found[0]) if len(found) else None
