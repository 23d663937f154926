"""A study's report: votes and scores in, one record of everything they say out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
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
from humaneval.reports.facts import study_facts
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
from humaneval.reports.scores import latest_scores, missing_scores
from humaneval.reports.version import code_version
from humaneval.reports.votes import Votes, VoteTable, read_pair_votes, read_votes
from humaneval.studies.models import Study


def build(study: Study) -> dict[str, Any]:
    """Return the report as JSON-able data; see :class:`humaneval.reports.results.Report` for its keys."""
    return to_payload(build_report(study))


def build_report(study: Study) -> Report:
    """Return the report of a study as its votes and scores stand now. Reads every vote; stores nothing."""
    facts, ways = study_facts(study), ways_to_leave_out(study)
    governing = next(way for way in ways if way.governs)
    votes = read_votes(study, but=governing.reasons)
    estimates, ranking, agreement = _human_side(facts, votes, study, governing)
    scores = latest_scores(study, facts.conditions)
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
        missing_scores=missing_scores(study, scores),
        correlations=correlate(facts, estimates, scores),
        warnings=all_cautions(facts, votes.counts, votes.raters, estimates, scores),
        methods=[],
        built_at=timezone.now().isoformat(timespec="seconds"),
        code_version=code_version(),
        exclusions=compare(
            ways, lambda way: estimates if way.governs else _estimates_without(facts, study, way)
        ),
    )
    return dataclasses.replace(report, methods=describe_methods(report))


def _human_side(
    facts: StudyFacts, votes: Votes, study: Study, way: LeftOut
) -> tuple[list[Estimate], list[Ranking], list[Agreement]]:
    estimates: list[Estimate] = []
    ranking: list[Ranking] = []
    agreement: list[Agreement] = []
    for question in facts.questions:
        found, order = _estimate(facts, votes, question, study, way)
        estimates += found
        estimates += estimate_exposures(votes.exposed, question, facts.conditions)
        ranking += [order] if order else []
        agreement.append(measure_agreement(_table(votes, question), question, facts.analysis))
    return estimates, ranking, agreement


def _estimates_without(facts: StudyFacts, study: Study, way: LeftOut) -> list[Estimate]:
    """Return what the estimates would be if other votes were left out."""
    votes = read_votes(study, but=way.reasons)
    found = (_estimate(facts, votes, question, study, way)[0] for question in facts.questions)
    return [one for estimates in found for one in estimates]


def _table(votes: Votes, question: QuestionFacts) -> VoteTable:
    return votes.counted.where(votes.counted.question == question.key)


def _estimate(
    facts: StudyFacts, votes: Votes, question: QuestionFacts, study: Study, way: LeftOut
) -> tuple[list[Estimate], Ranking | None]:
    if facts.analysis == "ranking":
        return _rank(facts, votes, question, study.settings)
    table = _table(votes, question)
    if facts.analysis == "duplicates":
        return _find_duplicates(facts, table, question, study, way)
    return _analyse(facts, table, question)


def _rank(
    facts: StudyFacts, votes: Votes, question: QuestionFacts, settings: Mapping[str, Any]
) -> tuple[list[Estimate], Ranking | None]:
    ballots = [ballot for ballot in votes.ballots if ballot.question == question.key]
    protocol = registry.get(facts.protocol)
    estimates = sorted_by_estimate(estimate_rankings(ballots, question, facts.conditions, protocol, settings))
    return estimates, rank_by_estimates(estimates)


def _find_duplicates(
    facts: StudyFacts, table: VoteTable, question: QuestionFacts, study: Study, way: LeftOut
) -> tuple[list[Estimate], Ranking | None]:
    protocol = registry.get(facts.protocol)
    estimates = estimate_duplicates(
        table,
        read_pair_votes(study, but=way.reasons),
        question,
        facts.conditions,
        protocol.measure,
        protocol.value(study.settings, "batch_size"),
    )
    return estimates, None


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
