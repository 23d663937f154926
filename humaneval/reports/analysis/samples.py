"""Do a score's values by sample go with what people said of the same samples?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.adapters import attempt, distinct, interval_of
from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.findings.together import SampleCoefficient, SampleLevel
from humaneval.reports.material import SampleScore, ScoreFacts
from humaneval.reports.numbers import counted, plain
from humaneval.reports.results import QuestionFacts, finite
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats import correlation, mean_opinion_score

Floats = NDArray[np.float64]
Kind = Literal["pearson", "spearman", "kendall"]
LEAST_SAMPLES = 10
NOT_A_SCALE = frozenset({"predicted_class", "asked_class", "nearest_real", "bin"})
"""Values by sample that name something rather than measure it."""
_METHOD = (
    "correlations over samples (mean answer against value), samples taken as independent; within: after each "
    "condition's means are taken out of both"
)


def correlate_samples(
    question: QuestionFacts,
    scores: Sequence[ScoreFacts],
    outcomes: Outcomes | None,
    samples: IntArray,
    preferences: tuple[VoteTable, IntArray, IntArray] | None,
    simulated: bool,
) -> list[SampleLevel]:
    """Return one record for each metric, feature space and kind of value by sample; the strongest first.

    ``samples`` is the sample behind each outcome (0 where it is not one). ``preferences`` are the votes on
    two samples with those in slots 0 and 1, where votes compare samples.
    """
    found = [
        level
        for group in _groups(scores)
        if (level := _level(question, group, outcomes, samples, preferences, simulated)) is not None
    ]
    return sorted(found, key=lambda one: (-_strength(one), one.label, one.name))


def _strength(one: SampleLevel) -> float:
    if one.accuracy is not None:
        return abs(one.accuracy - 0.5)
    return max((abs(each.within or 0.0) for each in one.coefficients), default=0.0)


Group = list[tuple[ScoreFacts, SampleScore]]


def _groups(scores: Sequence[ScoreFacts]) -> list[Group]:
    groups: dict[tuple[object, ...], Group] = {}
    for score in scores:
        for one in score.samples:
            if one.name not in NOT_A_SCALE:
                groups.setdefault((score.row.metric, score.row.space, one.name), []).append((score, one))
    return list(groups.values())


def _level(
    question: QuestionFacts,
    group: Group,
    outcomes: Outcomes | None,
    samples: IntArray,
    preferences: tuple[VoteTable, IntArray, IntArray] | None,
    simulated: bool,
) -> SampleLevel | None:
    ids = np.concatenate([one.sample for _, one in group])
    values = np.concatenate([one.value for _, one in group])
    order = np.argsort(ids, kind="stable")
    ids, values = ids[order], values[order]
    coefficients: list[SampleCoefficient] = []
    judged = votes = conditions = 0
    if outcomes is not None and preferences is None:
        value, known = _values_of(samples, ids, values)
        kept = known & np.isfinite(value)
        means, scored, condition, counts = _by_sample(outcomes.where(kept), samples[kept], value[kept])
        judged, votes, conditions = len(means), int(counts.sum()), distinct(condition)
        if judged >= LEAST_SAMPLES:
            coefficients = [_coefficient(kind, means, scored, condition) for kind in get_args(Kind)]
    accuracy = _accuracy(preferences, ids, values) if preferences is not None else None
    if not coefficients and accuracy is None:
        return None
    share, low, high, compared = accuracy or (None, None, None, votes)
    row = group[0][0].row
    return SampleLevel(
        question=question.key,
        metric=row.metric,
        label=row.label,
        name=group[0][1].name,
        extractor=row.extractor,
        samples=judged or len(ids),
        votes=compared,
        conditions=conditions or len(group),
        coefficients=coefficients,
        accuracy=share,
        accuracy_low=low,
        accuracy_high=high,
        method=_METHOD if coefficients else "share of preferences for the higher value, clustered by rater",
        words=_words(coefficients, accuracy, votes, judged),
        simulated=simulated,
        preprocessing=row.preprocessing,
        precision=row.precision,
    )


def _values_of(samples: IntArray, ids: IntArray, values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the value of each sample and whether there is one; ``ids`` ascend."""
    if not len(ids):
        return np.full(len(samples), np.nan), np.zeros(len(samples), dtype=bool)
    place = np.minimum(np.searchsorted(ids, samples), len(ids) - 1)
    return values[place], ids[place] == samples


