"""Do a score's values by sample go with what people said of the same samples?

One rater's leniency moves all the samples that they judged, so that samples are not independent: intervals
are :func:`humaneval.stats.item_correlations`', which leaves out raters and samples, or of orders
:func:`humaneval.stats.lineup_correlations`', which leaves out raters and line-ups and compares images of one
ballot only. What a row of the table says in words is decided by its p-value after Holm over all rows of the
question.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.adapters import attempt, distinct, interval_of, method_of
from humaneval.reports.analysis.judged_samples import Correlations, Judged
from humaneval.reports.findings.together import SampleCoefficient, SampleLevel
from humaneval.reports.material import SampleScore, ScoreFacts
from humaneval.reports.numbers import counted, p_words, plain
from humaneval.reports.results import QuestionFacts, finite
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats import adjust_pvalues, mean_opinion_score
from humaneval.stats.intervals import two_sided
from humaneval.stats.items_left_out import ItemCorrelation
from humaneval.stats.permutations import Kind

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LEAST_SAMPLES = 10
SETTLES = 0.05
WITHIN = {
    "condition": ("Within a condition", "people's answers"),
    "ballot": ("On a ballot, apart from which condition is better,", "people's orders"),
}
"""How a sentence begins by what samples are compared within, and what it says that people gave."""
NOT_A_SCALE = frozenset({"predicted_class", "asked_class", "nearest_real", "bin"})
"""Values by sample that name something rather than measure it."""


def correlate_samples(
    question: QuestionFacts,
    scores: Sequence[ScoreFacts],
    judged: Judged | None,
    preferences: tuple[VoteTable, IntArray, IntArray] | None,
    simulated: bool,
) -> list[SampleLevel]:
    """Return one record for each metric, feature space and kind of value by sample; the strongest first.

    ``judged`` are answers about single samples, or their places in orders. ``preferences`` are the votes on
    two samples with those in slots 0 and 1, where votes compare samples.
    """
    groups = [_ByValue.of(group) for group in _groups(scores)]
    if preferences is not None:
        found = [_preferred(question, group, preferences, simulated) for group in groups]
    elif judged is not None and groups:
        found = _correlated(question, groups, judged, simulated)
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


def _correlated(
    question: QuestionFacts, groups: Sequence[_ByValue], judged: Judged, simulated: bool
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
        for number, one in zip(numbers, judged.correlate(kept, scored), strict=True):
            if one:
                found[number] = _of_samples(question, groups[number], judged, kept, one, simulated)
    return found


def _of_samples(
    question: QuestionFacts,
    group: _ByValue,
    judged: Judged,
    kept: Bools,
    found: Correlations,
    simulated: bool,
) -> SampleLevel:
    decides = found.get(("spearman", True))
    any_one = decides or next(iter(found.values()))
    return SampleLevel(
        **_facts(question, group, simulated),
        samples=int(kept.sum()),
        votes=any_one.n,
        conditions=distinct(judged.condition[kept]),
        coefficients=[_coefficient(kind, found) for kind in get_args(Kind)],
        accuracy=None,
        accuracy_low=None,
        accuracy_high=None,
        method=_method(any_one, judged),
        raters=any_one.clusters["rater"],
        pvalue=finite(float(decides.pvalue)) if decides is not None else None,
        within=judged.within,
    )


def _facts(question: QuestionFacts, group: _ByValue, simulated: bool) -> dict[str, Any]:
    row, one = group.group[0][0].row, group.group[0][1]
    return {
        "question": question.key, "metric": row.metric, "label": row.label, "name": one.name,
        "extractor": row.extractor, "words": "", "simulated": simulated,
        "preprocessing": row.preprocessing, "precision": row.precision,
    }  # fmt: skip


def _method(one: ItemCorrelation, judged: Judged) -> str:
    spread = one.method.split(" items, ", 1)[-1].replace("item (", "sample (")
    return (
        f"correlations over samples ({judged.compared}), {spread}; {one.convention}; within: after "
        f"{judged.also}"
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
        lambda: mean_opinion_score(right, rater=mine.rater, item=mine.shared, points=(0.0, 1.0))
    )
    if result is None:
        return None
    interval, raters = interval_of(result), distinct(mine.rater)
    off, fewest = float(result.estimate) - 0.5, min(result.clusters.values(), default=raters)
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
        pvalue=two_sided(off, float(result.standard_error), max(fewest - 1, 1)),
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
    where, said = WITHIN[one.within]
    if not sure:
        return f"{where} these votes do not tell whether the value goes with {said} ({spearman})."
    with_or_against = "with" if rho.within > 0 else "against"
    return (
        f"{where} it goes {with_or_against} {said} about single images ({spearman}; "
        "few votes an image make every such correlation small)."
    )
