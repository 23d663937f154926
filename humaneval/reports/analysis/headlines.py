"""The headline estimates of some of a question's answers, and nothing that stands beside them in a report.

They are made again for every way of leaving votes out, and for every group of raters and prompts.
"""

from __future__ import annotations

from humaneval.protocols import registry
from humaneval.reports.analysis.duplicates import estimate_duplicates
from humaneval.reports.analysis.preferences import estimate_strengths
from humaneval.reports.analysis.ranking import sorted_by_estimate
from humaneval.reports.analysis.rankings import estimate_rankings
from humaneval.reports.analysis.rates import estimate_shares
from humaneval.reports.analysis.scales import estimate_scales
from humaneval.reports.material import Material
from humaneval.reports.results import Estimate, QuestionFacts
from humaneval.reports.votes import VoteTable, ballots_of, pair_votes_of


def headline_of(material: Material, table: VoteTable, question: QuestionFacts) -> list[Estimate]:
    """Return the headline estimate of each condition, the best first."""
    return sorted_by_estimate(_unsorted(material, table, question), _better(material))


def _better(material: Material) -> int:
    """Return which way the headline is sorted: only of duplicates the lowest is first."""
    return material.study.better if material.study.analysis == "duplicates" else 1


def _unsorted(material: Material, table: VoteTable, question: QuestionFacts) -> list[Estimate]:
    facts, protocol = material.study, registry.get(material.study.protocol)
    if facts.analysis == "ranking":
        ballots = ballots_of(material, table)
        return estimate_rankings(ballots, question, facts.conditions, protocol, material.settings)[0]
    if facts.analysis == "preference":
        return estimate_strengths(table, question, facts.conditions, protocol.measure)[0]
    if facts.analysis == "scale":
        return estimate_scales(table, question, facts.conditions, protocol.measure)
    if facts.analysis == "duplicates":
        batch_size = protocol.value(material.settings, "batch_size")
        pairs = pair_votes_of(material, table)
        found = estimate_duplicates(table, pairs, question, facts.conditions, protocol.measure, batch_size)
        return [one for one in found if one.headline]
    return estimate_shares(table, question, facts.conditions, protocol)
