"""From votes as other tools name things to a report's material: names become numbers, sides become slots."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from humaneval.protocols import registry
from humaneval.protocols.base import Protocol
from humaneval.protocols.orders import code_of
from humaneval.rating.vote_columns import NO_ANSWER, Ints, Smalls, VoteColumns
from humaneval.reports.loading import coded, filled
from humaneval.reports.material import Material, ScoreFacts, SessionColumns, TrialColumns
from humaneval.workspace.foreign.collecting import Collected, ForeignVote
from humaneval.workspace.foreign.problems import ForeignRefused, did_you_mean, listed
from humaneval.workspace.foreign.sides import Sides
from humaneval.workspace.foreign.wording import Wording, study_facts

MOST_CONDITIONS = 500
ELSEWHERE = "elsewhere"
"""The panel of raters that no panel of ours brought."""


@dataclass(frozen=True)
class _Shown:
    """A vote in the order of slots: conditions by number, the slot in each column, answers by slot."""

    conditions: tuple[int, ...]
    order: tuple[int, ...]
    answers: tuple[int | None, ...]


def material_of(collected: Collected, wording: Wording, sides: Sides) -> Material:
    """Return the material of votes from elsewhere. Raises :class:`ForeignRefused` where none can be made.

    ``sides`` says whether the columns of a pair are where they stood on screen.
    """
    votes = collected.votes
    if not votes:
        raise ForeignRefused("No row of the file is a vote that can be read.")
    protocol = registry.get(wording.protocol)
    names = _condition_names(votes, wording.real)
    shown = [_in_slots(vote, names, wording) for vote in votes]
    trials, trial_of = _trials(votes, shown, ranks=protocol.analysis == "ranking")
    sessions, session_of = _sessions(votes)
    columns = _votes(votes, trial_of, sessions, session_of, collected.questions, protocol)
    columns = replace(columns, answers=_answers(shown), order=_orders(shown, protocol, sides))
    return Material(
        study=study_facts(wording, names, collected.questions, columns.answers, protocol),
        settings={"mode": "order"} if protocol.analysis == "ranking" else {},
        votes=columns,
        trials=trials,
        sessions=sessions,
        design={"source": wording.source},
    )


def with_scores(material: Material, scores: Sequence[ScoreFacts], source: str) -> Material:
    """Return the material with automated scores, of a file of that name, beside its votes."""
    return replace(material, scores=tuple(scores), design={**material.design, "scores": source})


def _condition_names(votes: Sequence[ForeignVote], real: Collection[str]) -> dict[str, int]:
    """Return the conditions' numbers from 1, in the order in which they first come."""
    names: dict[str, int] = {}
    for vote in votes:
        for name in vote.conditions:
            names.setdefault(name, len(names) + 1)
    if len(names) > MOST_CONDITIONS:
        raise ForeignRefused(
            f"There are {len(names):,} conditions, among them {listed(names, 4)}: is that the right column?"
        )
    for name in real:
        if name not in names:
            raise ForeignRefused(f"No vote is about “{name}” of --real.{did_you_mean(name, names)}")
    return names


def _in_slots(vote: ForeignVote, names: Mapping[str, int], wording: Wording) -> _Shown:
    """Return a vote by slots: pairs and lineups stand in the order of their numbers, whatever was left.

    So two raters who saw a pair the other way round answered one trial, and their answers can agree. In
    two-alternative choice slot 0 is the generated image; its answers are by slot already.
    """
    in_columns = tuple(names[name] for name in vote.conditions)
    straight = tuple(range(len(in_columns)))
    if wording.protocol == "ranking":
        lineup = tuple(sorted(in_columns))
        return _Shown(lineup, straight, (code_of([lineup.index(one) for one in in_columns]),))
    if wording.protocol == "pairwise" and in_columns[0] > in_columns[1]:
        turned = tuple(1 - one if one in (0, 1) else one for one in vote.answers)
        return _Shown(in_columns[::-1], (1, 0), turned)
    if wording.protocol == "two_afc" and vote.conditions[0] in wording.real:
        return _Shown(in_columns[::-1], (1, 0), vote.answers)
    return _Shown(in_columns, straight, vote.answers)


def _trials(
    votes: Sequence[ForeignVote], shown: Sequence[_Shown], *, ranks: bool
) -> tuple[TrialColumns, Ints]:
    """Return the trials, one for each lineup and item, and each vote's; without an item each has its own."""
    keys = [
        (one.conditions, vote.item or number, vote.category)
        for number, (vote, one) in enumerate(zip(votes, shown, strict=True))
    ]
    trial_of = coded(keys)
    _, first = np.unique(trial_of, return_index=True)
    distinct = [keys[place] for place in first.tolist()]
    conditions = [key[0] for key in distinct]
    categories = ("", *sorted({key[2] for key in distinct} - {""}))
    ids = np.arange(1, len(distinct) + 1)
    samples = _samples([[(one, key[1]) for one in key[0]] for key in distinct])
    prompt = _items(key[1] for key in distinct)
    trials = TrialColumns(
        id=ids,
        number=ids - 1,
        condition=np.array([key[0] for key in conditions], dtype=np.int64),
        other=np.array([key[1] if len(key) > 1 else 0 for key in conditions], dtype=np.int64),
        prompt=prompt,
        category=np.array([categories.index(key[2]) for key in distinct], dtype=np.int64),
        categories=categories,
        item=_where_named(prompt, coded([(key[0][0], key[1]) for key in distinct])),
        unit=_where_named(prompt, coded([(key[0], key[1]) for key in distinct])),
        samples=samples,
        lineup=filled(conditions if ranks else [()] * len(distinct)),
        is_gold=np.zeros(len(distinct), dtype=bool),
    )
    return trials, trial_of + 1


