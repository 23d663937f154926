"""What the first place rests on: how many votes, or which single rater, would have to go to change it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from humaneval.protocols.base import Protocol
from humaneval.reports.analysis.duplicates import BATCHES
from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.analysis.preferences import STRENGTH
from humaneval.reports.analysis.ranking import SAME, is_surely_first
from humaneval.reports.analysis.rankings import choices_of
from humaneval.reports.findings.people import Influence
from humaneval.reports.numbers import counted, in_unit, listed
from humaneval.reports.results import Estimate, QuestionFacts, Ranking
from humaneval.reports.votes import Ballots, PairVotes, VoteTable
from humaneval.stats import (
    StatsError,
    batch_influence_on_winner,
    mean_influence_on_winner,
    ranking_influence,
    winner_influence,
)
from humaneval.stats.influence import WinnerInfluence

MOST_NAMED = 10
THIN, FIRM = 0.01, 0.05
"""Shares of the votes: a lead that hangs on fewer is thin, one that takes as many may be called firm."""


@dataclass(frozen=True)
class _Led:
    """What a lead is in: its measure and unit, the words that its sentence begins with, the order by it."""

    measure: str
    unit: str
    opening: str = ""
    ranking: Ranking | None = None


def influence_of_preferences(
    table: VoteTable, question: QuestionFacts, names: Mapping[int, str], ranking: Ranking | None = None
) -> Influence | None:
    """Return the influence on the strongest condition; ``None`` where there is nothing to change.

    Here and below, ``ranking`` is the order with what is certain of it: without it no lead is called firm.
    """
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
    return _described(found, table, question, names, _Led(STRENGTH, "log-strength", ranking=ranking))


def influence_of_rankings(
    ballots: Ballots,
    question: QuestionFacts,
    names: Mapping[int, str],
    protocol: Protocol,
    settings: Mapping[str, Any],
    ranking: Ranking | None = None,
) -> Influence | None:
    """Return the influence on the strongest condition; ``None`` where there is nothing to change."""
    try:
        found = ranking_influence(**choices_of(ballots, protocol, settings), rater=ballots.rater)
    except StatsError:
        return None
    return _described(found, ballots, question, names, _Led(STRENGTH, "log-strength", ranking=ranking))


def influence_of_means(
    outcomes: Outcomes,
    table: VoteTable,
    question: QuestionFacts,
    names: Mapping[int, str],
    headline: Estimate,
    ranking: Ranking | None = None,
) -> Influence | None:
    """Return the influence on the generated condition with the highest mean (``names`` holds those)."""
    led = _Led(headline.measure, headline.unit, ranking=ranking)
    return _of_means(outcomes, table, question, names, led)


def influence_of_duplicates(
    outcomes: Outcomes,
    table: VoteTable,
    pairs: PairVotes,
    question: QuestionFacts,
    names: Mapping[int, str],
    ranking: Ranking | None = None,
) -> list[Influence]:
    """Return the influence on the generated condition with the fewest duplicates, by pairs and by batches.

    A condition comes first by the smallest share of pairs judged the same (the headline), and by the smallest
    share of batches with a duplicate: since batches are of one size, that is the largest support.
    """
    fewer = dataclasses.replace(outcomes, value=-outcomes.value)
    led = _Led("share", "share", "Fewest pairs judged the same: ", ranking)
    by_pairs = _of_means(fewer, table, question, names, led)
    kept = pairs.where(np.isin(pairs.condition, list(names)))
    try:
        found = batch_influence_on_winner(
            kept.same, pair=kept.trial, batch=kept.batch, condition=kept.condition, rater=kept.rater
        )
    except StatsError:
        return [by_pairs] if by_pairs else []
    led = _Led(BATCHES, "share", "Fewest batches with a duplicate, and so most different images: ")
    by_batches = _described(found, _of_generated(table, names), question, names, led)
    return [one for one in (by_pairs, by_batches) if one]


def _of_means(
    outcomes: Outcomes, table: VoteTable, question: QuestionFacts, names: Mapping[int, str], led: _Led
) -> Influence | None:
    kept = outcomes.where(np.isin(outcomes.condition, list(names)))
    try:
        found = mean_influence_on_winner(kept.value, condition=kept.condition, rater=kept.rater)
    except StatsError:
        return None
    return _described(found, _of_generated(table, names), question, names, led)


def _of_generated(table: VoteTable, names: Mapping[int, str]) -> VoteTable:
    return table.where(np.isin(table.condition, list(names)))


def _described(
    found: WinnerInfluence,
    table: VoteTable | Ballots,
    question: QuestionFacts,
    names: Mapping[int, str],
    led: _Led,
) -> Influence:
    if found.lead <= SAME:
        found = dataclasses.replace(found, votes_to_change=None, minimal=False, raters=())
    raters = [f"r{rater}" for rater in found.raters]
    return Influence(
        question=question.key,
        winner=names[int(found.winner)],
        runner_up=names[int(found.runner_up)],
        lead=found.lead,
        unit=led.unit,
        votes=len(table),
        votes_to_change=found.votes_to_change,
        raters=len(found.rater_leads),
        raters_who_change=raters,
        least_lead=min(found.rater_leads.values(), default=None),
        words=led.opening + _words(found, len(table), names, led, raters),
        simulated=bool(table.simulated.any()),
        measure=led.measure,
        minimal=found.minimal,
    )


def _words(found: WinnerInfluence, votes: int, names: Mapping[int, str], led: _Led, raters: list[str]) -> str:
    winner = names[int(found.winner)]
    if found.lead <= SAME:
        return f"“{winner}” shares the first place: there is no lead to lose."
    lead = f"{100 * found.lead:.1f} points" if led.unit == "share" else in_unit(found.lead, led.unit)
    parts = (
        _about_votes(found, votes, winner, lead),
        _judged(found, votes, names, led),
        _about_raters(found, winner, raters),
    )
    return " ".join(part for part in parts if part)


def _judged(found: WinnerInfluence, votes: int, names: Mapping[int, str], led: _Led) -> str:
    """Return what to call the lead; nothing where ranks or single raters would speak against it."""
    if found.votes_to_change is None:
        return ""
    share = found.votes_to_change / max(votes, 1)
    is_sure = led.ranking is not None and is_surely_first(led.ranking, int(found.winner), among=names)
    if share < THIN and not is_sure:
        return "That is a thin lead."
    return "That is a firm lead." if share >= FIRM and is_sure and not found.raters else ""


def _about_votes(found: WinnerInfluence, votes: int, winner: str, lead: str) -> str:
    if found.votes_to_change is None:
        return (
            f"“{winner}” leads by {lead}; no other comes first by the loss of the votes that favour it most, "
            "as long as half of all are left, and some of each condition."
        )
    share = 100 * found.votes_to_change / max(votes, 1)
    lost = f"the loss of {counted(found.votes_to_change, 'vote')} ({share:.1f}% of {votes:,})"
    said = (
        f"it would take {lost}, the ones that favour it most, to put another condition first."
        if found.minimal
        else f"{lost}, the ones that favour it most, puts another condition first; perhaps fewer would do."
    )
    return f"“{winner}” leads by {lead}; {said}"


def _about_raters(found: WinnerInfluence, winner: str, raters: list[str]) -> str:
    if not raters:
        return (
            f"No single rater decides: without any one of {len(found.rater_leads):,} “{winner}” still leads."
        )
    named = listed(raters[:MOST_NAMED]) + (" and others" if len(raters) > MOST_NAMED else "")
    return f"Without {named} alone another condition would lead: the result hangs on single people."
