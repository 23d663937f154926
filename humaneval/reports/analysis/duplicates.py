"""Judged pairs: how many are the same, how many batches hold such a pair, and what that says of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from humaneval.reports.analysis.adapters import attempt, distinct, interval_of, method_of, no_interval
from humaneval.reports.analysis.rates import rate_estimate
from humaneval.reports.results import ConditionFacts, Estimate, Interval, QuestionFacts, finite
from humaneval.reports.votes import BoolArray, PairVotes, VoteTable
from humaneval.stats import Result, rate
from humaneval.stats.birthday import support_size
from humaneval.stats.columns import encode

BATCHES, SUPPORT = "batches_with_duplicate", "support_size"
_BATCHES_LABEL = "Share of batches with a duplicate (most votes on some pair)"
_SUPPORT_LABEL = "Different images that the model makes (birthday paradox)"
_NO_NAIVE = "none: batches are independent"


def estimate_duplicates(
    table: VoteTable,
    votes: PairVotes,
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
        held = batches_with_duplicate(votes.where(votes.condition == condition.id))
        share, why = attempt(partial(rate, held, method="clopper_pearson"))
        size, note = attempt(
            partial(support_size, duplicates=int(held.sum()), batches=len(held), batch_size=batch_size)
        )
        common = _common(condition, question, len(held), mine)
        found.append(_number(BATCHES, _BATCHES_LABEL, "share", share, why, common))
        found.append(_number(SUPPORT, _SUPPORT_LABEL, "images", size, note, common))
    return found


def batches_with_duplicate(votes: PairVotes) -> BoolArray:
    """Return for each batch, in their order, whether most votes on one of its pairs say "same"."""
    trial, batch = encode(votes.trial), encode(votes.batch)
    asked = np.bincount(trial.codes, minlength=trial.size)
    same = np.bincount(trial.codes, votes.same, trial.size)
    held = np.zeros(batch.size, dtype=bool)
    held[batch.codes[2 * same[trial.codes] > asked[trial.codes]]] = True
    return held


def _common(
    condition: ConditionFacts, question: QuestionFacts, batches: int, mine: VoteTable
) -> dict[str, Any]:
    return {
        "condition": condition.id,
        "label": condition.label,
        "kind": condition.kind,
        "question": question.key,
        "votes": len(mine),
        "raters": distinct(mine.rater),
        "items": batches,
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
