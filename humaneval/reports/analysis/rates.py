"""Yes-or-no answers: the share that the protocol counts, and how often raters were wrong (HYPE)."""

from __future__ import annotations

import numpy as np

from humaneval.protocols.base import Protocol
from humaneval.reports.analysis.adapters import attempt, size_of
from humaneval.reports.analysis.estimating import Subject, estimate_of
from humaneval.reports.results import ConditionFacts, Estimate, QuestionFacts
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
    return estimate_shares(table, question, conditions, protocol) + (
        _estimate_errors(table, is_real, question, conditions, protocol) if is_real.any() else []
    )


def estimate_shares(
    table: VoteTable, question: QuestionFacts, conditions: list[ConditionFacts], protocol: Protocol
) -> list[Estimate]:
    """Return each condition's share of what the protocol counts: the headline."""
    is_real = np.isin(table.condition, [one.id for one in conditions if one.kind == "real"])
    yes = protocol.successes(table.value, is_real)
    measured = [one for one in conditions if one.kind == "generated" or is_real.any()]
    return [
        _estimate_share(table, yes, table.condition == one.id, one, question, protocol) for one in measured
    ]


def _estimate_share(
    table: VoteTable,
    yes: BoolArray,
    rows: BoolArray,
    condition: ConditionFacts,
    question: QuestionFacts,
    protocol: Protocol,
) -> Estimate:
    subject = Subject(condition, question, "share", protocol.measure, "share", headline=True)
    return rate_estimate(table.where(rows), yes[rows], subject)


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
            subject = Subject(condition, question, measure, ERRORS[measure], "share")
            weight = _halves(is_real[rows]) if measure == "error_rate" else None
            found.append(rate_estimate(table.where(rows), wrong[rows], subject, weight))
    return found


def _halves(is_real: BoolArray) -> np.ndarray | None:
    """Return weights that give reals and fakes half each; ``None`` where one of them is missing."""
    reals, votes = int(is_real.sum()), len(is_real)
    if reals in (0, votes):
        return None
    return np.where(is_real, votes / (2 * reals), votes / (2 * (votes - reals)))


def rate_estimate(
    table: VoteTable, yes: BoolArray, subject: Subject, weight: np.ndarray | None = None
) -> Estimate:
    """Return one share with its clustered and its naive (Wilson) interval."""
    return estimate_of(
        subject,
        attempt(lambda: rate(yes, rater=table.rater, item=table.shared, weight=weight)),
        attempt(lambda: rate(yes, weight=weight, method="wilson")),
        size_of(table),
    )
