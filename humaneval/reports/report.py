"""A study's report: material in, one record of everything that its votes and scores say out.

:func:`build_report` is pure: it reads :class:`humaneval.reports.material.Material` and nothing else, so that
a report is the same whether its votes come from the database, from a bundle or from elsewhere.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils import timezone

from humaneval.protocols import registry
from humaneval.reports.analysis.agreement import measure_agreement
from humaneval.reports.analysis.correlations import correlate
from humaneval.reports.analysis.duplicates import estimate_duplicates
from humaneval.reports.analysis.exposures import estimate_exposures
from humaneval.reports.analysis.preferences import estimate_preferences
from humaneval.reports.analysis.ranking import rank_by_estimates, sorted_by_estimate
from humaneval.reports.analysis.rankings import estimate_rankings
from humaneval.reports.analysis.rates import estimate_rates
from humaneval.reports.analysis.scales import estimate_scales
from humaneval.reports.cautions import all_cautions, simulated_note
from humaneval.reports.exclusions import LeftOut, compare, ways_to_leave_out
from humaneval.reports.loading import load_material
from humaneval.reports.material import Material
from humaneval.reports.methods import describe_methods
from humaneval.reports.results import (
    Agreement,
    Estimate,
    QuestionFacts,
    Ranking,
    Report,
    StudyFacts,
    to_payload,
)
from humaneval.reports.version import code_version
from humaneval.reports.votes import Votes, VoteTable, select_pair_votes, select_votes
from humaneval.studies.models import Study


def build(study: Study) -> dict[str, Any]:
    """Return a study's report as JSON-able data, keyed as in :class:`humaneval.reports.results.Report`."""
    return to_payload(report_of(study))


def report_of(study: Study) -> Report:
    """Return the report of a study as its votes and scores stand now. Reads every vote; stores nothing."""
    return build_report(load_material(study), built_at=timezone.now().isoformat(timespec="seconds"))


def build_report(material: Material, *, built_at: str = "") -> Report:
    """Return what a study's votes and scores say. Pure: the same material gives the same numbers."""
    facts, ways = material.study, ways_to_leave_out(material)
    governing = next(way for way in ways if way.governs)
    votes = select_votes(material, governing.rows)
    estimates, ranking, agreement = _human_side(material, votes, governing)
    scores = [one.row for one in material.scores]
    report = Report(
        study=facts,
        votes=votes.counts,
        raters=votes.raters,
        contains_simulated=votes.counts.simulated > 0,
        simulated_note=simulated_note(votes.counts, votes.raters),
        estimates=estimates,
        agreement=agreement,
        ranking=ranking,
        scores=scores,
        missing_scores=list(material.missing_scores),
        correlations=correlate(facts, estimates, scores),
        warnings=all_cautions(facts, votes.counts, votes.raters, estimates, scores),
        methods=[],
        built_at=built_at,
        code_version=code_version(),
        exclusions=compare(ways, lambda way: estimates if way.governs else _estimates_without(material, way)),
    )
    return dataclasses.replace(report, methods=describe_methods(report))


def _human_side(
    material: Material, votes: Votes, way: LeftOut
) -> tuple[list[Estimate], list[Ranking], list[Agreement]]:
    facts = material.study
    estimates: list[Estimate] = []
    ranking: list[Ranking] = []
    agreement: list[Agreement] = []
    for question in facts.questions:
        found, order = _estimate(material, votes, question, way)
        estimates += found
        estimates += estimate_exposures(votes.exposed, question, facts.conditions)
        ranking += [order] if order else []
        agreement.append(measure_agreement(votes.table(question.key), question, facts.analysis))
    return estimates, ranking, agreement


def _estimates_without(material: Material, way: LeftOut) -> list[Estimate]:
    """Return what the estimates would be if other votes were left out."""
    votes = select_votes(material, way.rows)
    found = (_estimate(material, votes, question, way)[0] for question in material.study.questions)
    return [one for estimates in found for one in estimates]


def _estimate(
    material: Material, votes: Votes, question: QuestionFacts, way: LeftOut
) -> tuple[list[Estimate], Ranking | None]:
    if material.study.analysis == "ranking":
        return _rank(material, votes, question)
    if material.study.analysis == "duplicates":
        return _find_duplicates(material, votes.table(question.key), question, way), None
    return _analyse(material.study, votes.table(question.key), question)


def _rank(material: Material, votes: Votes, question: QuestionFacts) -> tuple[list[Estimate], Ranking | None]:
    facts, protocol = material.study, registry.get(material.study.protocol)
    ballots = [ballot for ballot in votes.ballots if ballot.question == question.key]
    estimates = sorted_by_estimate(
        estimate_rankings(ballots, question, facts.conditions, protocol, material.settings)
    )
    return estimates, rank_by_estimates(estimates)


def _find_duplicates(
    material: Material, table: VoteTable, question: QuestionFacts, way: LeftOut
) -> list[Estimate]:
    protocol = registry.get(material.study.protocol)
    return estimate_duplicates(
        table,
        select_pair_votes(material, way.rows),
        question,
        material.study.conditions,
        protocol.measure,
        protocol.value(material.settings, "batch_size"),
    )


def _analyse(
    facts: StudyFacts, table: VoteTable, question: QuestionFacts
) -> tuple[list[Estimate], Ranking | None]:
    protocol = registry.get(facts.protocol)
    if facts.analysis == "preference":
        result = estimate_preferences(table, question, facts.conditions, protocol.measure)
        return result.estimates, result.ranking
    if facts.analysis == "scale":
        estimates = estimate_scales(table, question, facts.conditions, protocol.measure)
    else:
        estimates = estimate_rates(table, question, facts.conditions, protocol)
    headline = [one for one in estimates if one.headline]
    others = [one for one in estimates if not one.headline]
    return [*sorted_by_estimate(headline), *others], rank_by_estimates(headline)