def _by_sample(
    outcomes: Outcomes, samples: IntArray, value: Floats
) -> tuple[Floats, Floats, IntArray, Floats]:
    """Return mean answer, value, condition and number of answers of each sample."""
    _, first, place = np.unique(samples, return_index=True, return_inverse=True)
    counts = np.bincount(place).astype(float)
    means = np.bincount(place, outcomes.value) / np.maximum(counts, 1)
    return means, value[first], outcomes.condition[first], counts


def _coefficient(kind: Kind, means: Floats, scored: Floats, condition: IntArray) -> SampleCoefficient:
    overall, _ = attempt(lambda: correlation(scored, means, kind=kind, test="parametric"))
    several = distinct(condition) > 1
    centred = (_centred(scored, condition), _centred(means, condition)) if several else (scored, means)
    within, _ = attempt(lambda: correlation(*centred, kind=kind, test="parametric"))
    ends = [interval_of(one) if one else None for one in (overall, within)]
    return SampleCoefficient(
        kind,
        kind.capitalize(),
        finite(overall.estimate) if overall else None,
        ends[0].low if ends[0] else None,
        ends[0].high if ends[0] else None,
        finite(within.estimate) if within else None,
        ends[1].low if ends[1] else None,
        ends[1].high if ends[1] else None,
    )


def _centred(values: Floats, condition: IntArray) -> Floats:
    _, place = np.unique(condition, return_inverse=True)
    return np.asarray(values - (np.bincount(place, values) / np.bincount(place))[place])


def _accuracy(
    preferences: tuple[VoteTable, IntArray, IntArray], ids: IntArray, values: Floats
) -> tuple[float | None, float | None, float | None, int] | None:
    """Return the share of preferences for the higher value, its interval and how many votes."""
    table, first, second = preferences
    (one, known_one), (two, known_two) = _values_of(first, ids, values), _values_of(second, ids, values)
    kept = known_one & known_two & (table.value >= 0) & np.isfinite(one) & np.isfinite(two)
    if kept.sum() < LEAST_SAMPLES:
        return None
    higher = np.sign(one[kept] - two[kept])
    chosen = np.where(table.value[kept] == 0, 1.0, -1.0)
    right = (1 + higher * chosen) / 2
    result, _ = attempt(
        lambda: mean_opinion_score(right, rater=table.rater[kept], item=table.unit[kept], points=(0.0, 1.0))
    )
    if result is None:
        return None
    interval = interval_of(result)
    return finite(result.estimate), interval.low, interval.high, int(kept.sum())


def _words(
    coefficients: Sequence[SampleCoefficient],
    accuracy: tuple[float | None, float | None, float | None, int] | None,
    votes: int,
    samples: int,
) -> str:
    if accuracy is not None and accuracy[0] is not None:
        share, low, high = accuracy[0], accuracy[1] or 0.0, accuracy[2] or 1.0
        said = f"People chose the image with the higher value {100 * share:.0f}% of the time"
        if low <= 0.5 <= high:
            return f"{said}: no better than a coin."
        return f"{said}." if share > 0.5 else f"{said}: they prefer lower values."
    rho = next((one for one in coefficients if one.name == "spearman"), None)
    if rho is None or rho.within is None or rho.within_low is None or rho.within_high is None:
        return "Within conditions the value or the answers do not vary."
    per = f"{counted(samples, 'sample')} with {votes / max(samples, 1):.1f} votes each"
    if rho.within_low <= 0 <= rho.within_high:
        return f"Within a condition the value does not tell which image people prefer ({per})."
    return (
        "Within a condition it goes with people's answers about single images (Spearman "
        f"{plain(rho.within, 2)}; {per}; "
        "few votes an image make every such correlation small)."
    )
