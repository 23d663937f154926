"""Scores beside what people said, as the report's page shows it: scatter, coefficients, words."""

from __future__ import annotations

from dataclasses import dataclass

from humaneval.reports.analysis.correlations import is_settled
from humaneval.reports.figures import Figure, Figures, scatter_points
from humaneval.reports.numbers import (
    NOT_KNOWN,
    ends,
    in_unit,
    plain,
    significant,
)
from humaneval.reports.results import (
    Correlation,
    Report,
)
from humaneval.reports.together_section import accuracy_cells


@dataclass(frozen=True)
class CorrelationSection:
    """One score against one question: the scatter, the coefficients, the words."""

    title: str
    question: str
    extractor: str
    systems: int
    verdict: str
    verdict_class: str
    words: str
    figure: Figure | None
    coefficients: list[tuple[str, str, str, str, str]]
    accuracy: tuple[str, str, str]
    points: list[tuple[str, str, str, str, str]]


def correlation_section(report: Report, figures: Figures, place: int, one: Correlation) -> CorrelationSection:
    """Return one score beside one question; ``place`` is its place among the report's correlations."""
    figure = figures.scatters.get(place)
    question = next(each.text for each in report.study.questions if each.key == one.question)
    return CorrelationSection(
        title=one.title,
        question=question,
        extractor=one.space.words,
        systems=one.systems,
        verdict=_verdict(one)[0],
        verdict_class=_verdict(one)[1],
        words=one.words,
        figure=figure,
        coefficients=[
            (
                each.title,
                plain(each.estimate, 2),
                ends(each.low, each.high, ""),
                ends(each.these_low, each.these_high, ""),
                "—" if each.pvalue is None else _pvalue(each.pvalue),
            )
            for each in one.coefficients
        ],
        accuracy=accuracy_cells(one.accuracy),
        points=_point_rows(report, one),
    )


def _verdict(one: Correlation) -> tuple[str, str]:
    """Return the words on a correlation's sign, and the class of their style."""
    if one.as_expected is None:
        return ("none expected", "none") if one.expected_sign is None else ("cannot be told", "none")
    words = "as expected" if one.as_expected else "not as expected"
    if not is_settled(next(each for each in one.coefficients if each.name == "spearman")):
        return f"{words}, unsettled", "none"
    return words, "yes" if one.as_expected else "no"


def _pvalue(value: float) -> str:
    return "under 0.001" if value < 0.001 else plain(value, 3)


def _point_rows(report: Report, one: Correlation) -> list[tuple[str, str, str, str, str]]:
    unit = next(
        (each.unit for each in report.estimates if each.headline and each.question == one.question), "share"
    )
    return [
        (
            point.label,
            in_unit(point.human, unit),
            ends(point.human_low, point.human_high, unit),
            significant(point.score),
            NOT_KNOWN
            if point.score_low is None or point.score_high is None
            else f"[{significant(point.score_low)}, {significant(point.score_high)}]",
        )
        for point in scatter_points(report, one)
    ]
