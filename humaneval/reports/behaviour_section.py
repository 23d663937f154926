"""Groups of votes, response times and raters' behaviour as the report's page shows them: cells in words."""

from __future__ import annotations

from dataclasses import dataclass

from humaneval.reports.charts.groups import NO_GROUP
from humaneval.reports.figures import Figure, Figures
from humaneval.reports.findings.people import Breakdown, Effect, Influence
from humaneval.reports.numbers import ends, in_unit, p_words, plain, seconds
from humaneval.reports.results import Report


@dataclass(frozen=True)
class GroupRow:
    """One group's row: its name, votes, raters, and a cell (value, interval, basis) for each condition."""

    name: str
    votes: int
    raters: int
    cells: list[tuple[str, str, str]]


@dataclass(frozen=True)
class GroupSection:
    """One question's estimates by one kind of group."""

    title: str
    measure_label: str
    figure: Figure | None
    columns: list[str]
    rows: list[GroupRow]
    words: str


def group_sections(report: Report, figures: Figures, question: str) -> list[GroupSection]:
    """Return a question's breakdowns in the order of the report."""
    return [_groups(one, figures) for one in report.breakdowns if one.question == question]


def _groups(one: Breakdown, figures: Figures) -> GroupSection:
    columns = {each.condition: each.label for group in one.groups for each in group.estimates}
    rows = []
    for group in one.groups:
        found = {each.condition: each for each in group.estimates}
        cells = [
            ("—", "", "")
            if (each := found.get(condition)) is None
            else (
                in_unit(each.estimate, one.unit),
                ends(each.low, each.high, one.unit),
                f"n {each.votes:,}, {each.raters:,} raters"
                + ("" if each.design_effect is None else f", deff {plain(each.design_effect, 1)}"),
            )
            for condition in columns
        ]
        rows.append(GroupRow(group.name or NO_GROUP, group.votes, group.raters, cells))
    return GroupSection(
        title=one.title,
        measure_label=one.measure_label,
        figure=figures.groups.get((one.question, one.by)),
        columns=list(columns.values()),
        rows=rows,
        words=one.words,
    )


@dataclass(frozen=True)
class EffectRow:
    """One test of behaviour: its name, its size with the interval, its p-values, its words."""

    title: str
    question: str
    value: str
    interval: str
    pvalue: str
    adjusted: str
    votes: int
    raters: int
    words: str


@dataclass(frozen=True)
class BehaviourSection:
    """How raters went about it: times, effects, and what the first places rest on."""

    figure: Figure | None
    time_rows: list[tuple[str, str, str, str, str, str, str, int, int]]
    effects: list[EffectRow]
    influence: list[tuple[str, Influence]]


def behaviour_section(report: Report, figures: Figures) -> BehaviourSection | None:
    """Return how raters behaved; ``None`` where nothing is known of it."""
    if not (report.times or report.effects or report.influence):
        return None
    several = len(report.study.questions) > 1
    texts = {one.key: one.text if several else "" for one in report.study.questions}
    return BehaviourSection(
        figure=figures.times,
        time_rows=[
            (
                one.label,
                seconds(one.median),
                f"{seconds(one.p25)} to {seconds(one.p75)}",
                f"{seconds(one.p5)} to {seconds(one.p95)}",
                seconds(one.mean),
                "no interval" if one.low is None else f"[{seconds(one.low)}, {seconds(one.high)}]",
                one.kind,
                one.votes,
                one.raters,
            )
            for one in report.times
        ],
        effects=[_effect(one, texts[one.question]) for one in report.effects],
        influence=[(texts[one.question], one) for one in report.influence],
    )


def _effect(one: Effect, question: str) -> EffectRow:
    return EffectRow(
        title=one.title,
        question=question,
        value=_size(one, one.estimate),
        interval=""
        if one.low is None or one.high is None
        else f"[{_size(one, one.low)}, {_size(one, one.high)}]",
        pvalue="—" if one.pvalue is None else p_words(one.pvalue).removeprefix("p = ").removeprefix("p "),
        adjusted="—"
        if one.adjusted is None
        else p_words(one.adjusted).removeprefix("p = ").removeprefix("p "),
        votes=one.votes,
        raters=one.raters,
        words=one.words,
    )


def _size(one: Effect, value: float | None) -> str:
    if value is None:
        return "—"
    if one.name == "position":
        return in_unit(value, "share")
    if one.unit == "share":
        return f"{plain(100 * value, 1)} pp"
    if one.unit == "ratio":
        return f"× {plain(value, 2)}"
    return plain(value, 2)
