"""What people said to each question, as the report's page shows it: estimates, ranking, wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from humaneval.reports.behaviour_section import (
    GroupSection,
    group_sections,
)
from humaneval.reports.clustering import sizes_of
from humaneval.reports.figures import Figure, Figures
from humaneval.reports.numbers import (
    bracket,
    in_unit,
    listed,
    plain,
)
from humaneval.reports.results import (
    Agreement,
    Estimate,
    RankEntry,
    Ranking,
    Report,
)

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
    items: str
    clusters: list[str]


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
    items: str
    clusters: list[str]
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
    influence: list[str]
    has_certainty: bool


def question_section(report: Report, figures: Figures, key: str) -> QuestionSection:
    """Return what people said to the question of a key."""
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
        influence=[one.words for one in report.influence if one.question == key],
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
        items="—" if one.items is None else f"{one.items:,}",
        clusters=sizes_of(one),
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
        clusters=line.clusters,
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
