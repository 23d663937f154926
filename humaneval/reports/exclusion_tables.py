"""The headline under each version of the exclusion rules, side by side, as the report's page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from humaneval.rating.exclusions import rule_title
from humaneval.reports.analysis.ranking import first_of
from humaneval.reports.numbers import bracket, counted, in_unit, listed
from humaneval.reports.results import Estimate, ExclusionSet, Report


@dataclass(frozen=True)
class ExclusionColumn:
    """One way of leaving votes out: its name, when it was declared, what it leaves out, and of whom."""

    title: str
    declared: str
    governs: bool
    left_out: str
    rules: list[tuple[str, int, int]]
    raters: list[tuple[str, int, int, str]]


@dataclass(frozen=True)
class ExclusionTable:
    """One question: for each condition its estimate, interval and votes under each of the ways.

    ``winners`` and ``words`` say who is first under each; they are empty where there is one condition.
    """

    question: str
    measure_label: str
    rows: list[tuple[str, list[tuple[str, str, int]]]]
    winners: list[str]
    words: str


@dataclass(frozen=True)
class ExclusionSection:
    """All ways as columns, and a table of them for each question."""

    columns: list[ExclusionColumn]
    tables: list[ExclusionTable]


def exclusion_section(report: Report) -> ExclusionSection | None:
    """Return what the exclusions change; None where a study has no rules."""
    if not report.exclusions:
        return None
    better = report.study.better
    tables = [_table(report.exclusions, one.key, one.text, better) for one in report.study.questions]
    return ExclusionSection([_column(one) for one in report.exclusions], [one for one in tables if one.rows])


def _column(one: ExclusionSet) -> ExclusionColumn:
    if not one.version:
        return ExclusionColumn(_title(one), "", one.governs, "no votes", [], [])
    rules = [
        (rule_title(rule), count, one.raters_by_rule.get(rule, 0))
        for rule, count in sorted(one.by_rule.items())
    ]
    named = listed([f"{title.lower()} {count:,}" for title, count, _ in rules])
    declared = "declared before launch" if one.before_launch else "declared after launch"
    return ExclusionColumn(
        title=_title(one),
        declared="for comparison, declared by nobody" if one.strict else declared,
        governs=one.governs,
        left_out=f"{counted(one.left_out, 'vote')}{f': {named}' if named else ''}",
        rules=rules,
        raters=[
            (
                each.rater,
                each.left_out,
                each.votes,
                listed([rule_title(rule).lower() for rule in each.by_rule]),
            )
            for each in one.excluded
        ],
    )


def _title(one: ExclusionSet) -> str:
    if not one.version:
        return "Nothing left out"
    return one.name if one.strict else f"{one.name} (version {one.version})"


def _table(ways: Sequence[ExclusionSet], question: str, text: str, better: int) -> ExclusionTable:
    under = [{one.condition: one for one in way.estimates if one.question == question} for way in ways]
    first = next((one for estimates in under for one in estimates.values()), None)
    rows = [
        (one.label, [_cell(estimates.get(condition)) for estimates in under])
        for condition, one in under[0].items()
    ]
    leaders = [tuple(one.label for one in first_of(list(estimates.values()), better)) for estimates in under]
    measure = first.measure_label if first else ""
    if len(rows) < 2:  # one alone is first of nothing
        return ExclusionTable(text, measure, rows, [], "")
    winners = [listed(list(labels)) or "—" for labels in leaders]
    words = _words(leaders, [_title(way) for way in ways])
    return ExclusionTable(text, measure, rows, winners, words)


def _words(leaders: Sequence[tuple[str, ...]], titles: Sequence[str]) -> str:
    """Return whether the choice of rules decides who is first, and which rules leave nothing to tell it."""
    told = {frozenset(labels): labels for labels in leaders if labels}
    empty = [
        f"“{title}” leaves no estimate" for labels, title in zip(leaders, titles, strict=True) if not labels
    ]
    if not told:
        return ""
    beside = f" ({listed(empty)})" if empty else ""
    if len(told) > 1:
        named = sorted(_together(labels) for labels in told.values())
        return f"Who is first depends on the rules: {'; '.join(named)}{beside}."
    (labels,) = told.values()
    where = f"under all other rules{beside}" if empty else "whichever rules are applied"
    if len(labels) == 1:
        return f"{_together(labels)} is first {where}."
    return f"{_together(labels)} share the first place {where}."


def _together(labels: Sequence[str]) -> str:
    return listed([f"“{label}”" for label in labels])


def _cell(one: Estimate | None) -> tuple[str, str, int]:
    return (
        ("—", "", 0)
        if one is None
        else (in_unit(one.estimate, one.unit), bracket(one.interval, one.unit), one.votes)
    )
