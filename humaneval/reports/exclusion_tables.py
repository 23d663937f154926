"""The headline under each version of the exclusion rules, side by side, as the report's page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from humaneval.rating.exclusions import rule_title
from humaneval.reports.numbers import bracket, counted, in_unit, listed
from humaneval.reports.results import Estimate, ExclusionSet, Report


@dataclass(frozen=True)
class ExclusionColumn:
    """One way of leaving votes out: its name, when it was declared, and what it leaves out."""

    title: str
    declared: str
    governs: bool
    left_out: str


@dataclass(frozen=True)
class ExclusionTable:
    """One question: for each condition its estimate, interval and votes under each of the ways."""

    question: str
    measure_label: str
    rows: list[tuple[str, list[tuple[str, str, int]]]]


@dataclass(frozen=True)
class ExclusionSection:
    """All ways as columns, and a table of them for each question."""

    columns: list[ExclusionColumn]
    tables: list[ExclusionTable]


def exclusion_section(report: Report) -> ExclusionSection | None:
    """Return what the exclusions change; None where a study has no rules."""
    if not report.exclusions:
        return None
    tables = [_table(report.exclusions, one.key, one.text) for one in report.study.questions]
    return ExclusionSection([_column(one) for one in report.exclusions], [one for one in tables if one.rows])


def _column(one: ExclusionSet) -> ExclusionColumn:
    if not one.version:
        return ExclusionColumn("Nothing left out", "", one.governs, "no votes")
    rules = listed([f"{rule_title(rule).lower()} {count:,}" for rule, count in sorted(one.by_rule.items())])
    return ExclusionColumn(
        title=f"{one.name} (version {one.version})",
        declared="declared before launch" if one.before_launch else "declared after launch",
        governs=one.governs,
        left_out=f"{counted(one.left_out, 'vote')}{f': {rules}' if rules else ''}",
    )


def _table(ways: Sequence[ExclusionSet], question: str, text: str) -> ExclusionTable:
    under = [{one.condition: one for one in way.estimates if one.question == question} for way in ways]
    first = next((one for estimates in under for one in estimates.values()), None)
    rows = [
        (one.label, [_cell(estimates.get(condition)) for estimates in under])
        for condition, one in under[0].items()
    ]
    return ExclusionTable(text, first.measure_label if first else "", rows)


def _cell(one: Estimate | None) -> tuple[str, str, int]:
    return (
        ("—", "", 0)
        if one is None
        else (in_unit(one.estimate, one.unit), bracket(one.interval, one.unit), one.votes)
    )
