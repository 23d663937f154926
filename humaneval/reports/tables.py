"""The report's numbers as flat tables: one function a table, the same rows for CSV files and for pages."""

from __future__ import annotations

from collections.abc import Callable

from humaneval.reports.clustering import RATER
from humaneval.reports.finding_tables import (
    agreement_table,
    bins_table,
    ceilings_table,
    classes_table,
    missing_scores_table,
    provenance_table,
    repeats_table,
    trust_table,
    units_table,
    wins_table,
)
from humaneval.reports.results import (
    Coefficient,
    Correlation,
    Estimate,
    ExclusionSet,
    QuestionFacts,
    Report,
    ScoreRow,
)
from humaneval.reports.table import Table, listed, table_of
from humaneval.ui.spreadsheets import Cell

ESTIMATE_COLUMNS = [
    "study", "question", "condition", "kind", "measure", "headline", "unit", "estimate", "ci_low", "ci_high",
    "level", "standard_error", "method", "naive_low", "naive_high", "naive_standard_error", "naive_method",
    "design_effect", "votes", "raters", "items", "clustered_by", "rater_clusters", "item_clusters",
    "distribution", "rank", "simulated", "note",
]  # fmt: skip
SCORE_COLUMNS = [
    "study", "condition", "sample_set", "metric", "label", "extractor", "value", "standard_error", "ci_low",
    "ci_high", "higher_is_better", "count_generated", "count_real", "reference", "run", "computed_at",
    "preprocessing", "precision", "error_method", "settings", "warnings",
]  # fmt: skip
CORRELATION_COLUMNS = [
    "study", "question", "measure", "metric", "label", "extractor", "systems", "coefficient", "estimate",
    "ci_low", "ci_high", "pvalue", "method", "expected_sign", "as_expected", "words", "simulated",
    "preprocessing", "precision", "these_low", "these_high", "positive",
]  # fmt: skip

EXCLUSION_COLUMNS = [
    "study", "version", "name", "before_launch", "governs", "left_out", "question", "condition", "measure",
    "estimate", "ci_low", "ci_high", "votes", "raters_left_out", "by_rule", "raters_by_rule",
]  # fmt: skip


def estimates_table(report: Report) -> Table:
    """Return one row for each estimate: condition, question and measure.

    ``item_clusters`` counts the prompts, images or items that the interval is clustered by, which
    ``clustered_by`` names, beside the raters.
    """
    ranks = {(one.question, entry.condition): entry.rank for one in report.ranking for entry in one.entries}
    points = {one.key: _points(one) for one in report.study.questions}
    rows = (
        _estimate(report, one, ranks.get((one.question, one.condition)), points.get(one.question, []))
        for one in report.estimates
    )
    return table_of(rows, ESTIMATE_COLUMNS)


def _points(question: QuestionFacts) -> list[str]:
    """Return the answers that a distribution counts: each point of a scale, or each tenth of a slider."""
    low, high, cells = question.lowest, question.points, len(question.labels)
    if high - low < cells:
        return [str(low + place) for place in range(cells)]
    return [f"{low + 10 * place}-{min(low + 10 * place + 9, high)}" for place in range(cells - 1)] + [
        f"{low + 10 * (cells - 1)}-{high}"
    ]


def _estimate(report: Report, one: Estimate, rank: int | None, points: list[str]) -> dict[str, Cell]:
    counts = " ".join(f"{name}:{count}" for name, count in zip(points, one.distribution, strict=False))
    of_items = [size for name, size in one.clusters.items() if name != RATER]
    return {
        "study": report.study.slug, "question": one.question, "condition": one.label, "kind": one.kind,
        "measure": one.measure, "headline": one.headline, "unit": one.unit, "estimate": one.estimate,
        "ci_low": one.interval.low, "ci_high": one.interval.high, "level": one.interval.level,
        "standard_error": one.interval.standard_error, "method": one.method,
        "naive_low": one.naive.low, "naive_high": one.naive.high,
        "naive_standard_error": one.naive.standard_error, "naive_method": f"naive: {one.naive.method}",
        "design_effect": one.design_effect, "votes": one.votes, "raters": one.raters, "items": one.items,
        "clustered_by": " and ".join(one.clusters), "rater_clusters": one.clusters.get(RATER),
        "item_clusters": max(of_items, default=None),
        "distribution": counts, "rank": rank if one.headline else None, "simulated": one.simulated,
        "note": one.note,
    }  # fmt: skip


