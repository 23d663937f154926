"""What the report's page shows, in the order it shows it: rows and cells in words, and drawn charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from humaneval.reports.analysis.correlations import TITLES
from humaneval.reports.behaviour_section import (
    BehaviourSection,
    behaviour_section,
)
from humaneval.reports.correlation_section import CorrelationSection, correlation_section
from humaneval.reports.diagnostics_section import DiagnosticsSection, diagnostics_section
from humaneval.reports.exclusion_tables import ExclusionSection, exclusion_section
from humaneval.reports.figures import draw_figures
from humaneval.reports.numbers import (
    counted,
    listed,
    seconds,
)
from humaneval.reports.people_section import QuestionSection, question_section
from humaneval.reports.results import (
    MissingScore,
    Report,
    VoteCounts,
)
from humaneval.reports.score_section import GridRow, ScoreTable, score_grid, score_tables, scored_conditions
from humaneval.reports.shown_section import ShownCards, shown_section
from humaneval.reports.together_section import MOST_SHOWN, TrustBlock, trust_blocks


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
        correlation_section(report, figures, place, one) for place, one in enumerate(report.correlations)
    ]
    return ReportPage(
        report=report,
        built_at=datetime.fromisoformat(report.built_at),
        tally=_tally(report.votes),
        median_time=seconds(report.raters.median_response_ms),
        questions=[question_section(report, figures, one.key) for one in report.study.questions],
        scores=score_tables(report.scores),
        score_columns=[one.label for one in scored_conditions(report)],
        score_grid=score_grid(report),
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
