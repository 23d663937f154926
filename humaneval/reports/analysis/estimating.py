"""The one place where an estimate of a report is filled in, whatever its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from humaneval.reports.analysis.adapters import (
    clusters_of,
    interval_at,
    interval_of,
    method_of,
    no_interval,
    variance_ratio,
)
from humaneval.reports.results import ConditionFacts, Estimate, Interval, QuestionFacts, finite
from humaneval.stats import Result

Attempted = tuple[Result[Any] | None, str]
"""A result with its notes, or none and the reason (:func:`humaneval.reports.analysis.adapters.attempt`)."""


@dataclass(frozen=True)
class Subject:
    """What a number is about: a condition, asked by a question, in a measure and its unit."""

    condition: ConditionFacts
    question: QuestionFacts
    measure: str
    label: str
    unit: str
    headline: bool = False


@dataclass(frozen=True)
class Number:
    """A number as it is published: in the subject's unit, with its intervals and how they were made."""

    estimate: float | None
    interval: Interval
    naive: Interval
    method: str
    note: str
    design_effect: float | None = None
    clusters: Mapping[str, int] = field(default_factory=dict)


def estimate_of(
    subject: Subject,
    clustered: Attempted,
    naive: Attempted,
    size: Mapping[str, Any],
    distribution: Sequence[int] = (),
) -> Estimate:
    """Return the estimate that a scalar result is, with the naive interval beside it.

    ``size`` says what it rests on (:func:`humaneval.reports.analysis.adapters.size_of`).
    """
    result, note = clustered
    without, reason = naive
    number = Number(
        estimate=finite(result.estimate) if result else None,
        interval=interval_of(result) if result else no_interval(note),
        naive=interval_of(without) if without else no_interval(reason),
        method=method_of(result) if result else "",
        note=note,
        design_effect=finite(result.design_effect) if result else None,
        clusters=clusters_of(result),
    )
    return published(subject, number, size, distribution)


def estimate_at(
    subject: Subject,
    clustered: Attempted,
    naive: Attempted,
    places: tuple[int | None, int | None],
    absent: str,
    size: Mapping[str, Any],
) -> Estimate:
    """Return the estimate that stands at a place of a fit of all conditions, and of the naive fit.

    ``absent`` says why a fit has no place for it.
    """
    result, note = clustered
    place, naive_place = places
    if result is not None and place is None:
        note = absent
    interval, independent = interval_at(result, place, note), interval_at(naive[0], naive_place, naive[1])
    number = Number(
        estimate=finite(result.estimate[place]) if result is not None and place is not None else None,
        interval=interval,
        naive=independent,
        method=method_of(result) if result is not None else "",
        note=note,
        design_effect=variance_ratio(interval, independent),
        clusters=clusters_of(result),
    )
    return published(subject, number, size)


def published(
    subject: Subject, number: Number, size: Mapping[str, Any], distribution: Sequence[int] = ()
) -> Estimate:
    """Return a number as the report's record of it."""
    return Estimate(
        condition=subject.condition.id,
        label=subject.condition.label,
        kind=subject.condition.kind,
        question=subject.question.key,
        measure=subject.measure,
        measure_label=subject.label,
        unit=subject.unit,
        headline=subject.headline,
        estimate=number.estimate,
        interval=number.interval,
        naive=number.naive,
        method=number.method,
        design_effect=number.design_effect,
        distribution=list(distribution),
        note=number.note,
        clusters=dict(number.clusters),
        **size,
    )
