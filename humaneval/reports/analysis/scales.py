"""Answers on a scale: the mean opinion score of each condition and how its answers fall."""

from __future__ import annotations

import numpy as np

from humaneval.reports.analysis.adapters import attempt, interval_of, method_of, no_interval, size_of
from humaneval.reports.results import ConditionFacts, Estimate, QuestionFacts, finite
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats import mean_opinion_score

MEASURE = "mean_opinion_score"


def estimate_scales(
    table: VoteTable, question: QuestionFacts, conditions: list[ConditionFacts], label: str
) -> list[Estimate]:
    """Return the mean opinion score of every condition, with its distribution over the points."""
    return [
        _estimate_mean(table.where(table.condition == condition.id), question, condition, label)
        for condition in conditions
    ]


def _estimate_mean(
    table: VoteTable, question: QuestionFacts, condition: ConditionFacts, label: str
) -> Estimate:
    ends = (float(question.lowest), float(question.points))
    result, note = attempt(
        lambda: mean_opinion_score(table.value, rater=table.rater, item=table.item, points=ends)
    )
    naive, reason = attempt(lambda: mean_opinion_score(table.value, points=ends))
    return Estimate(
        condition=condition.id,
        label=condition.label,
        kind=condition.kind,
        question=question.key,
        measure=MEASURE,
        measure_label=label,
        unit="points",
        headline=True,
        estimate=finite(result.estimate) if result else None,
        interval=interval_of(result) if result else no_interval(note),
        naive=interval_of(naive) if naive else no_interval(reason),
        method=method_of(result) if result else "",
        design_effect=finite(result.design_effect) if result else None,
        distribution=_distribution(table.value, question),
        note=note,
        **size_of(table),
    )


def _distribution(values: IntArray, question: QuestionFacts) -> list[int]:
    """Return how often each point was given, or each tenth of a slider, from the lowest up."""
    cells = len(question.labels)
    places = values - question.lowest
    if question.points - question.lowest >= cells:
        places = np.minimum(places // 10, cells - 1)
    return np.bincount(places, minlength=cells).tolist()
