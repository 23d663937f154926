"""Which charts a report has, and the words around them: from a report's records to finished SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from humaneval.reports.charts.distribution import draw_distribution
from humaneval.reports.charts.estimates import draw_estimates
from humaneval.reports.charts.scatter import Point, draw_scatter
from humaneval.reports.results import Correlation, Estimate, QuestionFacts, Report

WIDE, NARROW = 820.0, 340.0
LEAST_POINTS = 2


@dataclass(frozen=True)
class Figure:
    """One chart, drawn for wide pages and, where that would be unreadable on a phone, for narrow ones."""

    name: str
    title: str
    wide: str
    narrow: str = ""


@dataclass(frozen=True)
class Figures:
    """All charts of a report by what they show; keys are question keys, or the correlation's position."""

    estimates: dict[str, Figure]
    distributions: dict[str, Figure]
    scatters: dict[int, Figure]


def draw_figures(report: Report) -> Figures:
    """Draw every chart of a report. Takes about 0.1 s a chart; the same report gives the same bytes."""
    return Figures(
        dict(_estimate_figures(report)), dict(_distribution_figures(report)), dict(_scatter_figures(report))
    )


def headline_estimates(report: Report, question: str) -> list[Estimate]:
    """Return one question's charted estimates in the report's order, those with a number only."""
    return [
        one
        for one in report.estimates
        if one.headline and one.question == question and one.estimate is not None
    ]


def _both(name: str, title: str, draw: Callable[[str, float], str]) -> Figure:
    return Figure(name, title, draw(f"{name}-wide", WIDE), draw(f"{name}-narrow", NARROW))


def _estimate_figures(report: Report) -> Iterator[tuple[str, Figure]]:
    for question in report.study.questions:
        estimates = headline_estimates(report, question.key)
        if estimates:
            yield question.key, _estimate_figure(report, question, estimates)


def _estimate_figure(report: Report, question: QuestionFacts, estimates: Sequence[Estimate]) -> Figure:
    title = f"{estimates[0].measure_label} by condition: {question.text}"
    limits, reference = _limits(question, estimates[0].unit), _reference(report, estimates[0].unit)

    def draw(name: str, width: float) -> str:
        return draw_estimates(
            estimates, name=name, title=title, width=width, limits=limits, reference=reference
        )

    return _both(f"estimates-{question.key}", title, draw)


def _limits(question: QuestionFacts, unit: str) -> tuple[float, float] | None:
    """Return the ends of the axis where the unit has ends."""
    return {"share": (0.0, 1.0), "points": (1.0, float(question.points))}.get(unit)


def _reference(report: Report, unit: str) -> tuple[float, str] | None:
    """Return the value that means "cannot be told apart" (or average strength), with its words."""
    if unit == "log-strength":
        return (0.0, "average")
    chance = report.study.chance
    return None if chance is None else (chance, f"{100 * chance:.0f}%: indistinguishable")


def _distribution_figures(report: Report) -> Iterator[tuple[str, Figure]]:
    for question in report.study.questions:
        estimates = [one for one in headline_estimates(report, question.key) if sum(one.distribution)]
        if estimates:
            yield question.key, _distribution_figure(question, estimates)


def _distribution_figure(question: QuestionFacts, estimates: Sequence[Estimate]) -> Figure:
    title = f"Answers by point of the scale: {question.text}"

    def draw(name: str, width: float) -> str:
        return draw_distribution(estimates, labels=question.labels, name=name, title=title, width=width)

    return _both(f"answers-{question.key}", title, draw)


def _scatter_figures(report: Report) -> Iterator[tuple[int, Figure]]:
    for place, correlation in enumerate(report.correlations):
        points = scatter_points(report, correlation)
        if len(points) >= LEAST_POINTS:
            yield place, _scatter_figure(report, place, correlation, points)


def scatter_points(report: Report, correlation: Correlation) -> list[Point]:
    """Return the points behind one correlation, in the order of its conditions."""
    human = {
        one.condition: one
        for one in report.estimates
        if one.headline and one.question == correlation.question
    }
    scores = {
        row.condition: row
        for row in report.scores
        if (row.metric, row.space) == (correlation.metric, correlation.space)
    }
    return [
        Point(
            label=human[one].label,
            score=scores[one].value,
            score_low=scores[one].low,
            score_high=scores[one].high,
            human=human[one].estimate or 0.0,
            human_low=human[one].interval.low,
            human_high=human[one].interval.high,
        )
        for one in correlation.conditions
    ]


def _scatter_figure(report: Report, place: int, correlation: Correlation, points: Sequence[Point]) -> Figure:
    human = correlation.measure_label.split(":")[0]
    arrow = {1: " (higher is better)", -1: " (lower is better)", None: ""}[correlation.expected_sign]
    name, title = f"scatter-{place}", f"{human} against {correlation.label}"
    unit = next(one.unit for one in report.estimates if one.headline and one.question == correlation.question)
    svg = draw_scatter(
        points,
        name=name,
        title=title,
        score_label=_wrapped(f"{correlation.label}{arrow}"),
        human_label=human,
        unit=unit,
    )
    return Figure(name, title, svg)


def _wrapped(label: str, longest: int = 46) -> str:
    """Return a long axis label on two lines, broken at the space nearest its middle."""
    if len(label) <= longest:
        return label
    spaces = [place for place, character in enumerate(label) if character == " "]
    if not spaces:
        return label
    middle = min(spaces, key=lambda place: abs(place - len(label) / 2))
    return f"{label[:middle]}\n{label[middle + 1 :]}"
