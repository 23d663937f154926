"""The answers of a study that estimates rest on, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from humaneval.rating.votes import answer_rows
from humaneval.studies.models import Study

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CountedVotes:
    """One row an answer. ``other`` is 0 where a trial shows one condition; ``question`` indexes the keys.

    ``lineup`` (N x S) is the condition in each slot where they may be more than two, 0 after the last.
    """

    keys: tuple[str, ...]
    condition: Ints
    other: Ints
    rater: Ints
    trial: Ints
    value: Ints
    question: Ints
    lineup: Ints

    def __len__(self) -> int:
        return len(self.value)

    def where(self, mask: NDArray[np.bool_]) -> CountedVotes:
        """Return the rows that a mask picks."""
        columns = (self.condition, self.other, self.rater, self.trial, self.value, self.question, self.lineup)
        return CountedVotes(self.keys, *(column[mask] for column in columns))


def counted_votes(study: Study) -> CountedVotes:
    """Return a study's answers that count, in order of vote: two queries."""
    keys = tuple(study.questions.values_list("key", flat=True))
    number = {key: place for place, key in enumerate(keys)}
    rows, lineups = [], []
    for row in answer_rows(study):
        if row.counts and row.value is not None:
            of_trial = (row.condition_id, row.other_id or 0, row.rater_id, row.trial_id)
            rows.append((*of_trial, row.value, number[row.question]))
            lineups.append(row.lineup)
    table = np.array(rows, dtype=np.int64).reshape(-1, 6)
    return CountedVotes(keys, *(*table.T, _filled(lineups)))


def _filled(lineups: list[list[int]]) -> Ints:
    filled = np.zeros((len(lineups), max(map(len, lineups), default=0)), dtype=np.int64)
    for row, lineup in zip(filled, lineups, strict=True):
        row[: len(lineup)] = lineup
    return filled
