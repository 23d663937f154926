"""What the report's page shows, in the order it shows it: rows and cells in words, and drawn charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from humaneval.reports.analysis.correlations import TITLES, is_settled
from humaneval.reports.behaviour_section import (
    BehaviourSection,
    GroupSection,
    behaviour_section,
    group_sections,
)
from humaneval.reports.diagnostics_section import DiagnosticsSection, diagnostics_section
from humaneval.reports.exclusion_tables import ExclusionSection, exclusion_section
from humaneval.reports.figures import Figure, Figures, draw_figures, scatter_points
from humaneval.reports.numbers import (
    bracket,
    column,
    counted,
    ends,
    in_unit,
    listed,
    plain,
    seconds,
    significant,
)
from humaneval.reports.results import (
    Agreement,
    ConditionFacts,
    Correlation,
    Estimate,
    MissingScore,
    RankEntry,
    Ranking,
    Report,
    ScoreRow,
    VoteCounts,
)
from humaneval.reports.shown_section import ShownCards, shown_section
from humaneval.reports.together_section import MOST_SHOWN, TrustBlock, accuracy_cells, trust_blocks

NOT_KNOWN = "not known"
_HEAT_STEPS = 10


@dataclass(frozen=True)
class EstimateLine:
    """One row of the table behind the chart of estimates."""

    label: str
    kind: str
    value: str
    interval: str
    naive: str
    design_effect: str
    votes: int
    raters: int
    items: int


@dataclass(frozen=True)
class EstimateBlock:
    """The rows of one measure under its name."""

    measure_label: str
    lines: list[EstimateLine]
    notes: list[str]


@dataclass(frozen=True)
class RankLine:
    """One row of a ranking."""

    rank: str
    label: str
    kind: str
    value: str
    interval: str
    naive: str
    design_effect: str
    win_rate: str
    votes: int
    raters: int
    items: int
    ranks: str
    best: str


@dataclass(frozen=True)
class HeatCell:
    """One cell of the win matrix: ``step`` 0 to 10 is its shade, ``None`` where nothing was compared."""

    text: str
    title: str
    step: int | None


@dataclass(frozen=True)
class HeatRow:
    """One condition's row of the win matrix."""

    label: str
    cells: list[HeatCell]


@dataclass(frozen=True)
class QuestionSection:
    """Everything people said to one question."""

    key: str
    text: str
    figure: Figure | None
    distribution: Figure | None
    distribution_labels: list[str]
    distribution_rows: list[tuple[str, list[int]]]
    blocks: list[EstimateBlock]
    ranking: Ranking | None
    rank_lines: list[RankLine]
    notes: list[str]
    value_label: str
    heat_labels: list[str]
    heat: list[HeatRow]
    agreement: Agreement | None
    agreement_value: str
    agreement_interval: str
    groups: list[GroupSection]
    influence: str
    has_certainty: bool


@dataclass(frozen=True)
class ScoreTable:
    """One metric in one feature space: a row a condition."""

    label: str
    direction: str
    extractor: str
    rows: list[tuple[str, str, str, str, int, int]]
    error_method: str
    settings: str
    warnings: list[str]


@dataclass(frozen=True)
class GridCell:
    """One score in short: its value, its standard error (empty where not known), whether it is the best."""

    value: str
    error: str
    best: bool


@dataclass(frozen=True)
class GridRow:
    """One metric's scores, a cell for each scored condition; ``None`` where it has none."""

    label: str
    direction: str
    cells: list[GridCell | None]


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


@dataclass(frozen=True)
class ReportPage:
    """A report ready for the template."""

    report: Report
    built_at: datetime
    tally: str
    median_time: str
    questions: list[QuestionSection]
    scores: list[ScoreTable]
    score_columns: list[str]
    score_grid: list[GridRow]
    missing: list[MissingScore]
    exclusions: ExclusionSection | None
    correlations: list[CorrelationSection]
    folded: list[CorrelationSection]
    coefficient_titles: list[str]
    behaviour: BehaviourSection | None
    diagnostics: DiagnosticsSection
    trust: list[TrustBlock]
    shown: ShownCards | None


def present(report: Report) -> ReportPage:
    """Return the page of a report, its charts drawn. Costs what the charts cost."""
    figures = draw_figures(report)
    correlations = [
        _correlation_section(report, figures, place, one) for place, one in enumerate(report.correlations)
    ]
    return ReportPage(
        report=report,
        built_at=datetime.fromisoformat(report.built_at),
        tally=_tally(report.votes),
        median_time=seconds(report.raters.median_response_ms),
        questions=[_question_section(report, figures, one.key) for one in report.study.questions],
        scores=_score_tables(report.scores),
        score_columns=[one.label for one in _scored_conditions(report)],
        score_grid=_score_grid(report),
        missing=report.missing_scores,
        exclusions=exclusion_section(report),
        correlations=correlations[:MOST_SHOWN],
        folded=correlations[MOST_SHOWN:],
        coefficient_titles=list(TITLES.values()),
        behaviour=behaviour_section(report, figures),
        diagnostics=diagnostics_section(report, figures),
        trust=trust_blocks(report, figures),
        shown=shown_section(report),
    )