def scores_table(report: Report) -> Table:
    """Return one row for each automated score."""
    return table_of((_score(report, row) for row in report.scores), SCORE_COLUMNS)


def _score(report: Report, row: ScoreRow) -> dict[str, Cell]:
    return {
        "study": report.study.slug, "condition": row.condition_label, "sample_set": row.sample_set,
        "metric": row.metric, "label": row.label, "extractor": row.extractor, "value": row.value,
        "standard_error": row.standard_error, "ci_low": row.low, "ci_high": row.high,
        "higher_is_better": row.higher_is_better, "count_generated": row.count_generated,
        "count_real": row.count_real, "reference": row.reference, "run": row.run,
        "computed_at": row.computed_at, "preprocessing": row.preprocessing, "precision": row.precision,
        "error_method": row.error_method,
        "settings": ", ".join(f"{name}={value}" for name, value in row.settings.items()),
        "warnings": " ".join(row.warnings),
    }  # fmt: skip


def correlations_table(report: Report) -> Table:
    """Return one row for each coefficient of each pair of human measure and automated score."""
    rows = (
        _correlation(report, one, coefficient)
        for one in report.correlations
        for coefficient in one.coefficients
    )
    return table_of(rows, CORRELATION_COLUMNS)


def _correlation(report: Report, one: Correlation, coefficient: Coefficient) -> dict[str, Cell]:
    return {
        "study": report.study.slug, "question": one.question, "measure": one.measure, "metric": one.metric,
        "label": one.label, "extractor": one.extractor, "systems": one.systems,
        "coefficient": coefficient.name, "estimate": coefficient.estimate, "ci_low": coefficient.low,
        "ci_high": coefficient.high, "pvalue": coefficient.pvalue, "method": coefficient.method,
        "expected_sign": one.expected_sign, "as_expected": one.as_expected, "words": one.words,
        "simulated": one.simulated, "preprocessing": one.preprocessing, "precision": one.precision,
        "these_low": coefficient.these_low, "these_high": coefficient.these_high,
        "positive": coefficient.positive,
    }  # fmt: skip


def exclusions_table(report: Report) -> Table:
    """Return one row for each headline estimate under each version of the exclusion rules; 0 is none.

    ``by_rule`` counts the votes that each rule leaves out, ``raters_by_rule`` whose they are.
    """
    rows = (_excluded(report, way, one) for way in report.exclusions for one in way.estimates)
    return table_of(rows, EXCLUSION_COLUMNS)


def _excluded(report: Report, way: ExclusionSet, one: Estimate) -> dict[str, Cell]:
    return {
        "study": report.study.slug, "version": way.version, "name": way.name,
        "before_launch": way.before_launch, "governs": way.governs, "left_out": way.left_out,
        "question": one.question, "condition": one.label, "measure": one.measure, "estimate": one.estimate,
        "ci_low": one.interval.low, "ci_high": one.interval.high, "votes": one.votes,
        "raters_left_out": way.raters, "by_rule": _counts(way.by_rule),
        "raters_by_rule": _counts(way.raters_by_rule),
    }  # fmt: skip


def _counts(by_rule: dict[str, int]) -> str:
    return " ".join(f"{rule}:{count}" for rule, count in by_rule.items())


def ranking_table(report: Report) -> Table:
    """Return one row for each place in each question's order, with what is certain of it."""
    columns = (
        "question measure unit rank condition kind estimate ci_low ci_high rank_low rank_high best tier votes"
    )
    rows = (
        vars(entry)
        | {"question": one.question, "measure": one.measure, "unit": one.unit, "condition": entry.label}
        | {"ci_low": entry.low, "ci_high": entry.high}
        for one in report.ranking
        for entry in one.entries
    )
    return listed(report, columns, rows)


def groups_table(report: Report) -> Table:
    """Return one row for each condition in each group: prompt categories, rater strata, panels."""
    columns = (
        "question by group measure unit condition kind estimate ci_low ci_high votes raters items "
        "design_effect interaction_pvalue note"
    )
    rows = (
        vars(one)
        | {"question": found.question, "by": found.by, "group": group.name, "measure": found.measure_label}
        | {"unit": found.unit, "condition": one.label, "ci_low": one.low, "ci_high": one.high}
        | {"interaction_pvalue": found.pvalue}
        for found in report.breakdowns
        for group in found.groups
        for one in group.estimates
    )
    return listed(report, columns, rows)


