"""Judged pairs: how many are the same, how many batches hold such a pair, and what that says of the model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from humaneval.reports.analysis.adapters import attempt, interval_of, method_of, no_interval
from humaneval.reports.analysis.rates import rate_estimate
from humaneval.reports.results import ConditionFacts, Estimate, Interval, QuestionFacts, finite
from humaneval.reports.votes import PairVote, VoteTable
from humaneval.stats import Result, rate
from humaneval.stats.birthday import support_size

BATCHES, SUPPORT = "batches_with_duplicate", "support_size"
_BATCHES_LABEL = "Share of batches with a duplicate (most votes on some pair)"
_SUPPORT_LABEL = "Different images that the model makes (birthday paradox)"
_NO_NAIVE = "none: batches are independent"


def estimate_duplicates(
    table: VoteTable,
    votes: Sequence[PairVote],
    question: QuestionFacts,
    conditions: Sequence[ConditionFacts],
    label: str,
    batch_size: int,
) -> list[Estimate]:
    """Return for each condition the share of pairs judged the same, of batches with one, and the support."""
    found = []
    for condition in conditions:
        mine = table.where(table.condition == condition.id)
        names = {"measure": "share", "measure_label": label, "headline": True}
        found.append(rate_estimate(mine, mine.value == 1, condition, question, names))
        held = batches_with_duplicate([vote for vote in votes if vote.condition == condition.id])
        share, why = attempt(partial(rate, list(held.values()), method="clopper_pearson"))
        size, note = attempt(
            partial(support_size, duplicates=sum(held.values()), batches=len(held), batch_size=batch_size)
        )
        common = _common(condition, question, votes, mine)
        found.append(_number(BATCHES, _BATCHES_LABEL, "share", share, why, common))
        found.append(_number(SUPPORT, _SUPPORT_LABEL, "images", size, note, common))
    return found


def batches_with_duplicate(votes: Sequence[PairVote]) -> dict[int, bool]:
    """Return for each batch whether more than half of the votes on one of its pairs say "same"."""
    pairs: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for vote in votes:
        pairs[vote.batch, vote.trial].append(vote.same)
    held: dict[int, bool] = {}
    for (batch, _trial), same in pairs.items():
        held[batch] = held.get(batch, False) or 2 * sum(same) > len(same)
    return held


def _common(
    condition: ConditionFacts, question: QuestionFacts, votes: Sequence[PairVote], mine: VoteTable
) -> dict[str, Any]:
    return {
        "condition": condition.id,
        "label": condition.label,
        "kind": condition.kind,
        "question": question.key,
        "votes": len(mine),
        "raters": len(set(mine.rater.tolist())),
        "items": len({vote.batch for vote in votes if vote.condition == condition.id}),
        "simulated": bool(mine.simulated.any()),
    }


def _number(
    measure: str,
    label: str,
    unit: str,
    result: Result[Any] | None,
    note: str,
    common: Mapping[str, Any],
) -> Estimate:
    interval: Interval = interval_of(result) if result else no_interval(note)
    return Estimate(
        measure=measure,
        measure_label=label,
        unit=unit,
        headline=False,
        estimate=finite(result.estimate) if result else None,
        interval=interval,
        naive=no_interval(_NO_NAIVE),
        method=method_of(result) if result else "",
        design_effect=None,
        note=note,
        **common,
    )
