"""How long raters took, by condition: quantiles, and the geometric mean with its clustered interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.adapters import attempt, distinct, interval_of
from humaneval.reports.findings.people import ResponseTimes
from humaneval.reports.results import ConditionFacts
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats import mean_opinion_score
from humaneval.stats.columns import encode

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ALL = "All conditions"


def measure_times(
    table: VoteTable, response_ms: NDArray[np.float64], conditions: Sequence[ConditionFacts]
) -> list[ResponseTimes]:
    """Return the response times of the votes behind a table: of all, then of each condition shown.

    ``response_ms`` are those of the study's votes, which ``table.vote`` indexes. A vote on two conditions
    counts for both. Times of nothing (0 or less) are left out.
    """
    votes = encode(table.vote)
    vote, first = votes.labels, votes.first
    milliseconds, rater = response_ms[vote], table.rater[first]
    shown = (table.condition[first], table.other[first])
    known = milliseconds > 0
    if not known.any():
        return []
    found = [_measure(0, ALL, "", milliseconds[known], rater[known])]
    for one in conditions:
        mine = known & ((shown[0] == one.id) | (shown[1] == one.id))
        if mine.any():
            found.append(_measure(one.id, one.label, one.kind, milliseconds[mine], rater[mine]))
    return found if len(found) > 2 else found[:1]


def _measure(
    condition: int, label: str, kind: str, milliseconds: NDArray[np.float64], rater: IntArray
) -> ResponseTimes:
    p5, p25, median, p75, p95 = np.quantile(milliseconds, QUANTILES).tolist()
    result, _ = attempt(lambda: mean_opinion_score(np.log(milliseconds), rater=rater))
    interval = interval_of(result) if result else None
    low, high = (interval.low, interval.high) if interval else (None, None)
    return ResponseTimes(
        condition=condition,
        label=label,
        kind=kind,
        votes=len(milliseconds),
        raters=distinct(rater),
        p5=p5,
        p25=p25,
        median=median,
        p75=p75,
        p95=p95,
        mean=float(np.exp(np.log(milliseconds).mean())),
        low=None if low is None else float(np.exp(low)),
        high=None if high is None else float(np.exp(high)),
    )
