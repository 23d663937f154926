"""The votes that estimates rest on, as one table of answers, and how many votes there are by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from humaneval.rating.vote_columns import NO_ANSWER, OUTCOMES, VoteColumns
from humaneval.reports.material import Material, rows_of
from humaneval.reports.results import RaterCounts, VoteCounts, finite
from humaneval.reports.shared_items import repeats_of
from humaneval.stats.items import Items

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of one length, one row each."""

    def __len__(self) -> int:
        return len(next(iter(vars(self).values())))

    def where(self, rows: BoolArray) -> Self:
        """Return only the rows where the mask holds."""
        return type(self)(**{name: column[rows] for name, column in vars(self).items()})


@dataclass(frozen=True, eq=False)
class VoteTable(Columns):
    """Answers as columns of one length, one row an answer.

    ``vote`` is the row in the material's votes, ``question`` the place among the study's. ``other`` is 0
    where a trial has one condition. ``item`` codes the samples in slot 0 (what the estimate is about),
    ``unit`` those in all slots (what raters must share to agree or not), ``shared`` is what intervals take to
    repeat besides the rater: :mod:`humaneval.reports.shared_items`.
    """

    vote: IntArray
    question: IntArray
    condition: IntArray
    other: IntArray
    rater: IntArray
    item: IntArray
    unit: IntArray
    shared: Items
    value: IntArray
    simulated: BoolArray


@dataclass(frozen=True, eq=False)
class Exposed(Columns):
    """Timed votes: whose, in which block, about what, and for how many frames the image stood."""

    rater: IntArray
    block: IntArray
    condition: IntArray
    value: IntArray
    frames: IntArray
    frame_ms: NDArray[np.float64]
    spoilt: BoolArray
    simulated: BoolArray


@dataclass(frozen=True, eq=False)
class Ballots(Columns):
    """Answers that put several conditions in order: ``lineup`` (N x S) is the condition in each slot, 0 after
    the last.

    ``row`` is the row of the table that each comes from, ``unit`` codes the samples in all slots; ``shared``
    as in the table.
    """

    row: IntArray
    rater: IntArray
    unit: IntArray
    shared: Items
    lineup: IntArray
    value: IntArray
    simulated: BoolArray


@dataclass(frozen=True, eq=False)
class PairVotes(Columns):
    """Votes on pairs of samples of one batch of a condition, a row for each row of a table of answers."""

    rater: IntArray
    condition: IntArray
    batch: IntArray
    trial: IntArray
    same: BoolArray


@dataclass(frozen=True, eq=False)
class Votes:
    """A study's votes: the answers that count for estimates, and how many votes there are by kind."""

    counted: VoteTable
    questions: tuple[str, ...]
    counts: VoteCounts
    raters: RaterCounts
    exposed: Exposed

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
        shared=repeats_of(material)[trial],
        value=votes.answers[vote, question].astype(np.int64),
        simulated=votes.simulated[vote],
    )


def _exposed(votes: VoteColumns, table: VoteTable) -> Exposed:
    timed = table.where(votes.block[table.vote] >= 0)
    return Exposed(
        rater=timed.rater,
        block=votes.block[timed.vote],
        condition=timed.condition,
        value=timed.value,
        frames=votes.frames[timed.vote],
        frame_ms=votes.frame_ms[timed.vote],
        spoilt=votes.spoilt[timed.vote],
        simulated=timed.simulated,
    )


def ballots_of(material: Material, table: VoteTable) -> Ballots:
    """Return the answers of a table that put several conditions in order."""
    lineup = material.trials.lineup[material.trials.rows(material.votes.trial[table.vote])]
    several: BoolArray = np.asarray(lineup.any(axis=1))
    rows = table.where(several)
    return Ballots(
        np.flatnonzero(several),
        rows.rater,
        rows.unit,
        rows.shared,
        lineup[several],
        rows.value,
        rows.simulated,
    )


def pair_votes_of(material: Material, table: VoteTable) -> PairVotes:
    """Return the answers of a table about pairs, with their batches.

    Raises KeyError for a pair that the study does not list.
    """
    pairs, trials = material.pairs, material.trials
    trial = material.votes.trial[table.vote]
    shown = trials.samples[trials.rows(trial)]
    most = 1 + max(int(one.max(initial=0)) for one in (pairs.first, pairs.second, trials.samples))
    keys = pairs.first * most + pairs.second
    order = np.argsort(keys)
    asked = shown[:, 0] * most + shown[:, 1] if len(shown) else np.zeros(0, dtype=np.int64)
    return PairVotes(
        rater=table.rater,
        condition=table.condition,
        batch=pairs.batch[order][rows_of(keys[order], asked)],
        trial=trial,
        same=table.value == 1,
    )


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
    times = times[np.isfinite(times)]  # votes from elsewhere may lack some
    return RaterCounts(
        total=len(given),
        simulated=len(np.unique(votes.rater[votes.simulated])),
        median_votes=finite(float(np.median(given))) if len(given) else None,
        median_response_ms=finite(float(np.median(times))) if len(times) else None,
    )
