"""Did place, practice, tiredness or haste move the answers? One test each, raters being the clusters.

Each compares a rater with themselves only. *Position bias*: is the left of two images chosen half of the
time, and does the image that is put first of several stand in the middle on average (places are balanced by
the study's seed)? *Learning* and *fatigue*: do raters judge better, or worse, from the
first to the middle third of a sitting, and from the middle to the last? *Pace*: how much faster do they
become? *Speed*: do quicker answers of the same rater judge worse? How well an answer judges is whether it was
right, or how far it goes with the other raters' (see :func:`humaneval.reports.analysis.outcomes.quality_of`,
and of orders :func:`humaneval.reports.analysis.orders.quality_of_orders`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.adapters import attempt, distinct, interval_of, method_of
from humaneval.reports.analysis.outcomes import Quality
from humaneval.reports.findings.people import Effect
from humaneval.reports.numbers import p_words, plain
from humaneval.reports.results import Interval, QuestionFacts, finite
from humaneval.reports.votes import IntArray, VoteTable
from humaneval.stats import Result, adjust_pvalues, mean_opinion_score, rate, within_contrast, within_slope
from humaneval.stats.intervals import two_sided

Floats = NDArray[np.float64]
SETTLES = 0.05
FEWEST_IN_A_SITTING = 6
TITLES = {
    "position": "Position bias",
    "learning": "Learning",
    "fatigue": "Fatigue",
    "pace": "Pace",
    "speed": "Speed and care",
}


@dataclass(frozen=True, eq=False)
class Sitting:
    """When and how the answers of a table were given: all columns have the table's length.

    ``place`` is the place on screen that was chosen or put first, from the left, of so many ``places``; -1
    where none was (a tie, a scale). ``position`` is the vote's place in its session. ``stimuli`` codes what
    each answer is about, the conditions in it, so that what was shown when plays no part. Of votes from
    elsewhere a position may be -1, and a response time not a number: nobody knows.
    """

    session: IntArray
    position: IntArray
    place: IntArray
    places: IntArray
    response_ms: Floats
    stimuli: IntArray


@dataclass(frozen=True)
class Measured:
    """An effect whose words wait for the p-value after Holm, and who finds them."""

    effect: Effect
    in_words: Callable[[Effect], str]


def measure_effects(
    table: VoteTable, sitting: Sitting, quality: Quality | None, question: QuestionFacts
) -> list[Measured]:
    """Return the effects of one question's answers; those that cannot be asked of a protocol are left out."""
    third = thirds_of(sitting.session, sitting.position)
    found = [_position(table, sitting, question)] if (sitting.place >= 0).any() else []
    if quality is not None:
        found.append(_change(table, sitting, quality, third, "learning", question))
        found.append(_change(table, sitting, quality, third, "fatigue", question))
    found.append(_pace(table, sitting, third, question))
    if quality is not None:
        found.append(_speed(table, sitting, quality, question))
    return found


def in_words(measured: list[Measured]) -> list[Effect]:
    """Return all effects of a report with p-values after Holm over them, and what these say."""
    tested = [one.effect.pvalue for one in measured if one.effect.pvalue is not None]
    holm = iter(adjust_pvalues(tested).tolist())
    found = []
    for one in measured:
        p = None if one.effect.pvalue is None else float(next(holm))
        effect = dataclasses.replace(one.effect, adjusted=p)
        found.append(dataclasses.replace(effect, words=one.in_words(effect)))
    return found


def _measured(effect: Effect, result: object, note: str, words: Callable[[Effect], str]) -> Measured:
    return Measured(effect, (lambda _: note) if result is None else words)


