"""What the first place rests on: how many votes, or which single rater, would have to go to change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from humaneval.protocols.base import Protocol
from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.analysis.rankings import choices_of
from humaneval.reports.findings.people import Influence
from humaneval.reports.numbers import counted, in_unit, listed
from humaneval.reports.results import QuestionFacts
from humaneval.reports.votes import Ballots, VoteTable
from humaneval.stats import StatsError, mean_influence_on_winner, ranking_influence, winner_influence
from humaneval.stats.influence import WinnerInfluence

MOST_NAMED = 10


def influence_of_preferences(
    table: VoteTable, question: QuestionFacts, names: Mapping[int, str]
) -> Influence | None:
    """Return the influence on the strongest condition; ``None`` where there is nothing to change."""
    second = table.value == 1
    try:
        found = winner_influence(
            winner=np.where(second, table.other, table.condition),
            loser=np.where(second, table.condition, table.other),
            tie=table.value < 0,
            rater=table.rater,
        )
    except StatsError:
        return None
    return _described(found, table, question, names, "log-strength")


def influence_of_rankings(
    ballots: Ballots,
    question: QuestionFacts,
    names: Mapping[int, str],
    protocol: Protocol,
    settings: Mapping[str, Any],
) -> Influence | None:
    """Return the influence on the strongest condition; ``None`` where there is nothing to change."""
    try:
        found = ranking_influence(**choices_of(ballots, protocol, settings), rater=ballots.rater)
    except StatsError:
        return None
    return _described(found, ballots, question, names, "log-strength")


def influence_of_means(
    outcomes: Outcomes, table: VoteTable, question: QuestionFacts, names: Mapping[int, str], unit: str
) -> Influence | None:
    """Return the influence on the generated condition with the highest mean (``names`` holds those)."""
    kept = outcomes.where(np.isin(outcomes.condition, list(names)))
    try:
        found = mean_influence_on_winner(kept.value, condition=kept.condition, rater=kept.rater)
    except StatsError:
        return None
    return _described(found, table.where(np.isin(table.condition, list(names))), question, names, unit)


def _described(
    found: WinnerInfluence,
    table: VoteTable | Ballots,
    question: QuestionFacts,
    names: Mapping[int, str],
    unit: str,
) -> Influence:
    raters = [f"r{rater}" for rater in found.raters]
    return Influence(
        question=question.key,
        winner=names[int(found.winner)],
        runner_up=names[int(found.runner_up)],
        lead=found.lead,
        unit=unit,
        votes=len(table),
        votes_to_change=found.votes_to_change,
        raters=len(found.rater_leads),
        raters_who_change=raters,
        least_lead=min(found.rater_leads.values(), default=None),
        words=_words(found, len(table), names, unit, raters),
        simulated=bool(table.simulated.any()),
    )


def _words(found: WinnerInfluence, votes: int, names: Mapping[int, str], unit: str, raters: list[str]) -> str:
    winner = names[int(found.winner)]
    if found.lead <= 0:
        return f"“{winner}” shares the first place: there is no lead to lose."
    lead = f"{100 * found.lead:.1f} points" if unit == "share" else in_unit(found.lead, unit)
    return " ".join([_about_votes(found, votes, winner, lead), _about_raters(found, winner, raters)])


def _about_votes(found: WinnerInfluence, votes: int, winner: str, lead: str) -> str:
    if found.votes_to_change is None:
        return (
            f"“{winner}” leads by {lead}, and would still lead with the half of votes gone that favour it "
            "most."
        )
    share = 100 * found.votes_to_change / max(votes, 1)
    firm = "That is a thin lead." if share < 1 else "That is a firm lead." if share >= 5 else ""
    return (
        f"“{winner}” leads by {lead}; it would take the loss of {counted(found.votes_to_change, 'vote')} "
        f"({share:.1f}% of {votes:,}), the ones that favour it most, to put another condition first. {firm}"
    ).strip()


def _about_raters(found: WinnerInfluence, winner: str, raters: list[str]) -> str:
    if not raters:
        return (
            f"No single rater decides: without any one of {len(found.rater_leads):,} “{winner}” still leads."
        )
    named = listed(raters[:MOST_NAMED]) + (" and others" if len(raters) > MOST_NAMED else "")
    return f"Without {named} alone another condition would lead: the result hangs on single people."