def _question_section(report: Report, figures: Figures, key: str) -> QuestionSection:
    question = next(one for one in report.study.questions if one.key == key)
    estimates = [one for one in report.estimates if one.question == key]
    ranking = next((one for one in report.ranking if one.question == key), None)
    agreement = next((one for one in report.agreement if one.question == key), None)
    return QuestionSection(
        key=key,
        text=question.text,
        figure=figures.estimates.get(key),
        distribution=figures.distributions.get(key),
        distribution_labels=question.labels,
        distribution_rows=[(one.label, one.distribution) for one in estimates if sum(one.distribution)],
        blocks=_estimate_blocks([one for one in estimates if not one.headline and one.votes]),
        ranking=ranking,
        rank_lines=_rank_lines(ranking, estimates) if any(one.votes for one in estimates) else [],
        notes=_notes([one for one in estimates if one.headline], ranking),
        value_label=ranking.measure_label.split(":")[0] if ranking else "",
        heat_labels=[entry.label for entry in ranking.entries] if ranking and ranking.pairs else [],
        heat=_heat_rows(ranking) if any(one.votes for one in estimates) else [],
        agreement=agreement if agreement and agreement.answers else None,
        agreement_value=plain(agreement.estimate, 2) if agreement else "",
        agreement_interval=bracket(agreement.interval, "") if agreement else "",
        groups=group_sections(report, figures, key),
        influence=next((one.words for one in report.influence if one.question == key), ""),
        has_certainty=ranking is not None and any(one.rank_low is not None for one in ranking.entries),
    )


def _estimate_blocks(estimates: Sequence[Estimate]) -> list[EstimateBlock]:
    labels = dict.fromkeys(one.measure_label for one in estimates)
    return [
        _estimate_block(label, [one for one in estimates if one.measure_label == label]) for label in labels
    ]


def _estimate_block(label: str, estimates: Sequence[Estimate]) -> EstimateBlock:
    return EstimateBlock(label, [_estimate_line(one) for one in estimates], _notes(estimates, None))


def _estimate_line(one: Estimate) -> EstimateLine:
    return EstimateLine(
        label=one.label,
        kind=one.kind,
        value=in_unit(one.estimate, one.unit),
        interval=bracket(one.interval, one.unit),
        naive=bracket(one.naive, one.unit),
        design_effect="—" if one.design_effect is None else plain(one.design_effect, 1),
        votes=one.votes,
        raters=one.raters,
        items=one.items,
    )


def _rank_lines(ranking: Ranking | None, estimates: Sequence[Estimate]) -> list[RankLine]:
    """Return the ranking with all that is known of each estimate: the table behind the chart."""
    if ranking is None:
        return []
    behind = {one.condition: one for one in estimates if one.headline}
    return [_rank_line(entry, behind[entry.condition], ranking) for entry in ranking.entries]


def _notes(estimates: Sequence[Estimate], ranking: Ranking | None) -> list[str]:
    """Return each note once, with the conditions it is about unless it is about all."""
    about: dict[str, list[str]] = {}
    for one in estimates:
        if one.note:
            about.setdefault(one.note, []).append(one.label)
    own = [
        note if len(labels) == len(estimates) else f"{listed(labels)}: {note}"
        for note, labels in about.items()
        if ranking is None or note not in ranking.notes
    ]
    return own + (ranking.notes if ranking else [])


def _rank_line(entry: RankEntry, estimate: Estimate, ranking: Ranking) -> RankLine:
    line = _estimate_line(estimate)
    return RankLine(
        rank="—" if entry.rank is None else str(entry.rank),
        label=line.label,
        kind=line.kind,
        value=line.value,
        interval=line.interval,
        naive=line.naive,
        design_effect=line.design_effect,
        win_rate="" if entry.win_rate is None else in_unit(entry.win_rate, "share"),
        votes=line.votes,
        raters=line.raters,
        items=line.items,
        ranks=_ranks(entry),
        best="—" if entry.best is None else _chance(entry.best),
    )


def _ranks(entry: RankEntry) -> str:
    if entry.rank_low is None or entry.rank_high is None:
        return "—"
    return (
        str(entry.rank_low) if entry.rank_low == entry.rank_high else f"{entry.rank_low} to {entry.rank_high}"
    )


def _chance(value: float) -> str:
    """Return a probability of being best in percent; one that is small is no zero."""
    return "< 0.1%" if value < 0.001 else "> 99.9%" if value > 0.999 else f"{100 * value:.1f}%"


