"""Which charts a report has, and the words around them: from a report's records to finished SVG."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from humaneval.reports.charts.agreement import ScoreAgreement, plot_agreement
from humaneval.reports.charts.distribution import plot_distribution
from humaneval.reports.charts.estimates import plot_estimates
from humaneval.reports.charts.groups import plot_groups
from humaneval.reports.charts.scatter import Point, plot_scatter
from humaneval.reports.charts.svg import Plot, svg_of
from humaneval.reports.charts.times import plot_times
from humaneval.reports.charts.units import plot_units
from humaneval.reports.findings.people import Breakdown
from humaneval.reports.results import Correlation, Estimate, QuestionFacts, Report

WIDE, NARROW = 820.0, 340.0
PAPER_PAGE, PAPER_COLUMN = 700.0, 340.0
"""Of figures for papers: at the width of a page (6.8 in) or column (3.3 in), their text has 8.4 points."""
LEAST_POINTS = 2
LEAST_SYSTEMS = 3


@dataclass(frozen=True)
class Figure:
    """One chart, drawn for wide pages and, where that would be unreadable on a phone, for narrow ones."""

    name: str
    title: str
    wide: str
    narrow: str = ""


@dataclass(frozen=True, eq=False)
class Drawable:
    """A chart that can be drawn at any width; one that is small at its own is not drawn anew for phones."""

    name: str
    title: str
    at: Callable[[float], Plot]
    small: bool = False

    def drawn(self) -> Figure:
        """Return it as a page shows it."""
        if self.small:
            return Figure(self.name, self.title, svg_of(self.at(WIDE), self.name))
        wide, narrow = (
            svg_of(self.at(width), f"{self.name}-{word}")
            for width, word in ((WIDE, "wide"), (NARROW, "narrow"))
        )
        return Figure(self.name, self.title, wide, narrow)


@dataclass(frozen=True)
class Figures:
    """All charts of a report by what they show.

    Keys are question keys; the correlation's position; question and kind of group; a condition's id.
    """

    estimates: dict[str, Figure]
    distributions: dict[str, Figure]
    scatters: dict[int, Figure]
    groups: dict[tuple[str, str], Figure]
    agreement: dict[str, Figure]
    units: dict[int, Figure]
    times: Figure | None


def draw_figures(report: Report) -> Figures:
    """Draw every chart of a report. Takes about 0.1 s a chart; the same report gives the same bytes."""
    times = _times_drawable(report)
    return Figures(
        {key: one.drawn() for key, one in _estimate_drawables(report)},
        {key: one.drawn() for key, one in _distribution_drawables(report)},
        {place: one.drawn() for place, one in _scatter_drawables(report)},
        {key: one.drawn() for key, one in _group_drawables(report)},
        {key: one.drawn() for key, one in _agreement_drawables(report)},
        {key: one.drawn() for key, one in _unit_drawables(report)},
        times.drawn() if times else None,
    )


def paper_plots(report: Report) -> dict[str, Plot]:
    """Return every chart at the width of a page and (-column) of a column, by the name of its file."""
    keyed = (
        *_estimate_drawables(report),
        *_distribution_drawables(report),
        *_scatter_drawables(report),
        *_group_drawables(report),
        *_agreement_drawables(report),
        *_unit_drawables(report),
    )
    times = _times_drawable(report)
    plots = {}
    for one in [one for _, one in keyed] + ([times] if times else []):
        plots[one.name] = one.at(PAPER_PAGE)
        if not one.small:
            plots[f"{one.name}-column"] = one.at(PAPER_COLUMN)
    return plots


def headline_estimates(report: Report, question: str) -> list[Estimate]:
    """Return one question's charted estimates in the report's order, those with a number only."""
    return [
        one
        for one in report.estimates
        if one.headline and one.question == question and one.estimate is not None
    ]


def _estimate_drawables(report: Report) -> Iterator[tuple[str, Drawable]]:
    for question in report.study.questions:
        estimates = headline_estimates(report, question.key)
        if estimates:
            yield question.key, _estimate_drawable(report, question, estimates)


def _estimate_drawable(report: Report, question: QuestionFacts, estimates: Sequence[Estimate]) -> Drawable:
    title = f"{estimates[0].measure_label} by condition: {question.text}"
    limits, reference = _limits(question, estimates[0].unit), _reference(report, estimates[0].unit)
    return Drawable(
        f"estimates-{question.key}",
        title,
        lambda width: plot_estimates(estimates, title=title, width=width, limits=limits, reference=reference),
    )


def _limits(question: QuestionFacts, unit: str) -> tuple[float, float] | None:
    """Return the ends of the axis where the unit has ends."""
    return {"share": (0.0, 1.0), "points": (float(question.lowest), float(question.points))}.get(unit)


def _reference(report: Report, unit: str) -> tuple[float, str] | None:
    """Return the value that means "cannot be told apart" (or average strength), with its words."""
    if unit == "log-strength":
        return (0.0, "average")
    chance = report.study.chance
    return None if chance is None else (chance, f"{100 * chance:.0f}%: indistinguishable")


def _distribution_drawables(report: Report) -> Iterator[tuple[str, Drawable]]:
    for question in report.study.questions:
        estimates = [one for one in headline_estimates(report, question.key) if sum(one.distribution)]
        if estimates:
            yield question.key, _distribution_drawable(question, estimates)


def _distribution_drawable(question: QuestionFacts, estimates: Sequence[Estimate]) -> Drawable:
    title = f"Answers by point of the scale: {question.text}"
    return Drawable(
        f"answers-{question.key}",
        title,
        lambda width: plot_distribution(estimates, labels=question.labels, title=title, width=width),
    )


def _group_drawables(report: Report) -> Iterator[tuple[tuple[str, str], Drawable]]:
    for one in report.breakdowns:
        yield (one.question, one.by), _group_drawable(one)


def _group_drawable(one: Breakdown) -> Drawable:
    title = f"{one.measure_label} by {one.title}"
    return Drawable(
        f"by-{one.by}-{one.question}", title, lambda width: plot_groups(one, title=title, width=width)
    )


def _times_drawable(report: Report) -> Drawable | None:
    if not report.times:
        return None
    title = "Response times by condition"
    return Drawable("response-times", title, lambda width: plot_times(report.times, title=title, width=width))


def _agreement_drawables(report: Report) -> Iterator[tuple[str, Drawable]]:
    for question in report.study.questions:
        rows = score_agreements(report, question.key)
        if rows:
            yield question.key, _agreement_drawable(question, rows)


def _agreement_drawable(question: QuestionFacts, rows: Sequence[ScoreAgreement]) -> Drawable:
    title = f"How scores go with people: {question.text}"
    return Drawable(
        f"scores-and-people-{question.key}",
        title,
        lambda width: plot_agreement(rows, title=title, width=width),
    )


def score_agreements(report: Report, question: str) -> list[ScoreAgreement]:
    """Return the scores with a better side, their rank correlation turned so that 1 is full agreement."""
    mine = [one for one in report.correlations if one.question == question and one.expected_sign is not None]
    return [found for one in mine if (found := _score_agreement(one)) is not None]


def _score_agreement(one: Correlation) -> ScoreAgreement | None:
    rho = next((each for each in one.coefficients if each.name == "spearman"), None)
    if rho is None or rho.estimate is None or one.systems < LEAST_SYSTEMS:
        return None
    sign = one.expected_sign or 1
    ends = (rho.low, rho.high), (rho.these_low, rho.these_high)
    (low, high), (these_low, these_high) = (_turned(*pair, sign) for pair in ends)
    return ScoreAgreement(one.title, sign * rho.estimate, low, high, these_low, these_high)


def _turned(low: float | None, high: float | None, sign: int) -> tuple[float | None, float | None]:
    if low is None or high is None:
        return None, None
    return (low, high) if sign > 0 else (-high, -low)


def _unit_drawables(report: Report) -> Iterator[tuple[int, Drawable]]:
    for one in report.diagnostics.units:
        title = f"Active latent units: {one.label}"
        yield (
            one.condition,
            Drawable(
                f"active-units-{_in_name(one.label)}-{one.condition}",
                title,
                lambda _width, one=one, title=title: plot_units(one, title=title),  # type: ignore[misc]
                small=True,
            ),
        )


def _scatter_drawables(report: Report) -> Iterator[tuple[int, Drawable]]:
    for place, correlation in enumerate(report.correlations):
        points = scatter_points(report, correlation)
        if len(points) >= LEAST_POINTS:
            yield place, _scatter_drawable(report, correlation, points)


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


def _scatter_drawable(report: Report, correlation: Correlation, points: Sequence[Point]) -> Drawable:
    human = correlation.measure_label.split(":")[0]
    arrow = {True: " (higher is better)", False: " (lower is better)", None: ""}[_higher(report, correlation)]
    parts = (correlation.question, correlation.metric, correlation.space.words)
    name, title = "-".join(["scatter", *map(_in_name, parts)]), f"{human} against {correlation.label}"
    unit = next(one.unit for one in report.estimates if one.headline and one.question == correlation.question)
    return Drawable(
        name,
        title,
        lambda _width: plot_scatter(
            points,
            title=title,
            score_label=_wrapped(f"{correlation.label}{arrow}"),
            human_label=human,
            unit=unit,
        ),
        small=True,
    )


def _higher(report: Report, correlation: Correlation) -> bool | None:
    """Return whether more of a score is better; its expected sign tells of people's estimate as well."""
    spaces = ((row.metric, row.space, row.higher_is_better) for row in report.scores)
    wanted = correlation.metric, correlation.space
    return next((higher for metric, space, higher in spaces if (metric, space) == wanted), None)


def _in_name(words: str) -> str:
    """Return words as a part of a file's name and of an id in a page."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def _wrapped(label: str, longest: int = 46) -> str:
    """Return a long axis label on two lines, broken at the space nearest its middle."""
    if len(label) <= longest:
        return label
    spaces = [place for place, character in enumerate(label) if character == " "]
    if not spaces:
        return label
    middle = min(spaces, key=lambda place: abs(place - len(label) / 2))
    return f"{label[:middle]}\n{label[middle + 1 :]}"
