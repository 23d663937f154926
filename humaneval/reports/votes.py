"""The votes that estimates rest on, as one table of answers, and how many votes there are by kind."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from humaneval.rating.vote_columns import NO_ANSWER, OUTCOMES, VoteColumns
from humaneval.reports.material import Material
from humaneval.reports.results import RaterCounts, VoteCounts, finite

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class VoteTable:
    """Answers as columns of one length, one row an answer.

    ``vote`` is the row in the material's votes, ``question`` the place among the study's. ``other`` is 0
    where a trial has one condition. ``item`` codes the samples in slot 0 (what the estimate is about),
    ``unit`` those in all slots (what raters must share to agree or not).
    """

    vote: IntArray
    question: IntArray
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
    questions: tuple[str, ...]
    counts: VoteCounts
    raters: RaterCounts
    exposed: list[Exposed] = field(default_factory=list)
    ballots: list[Ballot] = field(default_factory=list)

    def table(self, question: str) -> VoteTable:
        """Return the answers to one question."""
        return self.counted.where(self.counted.question == self.questions.index(question))


def select_votes(material: Material, left_out: BoolArray) -> Votes:
    """Return the votes of a study but for those left out (V).

    Repeats, gold trials and votes without an answer are counted, not analysed.
    """
    votes = material.votes
    table = tabulate(material, votes.counts & ~left_out)
    return Votes(
        counted=table,
        questions=votes.questions,
        counts=_counts(votes, left_out),
        raters=_raters(votes, left_out),
        exposed=_exposed(votes, table),
        ballots=_ballots(material, table),
    )


def tabulate(material: Material, rows: BoolArray) -> VoteTable:
    """Return the answers of the votes that a mask (V) picks, by vote and then by question."""
    votes, trials = material.votes, material.trials
    vote, question = np.nonzero((votes.answers != NO_ANSWER) & rows[:, None])
    trial = trials.rows(votes.trial[vote])
    return VoteTable(
        vote=vote,
        question=question,
        condition=trials.condition[trial],
        other=trials.other[trial],
        rater=votes.rater[vote],
        item=trials.item[trial],
        unit=trials.unit[trial],
        value=votes.answers[vote, question].astype(np.int64),
        simulated=votes.simulated[vote],
    )


def _exposed(votes: VoteColumns, table: VoteTable) -> list[Exposed]:
    is_timed: BoolArray = votes.block[table.vote] >= 0
    timed = table.where(is_timed)
    columns = (
        timed.rater,
        votes.block[timed.vote],
        timed.condition,
        timed.value,
        votes.frames[timed.vote],
        votes.frame_ms[timed.vote],
        votes.spoilt[timed.vote],
        timed.simulated,
    )
    return [Exposed(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _ballots(material: Material, table: VoteTable) -> list[Ballot]:
    lineups = material.trials.lineup[material.trials.rows(material.votes.trial[table.vote])]
    if not lineups.any():
        return []
    several: BoolArray = np.asarray(lineups.any(axis=1))
    rows = table.where(several)
    return [
        Ballot(material.votes.questions[question], rater, tuple(one for one in lineup if one), value, program)
        for question, rater, lineup, value, program in zip(
            rows.question.tolist(),
            rows.rater.tolist(),
            lineups[several].tolist(),
            rows.value.tolist(),
            rows.simulated.tolist(),
            strict=True,
        )
    ]


def select_pair_votes(material: Material, left_out: BoolArray) -> list[PairVote]:
    """Return the votes that count on pairs, with their batches, but for those left out (V)."""
    pairs = material.pairs
    keys = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    batch_of = dict(zip(keys, pairs.batch.tolist(), strict=True))
    table = tabulate(material, material.votes.counts & ~left_out)
    trial = material.votes.trial[table.vote]
    shown = material.trials.samples[material.trials.rows(trial)].tolist()
    return [
        PairVote(condition, batch_of[first, second], number, value == 1)
        for condition, (first, second, *_), number, value in zip(
            table.condition.tolist(), shown, trial.tolist(), table.value.tolist(), strict=True
        )
    ]


def _counts(votes: VoteColumns, left_out: BoolArray) -> VoteCounts:
    by_outcome = np.bincount(votes.outcome, minlength=len(OUTCOMES)).tolist()
    return VoteCounts(
        total=len(votes),
        counted=int((votes.counts & ~left_out).sum()),
        **dict(zip(OUTCOMES, by_outcome, strict=True)),
        spoilt=int(votes.spoilt.sum()),
        repeats=int(votes.is_repeat.sum()),
        late=int(votes.late.sum()),
        simulated=int(votes.simulated.sum()),
        excluded=int((votes.counts & left_out).sum()),
    )


def _raters(votes: VoteColumns, left_out: BoolArray) -> RaterCounts:
    _, given = np.unique(votes.rater, return_counts=True)
    times = votes.response_ms[votes.counts & ~left_out]
    return RaterCounts(
        total=len(given),
        simulated=len(np.unique(votes.rater[votes.simulated])),
        median_votes=finite(float(np.median(given))) if len(given) else None,
        median_response_ms=finite(float(np.median(times))) if len(times) else None,
    )
