"""Do a score's values by sample go with what people said of the same samples?

One rater's leniency moves all the samples that they judged, so that samples are not independent: intervals
are :func:`humaneval.stats.item_correlations`', which leaves out raters and samples. What a row of the table
says in words is decided by its p-value after Holm over all rows of the question.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.adapters import attempt, distinct, interval_of, method_of
from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.findings.together import SampleCoefficient, SampleLevel
from humaneval.reports.material import SampleScore, ScoreFacts
from humaneval.reports.numbers import counted, p_words, plain
from humaneval.reports.results import QuestionFacts, finite
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats import StatsError, adjust_pvalues, item_correlations, mean_opinion_score
from humaneval.stats.intervals import two_sided
from humaneval.stats.item_correlations import ItemCorrelation
from humaneval.stats.permutations import Kind

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Correlations = dict[tuple[Kind, bool], ItemCorrelation]
LEAST_SAMPLES = 10
SETTLES = 0.05
NOT_A_SCALE = frozenset({"predicted_class", "asked_class", "nearest_real", "bin"})
"""Values by sample that name something rather than measure it."""


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
    groups = [_ByValue.of(group) for group in _groups(scores)]
    if preferences is not None:
        found = [_preferred(question, group, preferences, simulated) for group in groups]
    elif outcomes is not None and groups:
        found = _correlated(question, groups, _Judged.of(outcomes, samples), simulated)
    else:
        found = []
    levels = [one for one in found if one is not None]
    return sorted(_in_words(levels), key=lambda one: (-_strength(one), one.label, one.name))


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


@dataclass(frozen=True, eq=False)
class _ByValue:
    """One kind of value by sample, ``ids`` ascending, over the conditions that have it."""

    group: Group
    ids: IntArray
    values: Floats

    @classmethod
    def of(cls, group: Group) -> _ByValue:
        ids = np.concatenate([one.sample for _, one in group])
        values = np.concatenate([one.value for _, one in group])
        order = np.argsort(ids, kind="stable")
        return cls(group, ids[order], values[order])

    def at(self, samples: IntArray) -> Floats:
        """Return the value of each sample; NaN where there is none."""
        if not len(self.ids):
            return np.full(len(samples), np.nan)
        place = np.minimum(np.searchsorted(self.ids, samples), len(self.ids) - 1)
        known = (self.ids[place] == samples) & np.isfinite(self.values[place])
        return np.asarray(np.where(known, self.values[place], np.nan))


@dataclass(frozen=True, eq=False)
class _Judged:
    """Answers about single samples: ``place`` of each among the samples, whose condition is ``condition``."""

    outcomes: Outcomes
    place: IntArray
    samples: IntArray
    condition: IntArray

    @classmethod
    def of(cls, outcomes: Outcomes, samples: IntArray) -> _Judged:
        single = samples > 0
        kept = outcomes.where(single)
        names, first, place = np.unique(samples[single], return_index=True, return_inverse=True)
        return cls(kept, place.ravel(), names, kept.condition[first])


def _correlated(
    question: QuestionFacts, groups: Sequence[_ByValue], judged: _Judged, simulated: bool
) -> list[SampleLevel | None]:
    """Return a record for each kind of value; kinds that the same samples have are looked at together."""
    values = [group.at(judged.samples) for group in groups]
    together: dict[bytes, list[int]] = {}
    for number, column in enumerate(values):
        together.setdefault(np.isfinite(column).tobytes(), []).append(number)
    found: list[SampleLevel | None] = [None] * len(groups)
    for numbers in together.values():
        kept = np.isfinite(values[numbers[0]])
        if kept.sum() < LEAST_SAMPLES:
            continue
        scored = np.stack([values[number][kept] for number in numbers])
        for number, one in zip(numbers, _attempt(judged, kept, scored), strict=True):
            if one:
                found[number] = _of_samples(question, groups[number], judged.condition[kept], one, simulated)
    return found


def _attempt(judged: _Judged, kept: Bools, scored: Floats) -> list[Correlations]:
    rows = kept[judged.place]
    outcomes = judged.outcomes.where(rows)
    try:
        return item_correlations(
            outcomes.value,
            rater=outcomes.rater,
            item=judged.place[rows],
            scores=scored,
            stratum=judged.condition[kept],
        )
    except StatsError:
        return [{}] * len(scored)


def _of_samples(
    question: QuestionFacts, group: _ByValue, condition: IntArray, found: Correlations, simulated: bool
) -> SampleLevel:
    decides = found.get(("spearman", True))
    any_one = decides or next(iter(found.values()))
    return SampleLevel(
        **_facts(question, group, simulated),
        samples=any_one.items,
        votes=any_one.n,
        conditions=distinct(condition),
        coefficients=[_coefficient(kind, found) for kind in get_args(Kind)],
        accuracy=None,
        accuracy_low=None,
        accuracy_high=None,
        method=_method(any_one),
        raters=any_one.clusters["rater"],
        pvalue=finite(float(decides.pvalue)) if decides is not None else None,
    )


def _facts(question: QuestionFacts, group: _ByValue, simulated: bool) -> dict[str, Any]:
    row, one = group.group[0][0].row, group.group[0][1]
    return {
        "question": question.key, "metric": row.metric, "label": row.label, "name": one.name,
        "extractor": row.extractor, "words": "", "simulated": simulated,
        "preprocessing": row.preprocessing, "precision": row.precision,
    }  # fmt: skip


def _method(one: ItemCorrelation) -> str:
    spread = one.method.split(" items, ", 1)[-1].replace("item (", "sample (")
    return (
        f"correlations over samples (mean answer against value), {spread}; {one.convention}; within: after "
        "each condition's means are taken out of both"
    )


def _coefficient(kind: Kind, found: Correlations) -> SampleCoefficient:
    cells: list[float | None] = []
    for within in (False, True):
        one = found.get((kind, within))
        ends = interval_of(one) if one is not None else None
        cells += [finite(float(one.estimate)), ends.low, ends.high] if one and ends else [None] * 3
    return SampleCoefficient(kind, kind.capitalize(), *cells)


def _preferred(
    question: QuestionFacts,
    group: _ByValue,
    preferences: tuple[VoteTable, IntArray, IntArray],
    simulated: bool,
) -> SampleLevel | None:
    """Return the share of preferences for the higher value; ``None`` where too few votes tell."""
    table, first, second = preferences
    one, two = group.at(first), group.at(second)
    kept = np.isfinite(one) & np.isfinite(two) & (table.value >= 0)
    if kept.sum() < LEAST_SAMPLES:
        return None
    higher = np.sign(one[kept] - two[kept])
    chosen = np.where(table.value[kept] == 0, 1.0, -1.0)
    right, mine = (1 + higher * chosen) / 2, table.where(kept)
    result, _ = attempt(
        lambda: mean_opinion_score(right, rater=mine.rater, item=mine.unit, points=(0.0, 1.0))
    )
    if result is None:
        return None
    interval, raters = interval_of(result), distinct(mine.rater)
    off = float(result.estimate) - 0.5
    return SampleLevel(
        **_facts(question, group, simulated),
        samples=len(group.ids),
        votes=int(kept.sum()),
        conditions=len(group.group),
        coefficients=[],
        accuracy=finite(result.estimate),
        accuracy_low=interval.low,
        accuracy_high=interval.high,
        method=f"share of preferences for the higher value, {method_of(result)}",
        raters=raters,
        pvalue=two_sided(off, float(result.standard_error), max(raters - 1, 1)),
    )


def _in_words(levels: list[SampleLevel]) -> list[SampleLevel]:
    """Return a question's rows with p-values after Holm over them, and what these say."""
    tested = [one.pvalue for one in levels if one.pvalue is not None]
    holm = iter(adjust_pvalues(tested).tolist())
    found = []
    for one in levels:
        adjusted = None if one.pvalue is None else float(next(holm))
        row = dataclasses.replace(one, adjusted=adjusted)
        found.append(dataclasses.replace(row, words=_words(row, len(tested))))
    return found


def _words(one: SampleLevel, rows: int) -> str:
    p = p_words(one.adjusted) + (f" after Holm over {rows} rows" if rows > 1 else "")
    sure = one.adjusted is not None and one.adjusted < SETTLES
    if one.accuracy is not None:
        said = f"People chose the image with the higher value {100 * one.accuracy:.0f}% of the time"
        if not sure:
            return f"{said}: not told from a coin ({p})."
        return f"{said} ({p})." if one.accuracy > 0.5 else f"{said}: they prefer lower values ({p})."
    rho = next((each for each in one.coefficients if each.name == "spearman"), None)
    if rho is None or rho.within is None:
        return "Within conditions the value or the answers do not vary."
    per = f"{counted(one.samples, 'sample')} with {one.votes / max(one.samples, 1):.1f} votes each"
    spearman = f"Spearman {plain(rho.within, 2)}; {p}; {per}"
    if not sure:
        return (
            f"Within a condition these votes do not tell whether the value goes with people's answers "
            f"({spearman})."
        )
    with_or_against = "with" if rho.within > 0 else "against"
    return (
        f"Within a condition it goes {with_or_against} people's answers about single images ({spearman}; "
        "few votes an image make every such correlation small)."
    )
