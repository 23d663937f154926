"""Preferences between conditions: Bradley-Terry strengths, win rates against the field, the win matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.adapters import attempt, distinct, items_of
from humaneval.reports.analysis.estimating import Attempted, Subject, estimate_at, estimate_of
from humaneval.reports.analysis.ranking import place_of, rank_entry, sorted_by_estimate
from humaneval.reports.numbers import counted
from humaneval.reports.results import ConditionFacts, Estimate, PairCounts, QuestionFacts, Ranking
from humaneval.reports.votes import VoteTable
from humaneval.stats import Result, bradley_terry, mean_opinion_score, rate
from humaneval.stats.bradley_terry import BradleyTerry
from humaneval.stats.columns import Codes, encode_together

STRENGTH, WIN_RATE = "strength", "win_rate"
_WIN_RATE_LABEL = "Win rate against the field (a tie counts half)"


@dataclass(frozen=True)
class Preferences:
    """What pairwise votes say: strengths and win rates of each condition, and the ranking by strength.

    ``fit`` is the model behind the strengths (labels are the conditions' names), if there is one.
    """

    estimates: list[Estimate]
    ranking: Ranking
    fit: BradleyTerry | None = None


def estimate_preferences(
    table: VoteTable, question: QuestionFacts, conditions: Sequence[ConditionFacts], label: str
) -> Preferences:
    """Return strengths (log-odds scale, mean 0), win rates and the ranking of one question's votes."""
    strengths, fit = estimate_strengths(table, question, conditions, label)
    rates = [_estimate_win_rate(table, question, condition) for condition in conditions]
    return Preferences(
        [*sorted_by_estimate(strengths), *sorted_by_estimate(rates)],
        _rank(strengths, rates, table, question, label, conditions),
        fit,
    )


def estimate_strengths(
    table: VoteTable, question: QuestionFacts, conditions: Sequence[ConditionFacts], label: str
) -> tuple[list[Estimate], BradleyTerry | None]:
    """Return strengths (log-odds scale, mean 0), the headline, with the fit behind them."""
    names = {condition.id: condition.label for condition in conditions}
    clustered = attempt(lambda: _fit(table, names, clustered=True))
    naive = attempt(lambda: _fit(table, names, clustered=False))
    found = [
        _strength(
            clustered, naive, table, Subject(one, question, STRENGTH, label, "log-strength", headline=True)
        )
        for one in conditions
    ]
    fit = clustered[0]
    return found, fit if isinstance(fit, BradleyTerry) else None


def _fit(table: VoteTable, names: dict[int, str], *, clustered: bool) -> BradleyTerry:
    """Fit on votes: winner and loser by name, clustered by rater and by what repeats."""
    first, second = _by_name(table, names)
    second_won = table.value == 1
    votes: dict[str, Any] = {
        "winner": replace(first, codes=np.where(second_won, second.codes, first.codes)),
        "loser": replace(second, codes=np.where(second_won, first.codes, second.codes)),
        "tie": table.value < 0,
        "ties": "half",
    }
    if not clustered:
        return bradley_terry(**votes, cluster="none")
    return bradley_terry(**votes, rater=table.rater, item=table.shared)


def _by_name(table: VoteTable, names: dict[int, str]) -> tuple[Codes, Codes]:
    """Return the conditions in slots 0 and 1, coded by the names of those that occur."""
    (first, second), ids = encode_together(table.condition, table.other)
    unsorted = np.array([names[int(one)] for one in ids], dtype=np.str_)
    order = np.argsort(unsorted)
    labels, place = unsorted[order], np.argsort(order)
    return Codes(place[first], labels), Codes(place[second], labels)


def _strength(clustered: Attempted, naive: Attempted, table: VoteTable, subject: Subject) -> Estimate:
    condition = subject.condition
    own = (table.condition == condition.id) | (table.other == condition.id)
    places = (_place(clustered[0], condition.label), _place(naive[0], condition.label))
    absent = "No comparison shows this condition."
    return estimate_at(subject, clustered, naive, places, absent, _size_of(table, own))


def _size_of(table: VoteTable, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what a record says of its votes: its items are pairs of images."""
    return {
        "votes": int(rows.sum()),
        "raters": distinct(table.rater[rows]),
        "items": items_of(table.unit[rows]),
        "simulated": bool(table.simulated[rows].any()),
    }


def _place(result: Result[Any] | None, label: str) -> int | None:
    if not isinstance(result, BradleyTerry):
        return None
    found = np.flatnonzero(result.labels == label)
    return int(found[0]) if len(found) else None


def _outcomes(table: VoteTable, condition: int) -> NDArray[np.float64]:
    """Return 1 where the condition was preferred, 0 where the other was, and one half where neither was."""
    slot = np.where(table.condition == condition, 0, 1)
    return np.where(table.value < 0, 0.5, (table.value == slot).astype(float))


def _estimate_win_rate(table: VoteTable, question: QuestionFacts, condition: ConditionFacts) -> Estimate:
    own = (table.condition == condition.id) | (table.other == condition.id)
    won, rater, item = _outcomes(table, condition.id)[own], table.rater[own], table.shared[own]
    return estimate_of(
        Subject(condition, question, WIN_RATE, _WIN_RATE_LABEL, "share"),
        attempt(lambda: mean_of(won, rater=rater, item=item)),
        attempt(lambda: mean_of(won)),
        _size_of(table, own),
    )


def mean_of(won: NDArray[np.float64], **clusters: Any) -> Result[float]:
    """Return the mean outcome: as a rate where there are no ties, else as a mean between 0 and 1."""
    if np.isin(won, (0.0, 1.0)).all():
        return rate(won, method="clustered" if clusters else "wilson", **clusters)
    return mean_opinion_score(won, points=(0.0, 1.0), **clusters)


def _rank(
    strengths: Sequence[Estimate],
    rates: Sequence[Estimate],
    table: VoteTable,
    question: QuestionFacts,
    label: str,
    conditions: Sequence[ConditionFacts],
) -> Ranking:
    won = {one.condition: one.estimate for one in rates}
    ordered = sorted_by_estimate(strengths)
    ties = int((table.value < 0).sum())
    notes = sorted({one.note for one in strengths if one.note})
    if ties:
        notes.append(
            f"{counted(ties, 'tie')} in {counted(len(table), 'vote')}; a tie counts half a win for each."
        )
    return Ranking(
        question=question.key,
        measure=STRENGTH,
        measure_label=label,
        unit="log-strength",
        method=next((one.method for one in ordered if one.method), ""),
        entries=[rank_entry(one, place_of(one, ordered), won[one.condition]) for one in ordered],
        pairs=[_count_pair(table, one.id, two.id) for one, two in combinations(conditions, 2)],
        simulated=bool(table.simulated.any()),
        notes=notes,
    )


def _count_pair(table: VoteTable, one: int, two: int) -> PairCounts:
    """Count how ``one`` fared against ``two``, whichever stood in slot 0."""
    straight = (table.condition == one) & (table.other == two)
    reverse = (table.condition == two) & (table.other == one)
    slot = np.where(reverse, 1, 0)
    among = straight | reverse
    ties = int((among & (table.value < 0)).sum())
    wins = int((among & (table.value == slot)).sum())
    total = int(among.sum())
    share = (wins + ties / 2) / total if total else None
    return PairCounts(one, two, wins, ties, total - wins - ties, share)
