"""Orders of several conditions: Plackett-Luce strengths, the same model as for pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from humaneval.protocols.base import Protocol
from humaneval.reports.analysis.adapters import LEVEL, attempt, method_of, no_interval, variance_ratio
from humaneval.reports.analysis.preferences import STRENGTH
from humaneval.reports.results import ConditionFacts, Estimate, Interval, QuestionFacts, finite
from humaneval.reports.votes import Ballot
from humaneval.stats import Result, plackett_luce
from humaneval.stats.bradley_terry import Strengths


def estimate_rankings(
    ballots: Sequence[Ballot],
    question: QuestionFacts,
    conditions: Sequence[ConditionFacts],
    protocol: Protocol,
    settings: Mapping[str, Any],
) -> tuple[list[Estimate], Strengths | None]:
    """Return each condition's strength (log scale, mean 0) from orders or best-worst choices, and the fit."""
    choices = _choices(ballots, protocol, settings)
    result, note = attempt(lambda: plackett_luce(**choices, rater=[ballot.rater for ballot in ballots]))
    naive, reason = attempt(lambda: plackett_luce(**choices))
    found = [
        _strength(condition, question, protocol.measure, ballots, (result, note), (naive, reason))
        for condition in conditions
    ]
    return found, result if isinstance(result, Strengths) else None


def _choices(ballots: Sequence[Ballot], protocol: Protocol, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ballots as :func:`humaneval.stats.plackett_luce` takes them, conditions by their ids."""
    ordered = [
        [ballot.lineup[slot] for slot in protocol.ordered_slots(ballot.value, len(ballot.lineup), settings)]
        for ballot in ballots
    ]
    if all(len(order) == len(ballot.lineup) for order, ballot in zip(ordered, ballots, strict=True)):
        return {"rankings": ordered}
    return {
        "best": [order[0] for order in ordered],
        "worst": [order[-1] for order in ordered],
        "offered": [list(ballot.lineup) for ballot in ballots],
    }


def _strength(
    condition: ConditionFacts,
    question: QuestionFacts,
    label: str,
    ballots: Sequence[Ballot],
    clustered: tuple[Result[Any] | None, str],
    naive: tuple[Result[Any] | None, str],
) -> Estimate:
    result, note = clustered
    own = [ballot for ballot in ballots if condition.id in ballot.lineup]
    place = _place(result, condition.id)
    if result is not None and place is None:
        note = "No ranking shows this condition."
    interval, independent = _interval(result, place, note), _interval(naive[0], place, naive[1])
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
        raters=len({ballot.rater for ballot in own}),
        items=len({ballot.lineup for ballot in own}),
        method=method_of(result) if result is not None else "",
        design_effect=variance_ratio(interval, independent),
        simulated=any(ballot.simulated for ballot in own),
        note=note,
    )


def _place(result: Result[Any] | None, condition: int) -> int | None:
    if not isinstance(result, Strengths):
        return None
    found = np.flatnonzero(result.labels == condition)
    return int(found[0]) if len(found) else None


def _interval(result: Result[Any] | None, place: int | None, reason: str) -> Interval:
    if result is None or place is None:
        return no_interval(reason)
    low, high = result.confidence_interval(LEVEL)
    error = finite(result.standard_error[place])
    return Interval(finite(low[place]), finite(high[place]), error, method_of(result), LEVEL)
