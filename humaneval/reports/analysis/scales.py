"""Answers on a scale: the mean opinion score of each condition and how its answers fall."""

from __future__ import annotations

import numpy as np

from humaneval.reports.analysis.adapters import attempt, size_of
from humaneval.reports.analysis.estimating import Subject, estimate_of
from humaneval.reports.results import ConditionFacts, Estimate, QuestionFacts
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
    return estimate_of(
        Subject(condition, question, MEASURE, label, "points", headline=True),
        attempt(lambda: mean_opinion_score(table.value, rater=table.rater, item=table.shared, points=ends)),
        attempt(lambda: mean_opinion_score(table.value, points=ends)),
        size_of(table),
        _distribution(table.value, question),
    )


def _distribution(values: IntArray, question: QuestionFacts) -> list[int]:
    """Return how often each point was given, or each tenth of a slider, from the lowest up."""
    cells = len(question.labels)
    places = values - question.lowest
    if question.points - question.lowest >= cells:
        places = np.minimum(places // 10, cells - 1)
    return np.bincount(places, minlength=cells).tolist()