def times_table(report: Report) -> Table:
    """Return one row for all votes and for each condition: response times in milliseconds."""
    columns = "condition kind votes raters p5 p25 median p75 p95 geometric_mean ci_low ci_high"
    rows = (
        vars(one)
        | {"condition": one.label, "geometric_mean": one.mean, "ci_low": one.low, "ci_high": one.high}
        for one in report.times
    )
    return listed(report, columns, rows)


def effects_table(report: Report) -> Table:
    """Return one row for each test of raters' behaviour."""
    columns = (
        "question name estimate null ci_low ci_high unit pvalue adjusted method votes raters words simulated"
    )
    rows = (vars(one) | {"ci_low": one.low, "ci_high": one.high} for one in report.effects)
    return listed(report, columns, rows)


def influence_table(report: Report) -> Table:
    """Return one row for each question and measure: what its first place rests on.

    ``votes_to_change`` is the least number there is where ``minimal``, else an upper bound.
    """
    columns = (
        "question measure winner runner_up lead unit votes votes_to_change minimal raters raters_who_change "
        "words simulated"
    )
    rows = (vars(one) | {"raters_who_change": " ".join(one.raters_who_change)} for one in report.influence)
    return listed(report, columns, rows)


def excluded_table(report: Report) -> Table:
    """Return one row for each rater of whom a set of rules leaves votes out (at most fifty a set)."""
    rows = (
        {
            "version": way.version,
            "name": way.name,
            "rater": one.rater,
            "votes": one.votes,
            "left_out": one.left_out,
            "by_rule": _counts(one.by_rule),
        }
        for way in report.exclusions
        for one in way.excluded
    )
    return listed(report, "version name rater votes left_out by_rule", rows)


def accuracies_table(report: Report) -> Table:
    """Return one row for each score and question: how often it orders two conditions as people do.

    Where people tell no two apart, a threshold above every difference is always right: it is left empty.
    """
    columns = (
        "question metric label extractor pairs told_apart right accuracy ci_low ci_high with_ties threshold "
        "method"
    )
    rows = (
        vars(one.accuracy)
        | {"question": one.question, "metric": one.metric, "label": one.label, "extractor": one.space.words}
        | {"accuracy": one.accuracy.all_pairs, "ci_low": one.accuracy.low, "ci_high": one.accuracy.high}
        | ({} if one.accuracy.told_apart else {"with_ties": None, "threshold": None})
        for one in report.correlations
        if one.accuracy is not None
    )
    return listed(report, columns, rows)


def comparisons_table(report: Report) -> Table:
    """Return one row for each two scores: which goes better with people, and whether that is sure."""
    columns = (
        "question first second systems first_correlation second_correlation difference ci_low ci_high pvalue "
        "steiger adjusted words"
    )
    rows = (vars(one) | {"ci_low": one.low, "ci_high": one.high} for one in report.comparisons)
    return listed(report, columns, rows)


def samples_table(report: Report) -> Table:
    """Return one row for each score by sample, question and coefficient."""
    columns = (
        "question metric label extractor name samples votes coefficient overall overall_low overall_high "
        "within within_low within_high raters pvalue adjusted method"
    )
    rows = [
        vars(one) | vars(each) | {"name": one.name, "coefficient": each.name}
        for one in report.samples
        for each in one.coefficients
    ]
    rows += [
        vars(one)
        | {"coefficient": "accuracy", "overall": one.accuracy, "overall_low": one.accuracy_low}
        | {"overall_high": one.accuracy_high, "within": None, "within_low": None, "within_high": None}
        for one in report.samples
        if one.accuracy is not None
    ]
    return listed(report, columns, rows)


TABLES: dict[str, Callable[[Report], Table]] = {
    "estimates": estimates_table,
    "ranking": ranking_table,
    "groups": groups_table,
    "times": times_table,
    "effects": effects_table,
    "agreement": agreement_table,
    "wins": wins_table,
    "influence": influence_table,
    "exclusions": exclusions_table,
    "excluded_raters": excluded_table,
    "scores": scores_table,
    "correlations": correlations_table,
    "accuracies": accuracies_table,
    "comparisons": comparisons_table,
    "samples": samples_table,
    "ceilings": ceilings_table,
    "trust": trust_table,
    "missing_scores": missing_scores_table,
    "provenance": provenance_table,
    "bins": bins_table,
    "repeats": repeats_table,
    "classes": classes_table,
    "units": units_table,
}
"""File name (without ending) to the function that makes its table."""
