"""Does one score predict people better than another? Tests of correlations that share the human side."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.findings.together import Ceiling, MetricComparison
from humaneval.reports.numbers import p_words, plain
from humaneval.reports.results import Correlation, Estimate, QuestionFacts, ScoreRow, finite
from humaneval.stats import NotEstimableError, StatsError, adjust_pvalues, compare_correlations, noise_ceiling

Floats = NDArray[np.float64]
SETTLES = 0.05


def compare_metrics(
    question: QuestionFacts,
    correlations: Sequence[Correlation],
    estimates: Sequence[Estimate],
    scores: Sequence[ScoreRow],
) -> list[MetricComparison]:
    """Return a test for each two scores with a better side, computed for the same systems; the surest first.

    Scores are turned so that more is better. p-values are Holm-adjusted over all comparisons of the question.
    """
    human = {
        one.condition: one.estimate for one in estimates if one.headline and one.question == question.key
    }
    mine = [one for one in correlations if one.question == question.key and one.expected_sign is not None]
    found = [
        comparison
        for first, second in combinations(mine, 2)
        if first.conditions == second.conditions
        and (comparison := _compare(question, first, second, human, scores)) is not None
    ]
    holm = adjust_pvalues([one.pvalue for one in found])
    adjusted = (
        _with_words(dataclasses.replace(one, adjusted=float(p))) for one, p in zip(found, holm, strict=True)
    )
    return sorted(adjusted, key=lambda one: (one.pvalue, one.first, one.second))


def _compare(
    question: QuestionFacts,
    first: Correlation,
    second: Correlation,
    human: Mapping[int, float | None],
    scores: Sequence[ScoreRow],
) -> MetricComparison | None:
    people = np.array([human[one] for one in first.conditions], dtype=float)
    columns = [_column(one, scores) for one in (first, second)]
    try:
        williams = compare_correlations(people, *columns, test="williams")
        steiger = compare_correlations(people, *columns, test="steiger")
    except StatsError:
        return None
    low, high = williams.confidence_interval()
    r_first, r_second, _ = williams.correlations
    return MetricComparison(
        question=question.key,
        first=first.title,
        second=second.title,
        systems=len(people),
        first_correlation=r_first,
        second_correlation=r_second,
        difference=float(williams.estimate),
        low=finite(low),
        high=finite(high),
        pvalue=float(williams.pvalue),
        steiger=float(steiger.pvalue),
        adjusted=1.0,
        words="",
    )


def _column(one: Correlation, scores: Sequence[ScoreRow]) -> Floats:
    values = {
        row.condition: row.value for row in scores if (row.metric, row.space) == (one.metric, one.space)
    }
    return np.array([(one.expected_sign or 1) * values[condition] for condition in one.conditions])


def _with_words(one: MetricComparison) -> MetricComparison:
    return dataclasses.replace(one, words=_words(one))


def _words(one: MetricComparison) -> str:
    better, worse = (one.first, one.second) if one.difference >= 0 else (one.second, one.first)
    gap = plain(abs(one.difference), 2)
    if one.adjusted < SETTLES:
        return f"{better} predicts people better than {worse} (by {gap}; {p_words(one.adjusted)} after Holm)."
    return f"Not told apart ({better} is higher by {gap}; {p_words(one.adjusted)} after Holm)."


def ceiling_of(question: QuestionFacts, estimates: Sequence[Estimate]) -> Ceiling | None:
    """Return the noise ceiling of a question's generated conditions; ``None`` for fewer than three."""
    known = [
        one
        for one in estimates
        if one.headline
        and one.question == question.key
        and one.kind == "generated"
        and one.estimate is not None
        and one.interval.standard_error is not None
    ]
    try:
        found = noise_ceiling(
            [one.estimate or 0.0 for one in known], [one.interval.standard_error or 0.0 for one in known]
        )
    except (NotEstimableError, StatsError):
        return None
    return Ceiling(question.key, found.ceiling, found.reliability, len(known), found.note)