def _heat_rows(ranking: Ranking | None) -> list[HeatRow]:
    """Return the win matrix with rows and columns in the order of the ranking."""
    if ranking is None or not ranking.pairs:
        return []
    shares: dict[tuple[int, int], tuple[float | None, int, int, int]] = {}
    for pair in ranking.pairs:
        shares[pair.condition, pair.other] = (pair.share, pair.wins, pair.ties, pair.losses)
        other = None if pair.share is None else 1 - pair.share
        shares[pair.other, pair.condition] = (other, pair.losses, pair.ties, pair.wins)
    return [
        HeatRow(row.label, [_heat_cell(row, column, shares) for column in ranking.entries])
        for row in ranking.entries
    ]


def _heat_cell(row: Any, column: Any, shares: dict[tuple[int, int], Any]) -> HeatCell:
    if row.condition == column.condition:
        return HeatCell("", "", None)
    share, wins, ties, losses = shares[row.condition, column.condition]
    if share is None:
        return HeatCell("—", "not compared", None)
    title = f"{row.label} against {column.label}: {wins:,} won, {ties:,} tied, {losses:,} lost"
    return HeatCell(f"{100 * share:.0f}%", title, round(share * _HEAT_STEPS))


_DIRECTIONS = {True: "higher is better", False: "lower is better", None: "neither is better by itself"}


def _score_tables(scores: Sequence[ScoreRow]) -> list[ScoreTable]:
    keys = dict.fromkeys((row.label, row.space) for row in scores)
    return [_score_table([row for row in scores if (row.label, row.space) == key]) for key in keys]


def _score_table(rows: Sequence[ScoreRow]) -> ScoreTable:
    first = rows[0]
    values, lows, highs = (column([getattr(row, name) for row in rows]) for name in ("value", "low", "high"))
    return ScoreTable(
        label=first.label,
        direction=_DIRECTIONS[first.higher_is_better],
        extractor=first.space.words,
        rows=[
            (
                row.condition_label,
                value,
                NOT_KNOWN if row.standard_error is None else significant(row.standard_error, 2),
                NOT_KNOWN if row.low is None else f"[{low}, {high}]",
                row.count_generated,
                row.count_real,
            )
            for row, value, low, high in zip(rows, values, lows, highs, strict=True)
        ],
        error_method=first.error_method,
        settings=", ".join(f"{name} {value}" for name, value in first.settings.items()),
        warnings=list(dict.fromkeys(one for row in rows for one in row.warnings)),
    )


def _scored_conditions(report: Report) -> list[ConditionFacts]:
    scored = {row.condition for row in report.scores}
    return [one for one in report.study.conditions if one.id in scored]


def _score_grid(report: Report) -> list[GridRow]:
    """Return a row for each metric and feature space, with a cell for each scored condition."""
    keys = dict.fromkeys((row.label, row.space) for row in report.scores)
    conditions = [one.id for one in _scored_conditions(report)]
    return [
        _grid_row([row for row in report.scores if (row.label, row.space) == key], conditions) for key in keys
    ]


def _grid_row(rows: Sequence[ScoreRow], conditions: Sequence[int]) -> GridRow:
    better = rows[0].higher_is_better
    values = [row.value for row in rows]
    best = None if better is None or len(set(values)) == 1 else max(values) if better else min(values)
    cells = {
        row.condition: GridCell(
            value,
            "" if row.standard_error is None else significant(row.standard_error, 2),
            row.value == best,
        )
        for row, value in zip(rows, column(values), strict=True)
    }
    return GridRow(rows[0].label, _DIRECTIONS[better], [cells.get(one) for one in conditions])


def _tally(votes: VoteCounts) -> str:
    """Return the kinds of votes there are, in words; kinds that do not occur are not named."""
    kinds = [
        f"{number:,} {words}"
        for number, words in (
            (votes.cannot_tell, "“cannot tell”"),
            (votes.not_shown, "with an image that did not load"),
            (votes.spoilt, "with a spoilt exposure"),
            (votes.repeats, "repeats"),
            (votes.late, "late"),
            (votes.simulated, "simulated"),
            (votes.excluded, "left out by the declared rules"),
        )
        if number
    ]
    return f"{counted(votes.total, 'vote')} in all{', of which ' + listed(kinds) if kinds else ''}."


def _verdict(one: Correlation) -> tuple[str, str]:
    """Return the words on a correlation's sign, and the class of their style."""
    if one.as_expected is None:
        return ("none expected", "none") if one.expected_sign is None else ("cannot be told", "none")
    words = "as expected" if one.as_expected else "not as expected"
    if not is_settled(next(each for each in one.coefficients if each.name == "spearman")):
        return f"{words}, unsettled", "none"
    return words, "yes" if one.as_expected else "no"


def _correlation_section(
    report: Report, figures: Figures, place: int, one: Correlation
) -> CorrelationSection:
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
