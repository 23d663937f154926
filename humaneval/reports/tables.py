"""The report's numbers as flat tables: one function a table, the same rows for CSV files and for pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from humaneval.reports.results import Coefficient, Correlation, Estimate, ExclusionSet, Report, ScoreRow

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """Rows under machine-readable column names."""

    columns: list[str]
    rows: list[list[Cell]]


def _table(records: Iterator[dict[str, Cell]], columns: list[str]) -> Table:
    return Table(columns, [[record[name] for name in columns] for record in records])


ESTIMATE_COLUMNS = [
    "study", "question", "condition", "kind", "measure", "headline", "unit", "estimate", "ci_low", "ci_high",
    "level", "standard_error", "method", "naive_low", "naive_high", "naive_standard_error", "naive_method",
    "design_effect", "votes", "raters", "items", "distribution", "rank", "simulated", "note",
]  # fmt: skip
SCORE_COLUMNS = [
    "study", "condition", "sample_set", "metric", "label", "extractor", "value", "standard_error", "ci_low",
    "ci_high", "higher_is_better", "count_generated", "count_real", "reference", "run", "computed_at",
    "preprocessing", "precision",
]  # fmt: skip
CORRELATION_COLUMNS = [
    "study", "question", "measure", "metric", "label", "extractor", "systems", "coefficient", "estimate",
    "ci_low", "ci_high", "pvalue", "method", "expected_sign", "as_expected", "words", "simulated",
    "preprocessing", "precision",
]  # fmt: skip

EXCLUSION_COLUMNS = [
    "study", "version", "name", "before_launch", "governs", "left_out", "question", "condition", "measure",
    "estimate", "ci_low", "ci_high", "votes",
]  # fmt: skip


def estimates_table(report: Report) -> Table:
    """Return one row for each estimate: condition, question and measure."""
    ranks = {(one.question, entry.condition): entry.rank for one in report.ranking for entry in one.entries}
    rows = (_estimate(report, one, ranks.get((one.question, one.condition))) for one in report.estimates)
    return _table(rows, ESTIMATE_COLUMNS)


def _estimate(report: Report, one: Estimate, rank: int | None) -> dict[str, Cell]:
    counts = " ".join(f"{point}:{count}" for point, count in enumerate(one.distribution, start=1))
    return {
        "study": report.study.slug, "question": one.question, "condition": one.label, "kind": one.kind,
        "measure": one.measure, "headline": one.headline, "unit": one.unit, "estimate": one.estimate,
        "ci_low": one.interval.low, "ci_high": one.interval.high, "level": one.interval.level,
        "standard_error": one.interval.standard_error, "method": one.method,
        "naive_low": one.naive.low, "naive_high": one.naive.high,
        "naive_standard_error": one.naive.standard_error, "naive_method": f"naive: {one.naive.method}",
        "design_effect": one.design_effect, "votes": one.votes, "raters": one.raters, "items": one.items,
        "distribution": counts, "rank": rank if one.headline else None, "simulated": one.simulated,
        "note": one.note,
    }  # fmt: skip


def scores_table(report: Report) -> Table:
    """Return one row for each automated score."""
    return _table((_score(report, row) for row in report.scores), SCORE_COLUMNS)


def _score(report: Report, row: ScoreRow) -> dict[str, Cell]:
    return {
        "study": report.study.slug, "condition": row.condition_label, "sample_set": row.sample_set,
        "metric": row.metric, "label": row.label, "extractor": row.extractor, "value": row.value,
        "standard_error": row.standard_error, "ci_low": row.low, "ci_high": row.high,
        "higher_is_better": row.higher_is_better, "count_generated": row.count_generated,
        "count_real": row.count_real, "reference": row.reference, "run": row.run,
        "computed_at": row.computed_at, "preprocessing": row.preprocessing, "precision": row.precision,
    }  # fmt: skip


def correlations_table(report: Report) -> Table:
    """Return one row for each coefficient of each pair of human measure and automated score."""
    rows = (
        _correlation(report, one, coefficient)
        for one in report.correlations
        for coefficient in one.coefficients
    )
    return _table(rows, CORRELATION_COLUMNS)


def _correlation(report: Report, one: Correlation, coefficient: Coefficient) -> dict[str, Cell]:
    return {
        "study": report.study.slug, "question": one.question, "measure": one.measure, "metric": one.metric,
        "label": one.label, "extractor": one.extractor, "systems": one.systems,
        "coefficient": coefficient.name, "estimate": coefficient.estimate, "ci_low": coefficient.low,
        "ci_high": coefficient.high, "pvalue": coefficient.pvalue, "method": coefficient.method,
        "expected_sign": one.expected_sign, "as_expected": one.as_expected, "words": one.words,
        "simulated": one.simulated, "preprocessing": one.preprocessing, "precision": one.precision,
    }  # fmt: skip


def exclusions_table(report: Report) -> Table:
    """Return one row for each headline estimate under each version of the exclusion rules; 0 is none."""
    rows = (_excluded(report, way, one) for way in report.exclusions for one in way.estimates)
    return _table(rows, EXCLUSION_COLUMNS)


def _excluded(report: Report, way: ExclusionSet, one: Estimate) -> dict[str, Cell]:
    return {
        "study": report.study.slug, "version": way.version, "name": way.name,
        "before_launch": way.before_launch, "governs": way.governs, "left_out": way.left_out,
        "question": one.question, "condition": one.label, "measure": one.measure, "estimate": one.estimate,
        "ci_low": one.interval.low, "ci_high": one.interval.high, "votes": one.votes,
    }  # fmt: skip


TABLES: dict[str, Any] = {
    "estimates": estimates_table,
    "exclusions": exclusions_table,
    "scores": scores_table,
    "correlations": correlations_table,
}
"""File name (without ``.csv``) to the function that makes its table."""
