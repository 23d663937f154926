"""A study's report: material in, one record of everything that its votes and scores say out.

:func:`build_report` is pure: it reads :class:`humaneval.reports.material.Material` and nothing else, so that
a report is the same whether its votes come from the database, from a bundle or from elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from humaneval.reports.analysis.contests import ceiling_of, compare_metrics
from humaneval.reports.analysis.correlations import correlate
from humaneval.reports.analysis.trust import whom_to_trust
from humaneval.reports.answers import answers_of
from humaneval.reports.cautions import all_cautions, simulated_note
from humaneval.reports.diagnostics import diagnostics_of, provenance_of, wanted_pictures
from humaneval.reports.exclusions import compare, ways_to_leave_out
from humaneval.reports.exemplars import exemplify, keys_of
from humaneval.reports.human_side import HumanSide, estimates_without, hear_people
from humaneval.reports.loading import load_material
from humaneval.reports.material import Material
from humaneval.reports.methods import describe_methods
from humaneval.reports.results import Correlation, Report, ScoreRow, to_payload
from humaneval.reports.version import code_version
from humaneval.reports.votes import select_votes
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
    people = hear_people(material, votes)
    scores = [one.row for one in material.scores]
    correlations = correlate(facts, people.estimates, scores, people.standings)
    diagnostics = diagnostics_of(material.scores, material.latents, facts.conditions)
    shown, judged = exemplify(material)
    pictured = [*keys_of(shown, judged), *wanted_pictures(diagnostics)]
    report = Report(
        study=facts,
        votes=votes.counts,
        raters=votes.raters,
        contains_simulated=votes.counts.simulated > 0,
        simulated_note=simulated_note(votes.counts, votes.raters),
        estimates=people.estimates,
        agreement=people.agreement,
        ranking=people.ranking,
        scores=scores,
        missing_scores=list(material.missing_scores),
        correlations=correlations,
        warnings=all_cautions(facts, votes.counts, votes.raters, people.estimates, scores),
        methods=[],
        built_at=built_at,
        code_version=code_version(),
        exclusions=compare(
            ways,
            lambda way: people.estimates if way.governs else estimates_without(material, way),
            facts.better,
        ),
        breakdowns=people.breakdowns,
        times=people.times,
        effects=people.effects,
        influence=people.influence,
        samples=people.samples,
        **_contests(people, correlations, scores, material),
        provenance=provenance_of(material),
        diagnostics=diagnostics,
        pictures={key: material.pictures[key] for key in pictured if key in material.pictures},
        shown=shown,
        judged=judged,
    )
    report = dataclasses.replace(report, answers=answers_of(report))
    return dataclasses.replace(report, methods=describe_methods(report, material))


def _contests(
    people: HumanSide, correlations: Sequence[Correlation], scores: Sequence[ScoreRow], material: Material
) -> dict[str, Any]:
    """Return comparisons of metrics, noise ceilings and verdicts, question by question."""
    comparisons, ceilings, trust = [], [], []
    for question in material.study.questions:
        found = compare_metrics(question, correlations, people.estimates, scores)
        ceiling = ceiling_of(question, people.estimates)
        comparisons += found
        ceilings += [ceiling] if ceiling else []
        verdict = whom_to_trust(question, correlations, found, ceiling)
        trust += [verdict] if verdict else []
    return {"comparisons": comparisons, "ceilings": ceilings, "trust": trust}
