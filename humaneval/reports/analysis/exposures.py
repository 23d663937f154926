"""Timed votes: the exposure that raters need, from frames really shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from humaneval.reports.analysis.adapters import (
    LEVEL,
    attempt,
    clusters_of,
    distinct,
    interval_of,
    method_of,
    no_interval,
)
from humaneval.reports.analysis.estimating import Attempted, Number, Subject, published
from humaneval.reports.results import ConditionFacts, Estimate, Interval, QuestionFacts, finite
from humaneval.reports.votes import Exposed
from humaneval.stats import psychometric
from humaneval.stats.modal_exposure import modal_exposure

MODAL, THRESHOLD = "modal_exposure", "threshold_exposure"
_MODAL_LABEL = "HYPE-time: mean of blocks' modal exposure (ms)"
_THRESHOLD_LABEL = "Exposure at which 75% are right (ms)"


def estimate_exposures(
    votes: Exposed, question: QuestionFacts, conditions: Sequence[ConditionFacts]
) -> list[Estimate]:
    """Return the modal exposure and the 75% threshold of the one generated condition; none if untimed.

    Both rest on the frames really shown, and leave spoilt trials out. Real images count with the generated
    ones: a rater is right who tells either.
    """
    kept = votes.where(~votes.spoilt)
    generated = [one for one in conditions if one.kind == "generated"]
    if not len(kept) or not generated:
        return []
    real = [one.id for one in conditions if one.kind == "real"]
    columns = {name: getattr(kept, name) for name in ("rater", "frames", "frame_ms", "block")}
    correct = (kept.value == 1) == np.isin(kept.condition, real)
    level = np.log(columns["frames"] * columns["frame_ms"])
    estimates = (
        (
            MODAL,
            _MODAL_LABEL,
            lambda: modal_exposure(
                columns["frames"],
                frame_ms=columns["frame_ms"],
                block=columns["block"],
                rater=columns["rater"],
            ),
            lambda value: value,
        ),
        (
            THRESHOLD,
            _THRESHOLD_LABEL,
            lambda: psychometric(correct, level=level, rater=columns["rater"]),
            lambda value: float(np.exp(value)),
        ),
    )
    size = {
        "votes": len(kept),
        "raters": distinct(kept.rater),
        "items": len(kept),
        "simulated": bool(kept.simulated.any()),
    }
    return [
        _estimate(Subject(generated[0], question, measure, label, "ms"), attempt(compute), into_ms, size)
        for measure, label, compute, into_ms in estimates
    ]


def _estimate(
    subject: Subject, attempted: Attempted, into_ms: Callable[[float], float], size: dict[str, Any]
) -> Estimate:
    result, note = attempted
    number = Number(
        estimate=finite(into_ms(result.estimate)) if result else None,
        interval=_in_ms(interval_of(result), into_ms) if result else no_interval(note),
        naive=no_interval("none: an exposure is a rater's, not a vote's"),
        method=method_of(result) if result else "",
        clusters=clusters_of(result),
        note=note,
    )
    return published(subject, number, size)


def _in_ms(interval: Interval, into_ms: Callable[[float], float]) -> Interval:
    low, high = interval.low, interval.high
    if low is None or high is None:
        return interval
    return Interval(finite(into_ms(low)), finite(into_ms(high)), None, interval.method, LEVEL)
