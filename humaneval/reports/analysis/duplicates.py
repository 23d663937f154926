"""Judged pairs: how many are the same, how many batches hold such a pair, and what that says of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from humaneval.reports.analysis.adapters import (
    attempt,
    clusters_of,
    interval_of,
    method_of,
    no_interval,
    size_of,
)
from humaneval.reports.analysis.estimating import Attempted, Number, Subject, published
from humaneval.reports.analysis.rates import rate_estimate
from humaneval.reports.results import ConditionFacts, Estimate, QuestionFacts, finite
from humaneval.reports.votes import BoolArray, PairVotes, VoteTable
from humaneval.stats import rate
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
        headline = Subject(condition, question, "share", label, "share", headline=True)
        found.append(rate_estimate(mine, mine.value == 1, headline))
        held = batches_with_duplicate(votes.where(votes.condition == condition.id))
        share = attempt(partial(rate, held, method="clopper_pearson"))
        support = attempt(
            partial(support_size, duplicates=int(held.sum()), batches=len(held), batch_size=batch_size)
        )
        size = size_of(mine) | {"items": len(held)}
        batches = Subject(condition, question, BATCHES, _BATCHES_LABEL, "share")
        images = Subject(condition, question, SUPPORT, _SUPPORT_LABEL, "images")
        found += [_number(batches, share, size), _number(images, support, size)]
    return found


def batches_with_duplicate(votes: PairVotes) -> BoolArray:
    """Return for each batch, in their order, whether most votes on one of its pairs say "same"."""
    trial, batch = encode(votes.trial), encode(votes.batch)
    asked = np.bincount(trial.codes, minlength=trial.size)
    same = np.bincount(trial.codes, votes.same, trial.size)
    held = np.zeros(batch.size, dtype=bool)
    held[batch.codes[2 * same[trial.codes] > asked[trial.codes]]] = True
    return held


def _number(subject: Subject, attempted: Attempted, size: Mapping[str, Any]) -> Estimate:
    result, note = attempted
    number = Number(
        estimate=finite(result.estimate) if result else None,
        interval=interval_of(result) if result else no_interval(note),
        naive=no_interval(_NO_NAIVE),
        method=method_of(result) if result else "",
        clusters=clusters_of(result),
        note=note,
    )
    return published(subject, number, size)
