"""Votes as columns: read once, turned into arrays, and counted by kind."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.rating.votes import AnswerRow, answer_rows
from humaneval.reports.results import RaterCounts, VoteCounts, finite
from humaneval.studies.models import Study

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class VoteTable:
    """Answers as columns of one length, one row an answer.

    ``other`` is 0 where a trial has one condition. ``item`` codes the samples in slot 0 (what the
    estimate is about), ``unit`` those in all slots (what raters must share to agree or not).
    """

    question: NDArray[np.str_]
    condition: IntArray
    other: IntArray
    rater: IntArray
    item: IntArray
    unit: IntArray
    value: IntArray
    simulated: BoolArray

    def __len__(self) -> int:
        return len(self.value)

    def where(self, rows: BoolArray) -> VoteTable:
        """Return the table with only the rows where the mask holds."""
        return VoteTable(**{name: column[rows] for name, column in vars(self).items()})


@dataclass(frozen=True)
class Exposed:
    """A timed vote: whose it was, in which block, about what, and for how many frames the image stood."""

    rater: int
    block: int
    condition: int
    value: int
    frames: int
    frame_ms: float
    spoilt: bool
    simulated: bool


@dataclass(frozen=True)
class Ballot:
    """An answer that puts several conditions in order: ``lineup`` is the condition in each slot."""

    question: str
    rater: int
    lineup: tuple[int, ...]
    value: int
    simulated: bool


@dataclass(frozen=True)
class PairVote:
    """A vote on a pair of samples of one batch."""

    condition: int
    batch: int
    trial: int
    same: bool


@dataclass(frozen=True, eq=False)
class Votes:
    """A study's votes: the answers that count for estimates, and how many votes there are by kind."""

    counted: VoteTable
    counts: VoteCounts
    raters: RaterCounts
    last_vote: int
    exposed: list[Exposed] = field(default_factory=list)
    ballots: list[Ballot] = field(default_factory=list)


def read_votes(study: Study, *, but: Collection[int] = ()) -> Votes:
    """Return all votes of a study. Repeats and votes without an answer are counted, not analysed.

    So are those that rules leave out: ``but`` holds their ids.
    """
    return collect_votes(answer_rows(study), but=but)


def read_pair_votes(study: Study, *, but: Collection[int] = ()) -> list[PairVote]:
    """Return the votes that count on pairs, with their batches, but for those left out. Two queries."""
    pairs = study.duplicatepairs.values_list("first_id", "second_id", "batch")
    batch_of = {(first, second): batch for first, second, batch in pairs}
    return [
        PairVote(row.condition_id, batch_of[row.slots[0][0], row.slots[1][0]], row.trial_id, row.value == 1)
        for row in answer_rows(study)
        if row.counts and row.value is not None and row.vote_id not in but
    ]


def collect_votes(rows: Iterable[AnswerRow], *, but: Collection[int] = ()) -> Votes:
    """Return votes from rows in vote order (several rows of one vote follow each other)."""
    tally, columns, exposed, ballots = _Tally(), _Columns(), [], []
    for row in rows:
        is_left_out = row.vote_id in but
        tally.add(row, is_left_out=is_left_out)
        if row.counts and row.value is not None and not is_left_out:
            columns.add(row)
            if row.parameters:
                exposed.append(_exposed(row, row.parameters, row.value))
            if row.lineup:
                lineup = tuple(row.lineup)
                ballots.append(Ballot(row.question, row.rater_id, lineup, row.value, row.simulated))
    return Votes(columns.table(), tally.counts(), tally.raters(), tally.last_vote, exposed, ballots)


def _exposed(row: AnswerRow, parameters: dict[str, Any], value: int) -> Exposed:
    return Exposed(
        rater=row.rater_id,
        block=parameters["block"],
        condition=row.condition_id,
        value=value,
        frames=int(row.timings["frames"]),
        frame_ms=float(row.timings["frame_ms"]),
        spoilt=row.spoilt,
        simulated=row.simulated,
    )


class _Columns:
    """Grows the columns row by row as plain 64-bit integers; samples and questions are coded as they come."""

    def __init__(self) -> None:
        self._integers = [array("q") for _ in range(8)]
        self._questions: dict[str, int] = {}
        self._items: dict[Any, int] = {}
        self._units: dict[Any, int] = {}

    def add(self, row: AnswerRow) -> None:
        unit = tuple(map(tuple, row.slots))
        values = (
            self._questions.setdefault(row.question, len(self._questions)),
            row.condition_id,
            row.other_id or 0,
            row.rater_id,
            self._items.setdefault(unit[0], len(self._items)),
            self._units.setdefault(unit, len(self._units)),
            row.value or 0,
            row.simulated,
        )
        for column, value in zip(self._integers, values, strict=True):
            column.append(value)

    def table(self) -> VoteTable:
        question, *middle, simulated = (np.array(column, dtype=np.int64) for column in self._integers)
        condition, other, rater, item, unit, value = middle
        return VoteTable(
            question=np.array([*self._questions, ""], dtype=np.str_)[question],
            condition=condition,
            other=other,
            rater=rater,
            item=item,
            unit=unit,
            value=value,
            simulated=simulated.astype(bool),
        )


class _Tally:
    """Counts votes by kind; a vote's first row stands for it."""

    def __init__(self) -> None:
        self.last_vote = 0
        self._by: dict[str, int] = dict.fromkeys(
            (
                "total",
                "counted",
                "answered",
                "cannot_tell",
                "not_shown",
                "spoilt",
                "repeats",
                "late",
                "simulated",
                "excluded",
            ),
            0,
        )
        self._votes_of: dict[int, int] = {}
        self._simulated: set[int] = set()
        self._times: list[float] = []
        self._previous: int | None = None

    def add(self, row: AnswerRow, *, is_left_out: bool) -> None:
        if row.vote_id == self._previous:
            return
        self._previous = row.vote_id
        self.last_vote = max(self.last_vote, row.vote_id)
        self._by["total"] += 1
        self._by[str(row.outcome)] += 1
        self._by["repeats"] += row.is_repeat
        self._by["spoilt"] += row.spoilt
        self._by["late"] += row.late
        self._by["simulated"] += row.simulated
        self._votes_of[row.rater_id] = self._votes_of.get(row.rater_id, 0) + 1
        if row.simulated:
            self._simulated.add(row.rater_id)
        if row.counts and is_left_out:
            self._by["excluded"] += 1
        elif row.counts:
            self._by["counted"] += 1
            self._times.append(row.response_ms)

    def counts(self) -> VoteCounts:
        return VoteCounts(**self._by)

    def raters(self) -> RaterCounts:
        return RaterCounts(
            total=len(self._votes_of),
            simulated=len(self._simulated),
            median_votes=finite(float(np.median(list(self._votes_of.values())))) if self._votes_of else None,
            median_response_ms=finite(float(np.median(self._times))) if self._times else None,
        )