def thirds_of(session: IntArray, position: IntArray) -> IntArray:
    """Return the third of its session (0, 1, 2) that each vote came in.

    It is -1 in sessions under six votes, and where a vote's position is not known.
    """
    order = np.lexsort((position, session))
    _, start, count = np.unique(session[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(start, count)
    size = np.repeat(count, count)
    known = (size >= FEWEST_IN_A_SITTING) & (position[order] >= 0)
    third = np.where(known, 3 * rank // np.maximum(size, 1), -1)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = third
    return found


def _position(table: VoteTable, sitting: Sitting, question: QuestionFacts) -> Measured:
    rows = sitting.place >= 0
    mine, last = table.where(rows), sitting.places[rows] - 1
    left = 1 - sitting.place[rows] / last
    several = bool((last > 1).any())
    result, note = attempt(
        lambda: (
            mean_opinion_score(left, points=(0.0, 1.0), rater=mine.rater)
            if several
            else rate(left > 0.5, rater=mine.rater)
        )
    )
    pvalue = None
    if result is not None:
        pvalue = two_sided(
            float(result.estimate) - 0.5, float(result.standard_error), distinct(mine.rater) - 1
        )
    effect = _effect("position", mine, question, result, 0.5, "share", pvalue)
    return _measured(effect, result, note, _order_words if several else _position_words)


def _order_words(one: Effect) -> str:
    at = f"at {100 * (one.estimate or 0):.1f}% of the way from the right end of the screen to the left"
    said = f"the image put first stood {at} in the mean {_ends(one)}"
    if not _settled(one):
        return f"Places: {said}; {_no_bias(one)}."
    side = "left" if (one.estimate or 0) > 0.5 else "right"
    return (
        f"Raters lean to the {side}: {said} ({_p(one)}). Places are balanced, so that this favours no "
        "condition; it adds noise, and draws differences between conditions towards even."
    )


def _no_bias(one: Effect) -> str:
    if one.pvalue is None:
        return "whether that is a bias cannot be tested with so few raters"
    return f"that is no sign of a bias ({_p(one)})"


def _position_words(one: Effect) -> str:
    share = f"{100 * (one.estimate or 0):.1f}%"
    if not _settled(one):
        return f"Raters chose the left image {share} of the time {_ends(one)}; {_no_bias(one)}."
    side = "left" if (one.estimate or 0) > 0.5 else "right"
    return (
        f"Raters lean to the {side}: the left image was chosen {share} of the time {_ends(one)} "
        f"({_p(one)}). Sides are balanced, so that this favours no condition; it adds noise, and draws "
        "differences between conditions towards even."
    )


def _change(
    table: VoteTable,
    sitting: Sitting,
    quality: Quality,
    third: IntArray,
    name: str,
    question: QuestionFacts,
) -> Measured:
    between = (0, 1) if name == "learning" else (1, 2)
    rows = np.isin(third, between) & np.isfinite(quality.value)
    mine = table.where(rows)
    result, note = _attempt_within(
        mine,
        _unknown(sitting, order=True),
        lambda: within_contrast(
            quality.value[rows],
            second=third[rows] == between[1],
            rater=mine.rater,
            stratum=sitting.stimuli[rows],
        ),
    )
    effect = _effect(name, mine, question, result, 0.0, quality.unit, getattr(result, "pvalue", None))
    words = _learning_words if name == "learning" else _fatigue_words
    return _measured(effect, result, note, partial(words, noun=quality.noun))


def _learning_words(one: Effect, noun: str) -> str:
    if not _settled(one):
        return (
            f"No sign that raters learned: {noun} changed by {_amount(one)} from the first to the middle "
            "third of "
            f"a sitting {_ends(one)} ({_p(one)})."
        )
    if (one.estimate or 0) > 0:
        return (
            f"Raters learned: {noun} rose by {_amount(one)} from the first to the middle third of a sitting "
            f"{_ends(one)} ({_p(one)}). Early votes judge less well; practice trials before the first "
            "vote, or leaving the first ones out by a declared rule, would show it."
        )
    return (
        f"Raters judged less well from the first to the middle third of a sitting: {noun} changed by "
        f"{_amount(one)} "
        f"{_ends(one)} ({_p(one)}). Sittings may be too long."
    )


def _fatigue_words(one: Effect, noun: str) -> str:
    if not _settled(one):
        return (
            f"No sign that raters tired: {noun} changed by {_amount(one)} from the middle to the last third "
            "of a "
            f"sitting {_ends(one)} ({_p(one)})."
        )
    if (one.estimate or 0) < 0:
        return (
            f"Raters tired: {noun} fell by {_amount(one, size=True)} from the middle to the last third of a "
            "sitting "
            f"{_ends(one)} ({_p(one)}). Shorter sittings or breaks would help."
        )
    return (
        f"Raters still became better late in a sitting: {noun} rose by {_amount(one)} from the middle to "
        "the last "
        f"third {_ends(one)} ({_p(one)})."
    )


def _pace(table: VoteTable, sitting: Sitting, third: IntArray, question: QuestionFacts) -> Measured:
    rows = np.isin(third, (0, 2)) & (sitting.response_ms > 0)
    mine = table.where(rows)
    result, note = _attempt_within(
        mine,
        _unknown(sitting, order=True, times=True),
        lambda: within_contrast(
            np.log(sitting.response_ms[rows]),
            second=third[rows] == 2,
            rater=mine.rater,
            stratum=sitting.stimuli[rows],
        ),
    )
    effect = _as_ratio(_effect("pace", mine, question, result, 0.0, "ratio", getattr(result, "pvalue", None)))
    return _measured(effect, result, note, _pace_words)


def _as_ratio(one: Effect) -> Effect:
    """Return an effect on the log scale as a ratio of times, 1 meaning no change."""
    ends = (one.estimate, one.low, one.high)
    value, low, high = (None if end is None else finite(float(np.exp(end))) for end in ends)
    return dataclasses.replace(one, estimate=value, low=low, high=high, null=1.0)


def _pace_words(one: Effect) -> str:
    change = 100 * ((one.estimate or 1.0) - 1)
    direction = "less" if change < 0 else "more"
    said = (
        f"{abs(change):.0f}% {direction} time in the last third of a sitting than in the first {_ends(one)}"
    )
    if not _settled(one):
        return f"Raters kept their pace: they took {said} ({_p(one)})."
    if change < 0:
        return (
            f"Raters became faster: they took {said} ({_p(one)}). By itself that is practice; it is "
            "haste only where they also judge worse (see fatigue, and speed and care)."
        )
    return f"Raters became slower: they took {said} ({_p(one)})."


def _speed(table: VoteTable, sitting: Sitting, quality: Quality, question: QuestionFacts) -> Measured:
    rows = np.isfinite(quality.value) & (sitting.response_ms > 0)
    mine = table.where(rows)
    result, note = _attempt_within(
        mine,
        _unknown(sitting, times=True),
        lambda: within_slope(
            quality.value[rows],
            on=np.log2(sitting.response_ms[rows]),
            rater=mine.rater,
            stratum=sitting.stimuli[rows],
        ),
    )
    effect = _effect("speed", mine, question, result, 0.0, quality.unit, getattr(result, "pvalue", None))
    return _measured(effect, result, note, partial(_speed_words, noun=quality.noun))


def _speed_words(one: Effect, noun: str) -> str:
    said = f"{noun} changes by {_amount(one)} with each doubling of the time {_ends(one)}"
    if not _settled(one):
        return f"A rater's quick answers judge no worse than the slow ones: {said} ({_p(one)})."
    if (one.estimate or 0) > 0:
        return (
            f"A rater's quick answers judge less well: {said} ({_p(one)}). Compare the headline under "
            "rules that leave out what was too fast."
        )
    return (
        f"A rater's slow answers judge less well: {said} ({_p(one)}). That is usual: what is hard takes "
        "longer."
    )


def _attempt_within(
    table: VoteTable, unknown: str, compute: Callable[[], Result[Any]]
) -> tuple[Result[Any] | None, str]:
    """Return what a test within raters gives; nothing, and why, where what it rests on is not known."""
    if unknown:
        return None, f"{unknown}: this cannot be told."
    if not len(table):
        return None, f"No sitting has {FEWEST_IN_A_SITTING} votes or more: this cannot be told."
    return attempt(compute)


def _unknown(sitting: Sitting, *, order: bool = False, times: bool = False) -> str:
    """Return in words which of the things that a test rests on no vote tells; empty where some do."""
    if order and not (sitting.position >= 0).any():
        return "In which order raters gave their votes is not known"
    if times and not np.isfinite(sitting.response_ms).any():
        return "How long answers took is not known"
    return ""


def _effect(
    name: str,
    table: VoteTable,
    question: QuestionFacts,
    result: Result[Any] | None,
    null: float,
    unit: str,
    pvalue: float | None,
) -> Effect:
    interval = interval_of(result) if result is not None else Interval(None, None, None, "")
    return Effect(
        question=question.key,
        name=name,
        title=TITLES[name],
        estimate=finite(result.estimate) if result is not None else None,
        null=null,
        low=interval.low,
        high=interval.high,
        unit=unit,
        pvalue=finite(pvalue),
        adjusted=None,
        method=method_of(result) if result is not None else "",
        votes=len(table),
        raters=distinct(table.rater),
        words="",
        simulated=bool(table.simulated.any()),
    )


def _settled(one: Effect) -> bool:
    p = one.pvalue if one.adjusted is None else one.adjusted
    return p is not None and p < SETTLES


def _p(one: Effect) -> str:
    """Return the p-value, with that after Holm where they differ."""
    alone = p_words(one.pvalue)
    if one.adjusted is None or p_words(one.adjusted) == alone:
        return alone
    return f"{alone}, after Holm {p_words(one.adjusted).removeprefix('p = ')}"


def _amount(one: Effect, *, size: bool = False) -> str:
    value = abs(one.estimate or 0) if size else (one.estimate or 0)
    if one.unit == "share":
        return counted_points(100 * value)
    return f"{plain(value, 2)} points" if one.unit == "points" else plain(value, 2)


def counted_points(value: float) -> str:
    """Return percentage points in words."""
    return f"{plain(value, 1)} percentage points"


def _ends(one: Effect) -> str:
    if one.low is None or one.high is None:
        return "(no interval)"
    if one.unit == "share":
        return f"[{plain(100 * one.low, 1)}, {plain(100 * one.high, 1)}]"
    if one.unit == "ratio":
        return f"[{plain(100 * (one.low - 1), 0)}%, {plain(100 * (one.high - 1), 0)}%]"
    return f"[{plain(one.low, 2)}, {plain(one.high, 2)}]"
