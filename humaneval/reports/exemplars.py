"""Which samples a report shows beside its votes: the first of each condition, and the pairs most often called
the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from humaneval.rating.vote_columns import Ints, VoteColumns
from humaneval.reports.findings.people import JudgedPair, ShownSamples
from humaneval.reports.material import Material, TrialColumns
from humaneval.reports.results import ConditionFacts

EACH_CONDITION = 8
"""Samples of each condition, the first ones in the order of trials."""
MOST_PAIRS = 6
"""Pairs judged, those most often called the same."""

Judged = tuple[int, int, int]
"""A pair of a study of duplicates: row of its trial, votes for "same", all votes."""


def shown_first(trials: TrialColumns, conditions: Sequence[ConditionFacts]) -> dict[int, list[int]]:
    """Return the first samples of each condition, by its id; none of gold trials and of grids."""
    owners, usual = _owners(trials), ~trials.is_gold[:, None] & (trials.samples > 0)
    return {one.id: _first(trials.samples[usual & (owners == one.id)]) for one in conditions}


def _owners(trials: TrialColumns) -> Ints:
    """Return the condition in each slot (T x S); that of slot 0 where a trial has no other."""
    if trials.lineup.shape == trials.samples.shape and trials.lineup.any():
        return trials.lineup
    owners = np.repeat(trials.condition[:, None], trials.samples.shape[1], axis=1)
    if owners.shape[1] > 1:
        owners[:, 1] = np.where(trials.other > 0, trials.other, trials.condition)
    return owners


def _first(samples: Ints) -> list[int]:
    _, first = np.unique(samples, return_index=True)
    return [int(one) for one in samples[np.sort(first)[:EACH_CONDITION]]]


def most_often_same(votes: VoteColumns, trials: TrialColumns) -> list[Judged]:
    """Return the pairs that most of their voters called the same, of a study that asks about pairs."""
    counted = votes.where(votes.counts)
    if not len(counted):
        return []
    row = trials.rows(counted.trial)
    same = np.bincount(row, counted.answers[:, 0] == 1, len(trials))
    asked = np.bincount(row, counted.answers[:, 0] >= 0, len(trials))
    share = np.divide(same, asked, out=np.zeros(len(trials)), where=asked > 0)
    order = [one for one in np.lexsort((trials.number, -same, -share)).tolist() if 2 * same[one] > asked[one]]
    return [(one, int(same[one]), int(asked[one])) for one in order[:MOST_PAIRS]]


def wanted_samples(
    votes: VoteColumns, trials: TrialColumns, conditions: Sequence[ConditionFacts], analysis: str
) -> list[int]:
    """Return the ids of all samples that a report shows beside its votes, ascending."""
    found = {sample for samples in shown_first(trials, conditions).values() for sample in samples}
    if analysis == "duplicates":
        found |= {int(one) for row, *_ in most_often_same(votes, trials) for one in trials.samples[row, :2]}
    return sorted(found)


def exemplify(material: Material) -> tuple[list[ShownSamples], list[JudgedPair]]:
    """Return the samples that the page shows of each condition, and the pairs most often called the same."""
    facts, named = material.study, {one.sample: one for one in material.exemplars}
    first = shown_first(material.trials, facts.conditions)
    shown = [
        ShownSamples(
            one.id, one.label, one.kind, [named[each].ref for each in first[one.id] if each in named]
        )
        for one in facts.conditions
    ]
    if facts.analysis != "duplicates":
        return shown, []
    return shown, [
        JudgedPair(
            int(material.trials.condition[row]),
            same,
            asked,
            [named[int(one)].ref for one in material.trials.samples[row, :2] if int(one) in named],
        )
        for row, same, asked in most_often_same(material.votes, material.trials)
    ]


def keys_of(shown: Sequence[ShownSamples], judged: Sequence[JudgedPair]) -> list[str]:
    """Return the keys of the pictures among these."""
    groups = [*(one.samples for one in shown), *(one.samples for one in judged)]
    return [ref.key for group in groups for ref in group]
