"""Yes-or-no answers: the share that the protocol counts, and how often raters were wrong (HYPE)."""

from __future__ import annotations

from typing import Any

import numpy as np

from humaneval.protocols.base import Protocol
from humaneval.reports.analysis.adapters import attempt, interval_of, method_of, no_interval, size_of
from humaneval.reports.results import ConditionFacts, Estimate, QuestionFacts, finite
from humaneval.reports.votes import BoolArray, VoteTable
from humaneval.stats import rate

ERRORS = {
    "error_rate": "Error rate over fakes and reals (HYPE)",
    "error_rate_fakes": "Error rate on fakes (judged real)",
    "error_rate_reals": "Error rate on reals (judged fake)",
}


def estimate_rates(
    table: VoteTable, question: QuestionFacts, conditions: list[ConditionFacts], protocol: Protocol
) -> list[Estimate]:
    """Return each condition's share and, where reals were judged too, the error rates behind HYPE."""
    is_real = np.isin(table.condition, [one.id for one in conditions if one.kind == "real"])
    yes = protocol.successes(table.value, is_real)
    measured = [one for one in conditions if one.kind == "generated" or is_real.any()]
    shares = [
        _estimate_share(table, yes, table.condition == one.id, one, question, protocol) for one in measured
    ]
    return shares + (
        _estimate_errors(table, is_real, question, conditions, protocol) if is_real.any() else []
    )


def _estimate_share(
    table: VoteTable,
    yes: BoolArray,
    rows: BoolArray,
    condition: ConditionFacts,
    question: QuestionFacts,
    protocol: Protocol,
) -> Estimate:
    names = {"measure": "share", "measure_label": protocol.measure, "headline": True}
    return rate_estimate(table.where(rows), yes[rows], condition, question, names)


def _estimate_errors(
    table: VoteTable,
    is_real: BoolArray,
    question: QuestionFacts,
    conditions: list[ConditionFacts],
    protocol: Protocol,
) -> list[Estimate]:
    """Return, for each generated condition, errors over it and all reals, over it alone, and over reals.

    Fakes and reals weigh half each in the overall rate, as in a study that shows as many of both.
    """
    wrong = protocol.errors(table.value, is_real)
    found = []
    for condition in (one for one in conditions if one.kind == "generated"):
        fakes = table.condition == condition.id
        for measure, rows in (
            ("error_rate", fakes | is_real),
            ("error_rate_fakes", fakes),
            ("error_rate_reals", is_real),
        ):
            names = {"measure": measure, "measure_label": ERRORS[measure], "headline": False}
            weight = _halves(is_real[rows]) if measure == "error_rate" else None
            found.append(rate_estimate(table.where(rows), wrong[rows], condition, question, names, weight))
    return found


def _halves(is_real: BoolArray) -> np.ndarray | None:
    """Return weights that give reals and fakes half each; ``None`` where one of them is missing."""
    reals, votes = int(is_real.sum()), len(is_real)
    if reals in (0, votes):
        return None
    return np.where(is_real, votes / (2 * reals), votes / (2 * (votes - reals)))


def rate_estimate(
    table: VoteTable,
    yes: BoolArray,
    condition: ConditionFacts,
    question: QuestionFacts,
    names: dict[str, Any],
    weight: np.ndarray | None = None,
) -> Estimate:
    """Return one share with its clustered and its naive (Wilson) interval."""
    result, note = attempt(lambda: rate(yes, rater=table.rater, item=table.item, weight=weight))
    naive, reason = attempt(lambda: rate(yes, weight=weight, method="wilson"))
    return Estimate(
        condition=condition.id,
        label=condition.label,
        kind=condition.kind,
        question=question.key,
        unit="share",
        estimate=finite(result.estimate) if result else None,
        interval=interval_of(result) if result else no_interval(note),
        naive=interval_of(naive) if naive else no_interval(reason),
        method=method_of(result) if result else "",
        design_effect=finite(result.design_effect) if result else None,
        note=note,
        **names,
        **size_of(table),
    )