def _items(items: Iterable[Hashable]) -> Ints:
    """Return a number from 1 for each item named, which conditions share; 0 where none is."""
    codes: dict[Hashable, int] = {}
    numbers = (codes.setdefault(one, len(codes) + 1) if isinstance(one, str) else 0 for one in items)
    return np.array(list(numbers), dtype=np.int64)


def _where_named(prompt: Ints, codes: Ints) -> Ints:
    """Return codes, or where the file names no item another number below 0 for each."""
    return np.where(prompt > 0, codes, -1 - np.arange(len(codes)))


def _samples(slots: Sequence[Sequence[Hashable]]) -> Ints:
    """Return a number from 1 for what each slot shows."""
    codes: dict[Hashable, int] = {}
    return filled([[codes.setdefault(one, len(codes) + 1) for one in row] for row in slots])


def _sessions(votes: Sequence[ForeignVote]) -> tuple[SessionColumns, Ints]:
    """Return the sessions, a rater's whole or as the file divides it, and each vote's."""
    keys = [(vote.rater, vote.session) for vote in votes]
    session_of = coded(keys)
    _, first = np.unique(session_of, return_index=True)
    rater = coded([vote.rater for vote in votes]) + 1
    groups = [votes[place].stratum for place in first.tolist()]
    strata = ("", *sorted(set(groups) - {""}))
    sessions = SessionColumns(
        id=np.arange(1, len(first) + 1),
        rater=rater[first],
        stratum=np.array([strata.index(name) for name in groups], dtype=np.int64),
        strata=strata,
        panel=np.zeros(len(first), dtype=np.int64),
        panels=(ELSEWHERE,),
        device=np.full(len(first), -1),
        simulated=np.array([votes[place].simulated for place in first.tolist()], dtype=bool),
    )
    return sessions, session_of + 1


def _positions(votes: Sequence[ForeignVote], session_of: Ints) -> Ints:
    """Return each vote's place in its session; -1 in sessions whose order the file does not tell.

    It tells where all votes of a session have a time, or a number, and no two of them the same: what order
    rows are in says nothing.
    """
    time = np.array([vote.received_at for vote in votes], dtype=np.float64)
    number = np.array([vote.sequence for vote in votes], dtype=np.float64)
    count = np.bincount(session_of)
    timed = (np.bincount(session_of, time > 0) == count)[session_of]
    numbered = (np.bincount(session_of, np.isfinite(number)) == count)[session_of]
    time, number = np.where(timed, time, 0.0), np.where(numbered, number, 0.0)
    order = np.lexsort((number, time, session_of))
    begins = np.flatnonzero(np.r_[True, np.diff(session_of[order]) != 0])
    place = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
    alike = (place > 0) & (np.diff(time[order], prepend=-1) == 0) & (np.diff(number[order], prepend=-1) == 0)
    told = (timed | numbered) & (np.bincount(session_of[order], alike) == 0)[session_of]
    found = np.empty(len(order), dtype=np.int64)
    found[order] = place
    return np.where(told, found, -1)


def _votes(
    votes: Sequence[ForeignVote],
    trial_of: Ints,
    sessions: SessionColumns,
    session_of: Ints,
    questions: tuple[str, ...],
    protocol: Protocol,
) -> VoteColumns:
    """Return the votes' columns but for answers and places, which depend on slots."""
    count = len(votes)
    no, none = np.zeros(count, dtype=bool), np.zeros(count, dtype=np.int64)
    unsaid = np.full((count, len(questions)), NO_ANSWER, dtype=np.int16)
    return VoteColumns(
        questions=questions,
        names_slots=protocol.names_slots,
        vote=np.arange(1, count + 1),
        session=session_of,
        rater=sessions.rater[session_of - 1],
        trial=trial_of,
        position=_positions(votes, session_of),
        handed_at=none,
        received_at=np.array([vote.received_at for vote in votes], dtype=np.int64),
        response_ms=np.array([vote.response_ms for vote in votes]),
        outcome=np.zeros(count, dtype=np.int16),
        answers=unsaid,
        expected=unsaid,
        order=np.zeros((count, 0), dtype=np.int16),
        is_repeat=no,
        is_gold=no,
        late=no,
        spoilt=no,
        simulated=np.array([vote.simulated for vote in votes], dtype=bool),
        screened_out=no,
        block=none - 1,
        frames=none,
        frame_ms=np.zeros(count),
    )


def _answers(shown: Sequence[_Shown]) -> Smalls:
    answers = [[NO_ANSWER if one is None else one for one in row.answers] for row in shown]
    return np.array(answers, dtype=np.int16).reshape(len(shown), -1)


def _orders(shown: Sequence[_Shown], protocol: Protocol, sides: Sides) -> Smalls:
    """Return the slot at each place where the file tells; else no places at all.

    A vote on one image has one place. Of several, a file tells no more than the sides of a pair.
    """
    if protocol.name in {"real_or_fake", "likert"}:
        return np.zeros((len(shown), 1), dtype=np.int16)
    if not sides.known:
        return np.zeros((len(shown), 0), dtype=np.int16)
    nowhere = (-1, -1)
    return np.array([one.order if len(one.order) == 2 else nowhere for one in shown], dtype=np.int16)


def rater_names(votes: Sequence[ForeignVote]) -> list[tuple[str, str]]:
    """Return what a report calls each rater, and what the file does, as they first come."""
    names = dict.fromkeys(vote.rater for vote in votes)
    return [(f"r{number}", name) for number, name in enumerate(names, start=1)]
