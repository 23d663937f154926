"""People and scores together as the report's page shows them: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from humaneval.reports.figures import Figure, Figures
from humaneval.reports.findings.together import (
    Ceiling,
    MetricComparison,
    PairwiseAccuracy,
    SampleLevel,
    Trust,
)
from humaneval.reports.numbers import ends, p_words, plain
from humaneval.reports.results import Report

MOST_SHOWN = 4
"""Scatter charts that are open; the others are folded."""


@dataclass(frozen=True)
class TrustBlock:
    """One question's verdict, its chart, ceiling, comparisons and sample-level findings."""

    question: str
    text: str
    trust: Trust
    figure: Figure | None
    ceiling: Ceiling | None
    comparisons: list[tuple[str, str, str, str, str, str, str]]
    samples: list[tuple[str, str, str, list[tuple[str, str, str]], str]]
    sample_method: str


def trust_blocks(report: Report, figures: Figures) -> list[TrustBlock]:
    """Return a block for each question that has a verdict."""
    texts = {one.key: one.text for one in report.study.questions}
    return [
        TrustBlock(
            question=one.question,
            text=texts[one.question],
            trust=one,
            figure=figures.agreement.get(one.question),
            ceiling=next((each for each in report.ceilings if each.question == one.question), None),
            comparisons=_comparisons([each for each in report.comparisons if each.question == one.question]),
            samples=[_sample(each) for each in report.samples if each.question == one.question],
            sample_method=_sample_method([each for each in report.samples if each.question == one.question]),
        )
        for one in report.trust
    ]


def _comparisons(found: Sequence[MetricComparison]) -> list[tuple[str, str, str, str, str, str, str]]:
    return [
        (
            one.first,
            one.second,
            f"{plain(one.first_correlation, 2)} and {plain(one.second_correlation, 2)}",
            f"{plain(one.difference, 2)} {ends(one.low, one.high, '')}",
            _p(one.pvalue),
            _p(one.steiger),
            _p(one.adjusted),
        )
        for one in found
    ]


def _p(value: float) -> str:
    return p_words(value).removeprefix("p = ").removeprefix("p ")


def _sample(one: SampleLevel) -> tuple[str, str, str, list[tuple[str, str, str]], str]:
    cells = [
        (each.title, _with_ends(each.overall, each.overall_low, each.overall_high),
         _with_ends(each.within, each.within_low, each.within_high))
        for each in one.coefficients
    ]  # fmt: skip
    if one.accuracy is not None:
        share = f"{100 * one.accuracy:.1f}% {ends(one.accuracy_low, one.accuracy_high, 'share')}"
        cells.append(("Preferences for the higher value", share, "—"))
    return one.label, one.name.replace("_", " "), f"{one.samples:,}", cells, one.words


def _sample_method(found: Sequence[SampleLevel]) -> str:
    """Return how the intervals of a table of samples were made, in a sentence or two."""
    methods = "; ".join(dict.fromkeys(one.method for one in found))
    adjusted = any(one.adjusted is not None for one in found)
    decided = " P-values after Holm over this table decide the words." if adjusted else ""
    return f"{methods[:1].upper()}{methods[1:]}.{decided}" if methods else ""


def _with_ends(value: float | None, low: float | None, high: float | None) -> str:
    return "—" if value is None else f"{plain(value, 2)} {ends(low, high, '')}"


def accuracy_cells(one: PairwiseAccuracy | None) -> tuple[str, str, str]:
    """Return the share of all pairs with its interval, the pairs told apart, and the accuracy with ties."""
    if one is None or one.all_pairs is None:
        return "—", "", ""
    return (
        f"{100 * one.all_pairs:.0f}%",
        ends(one.low, one.high, "share"),
        f"{one.right} of {one.told_apart} told apart; {_with_ties(one)} with ties",
    )


def _with_ties(one: PairwiseAccuracy) -> str:
    """Return the accuracy with ties; a dash where people tell no pair apart, so that all are called ties."""
    return f"{100 * one.with_ties:.0f}%" if one.told_apart and one.with_ties is not None else "—"
