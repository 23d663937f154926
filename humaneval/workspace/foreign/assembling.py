"""From votes as other tools name things to a report's material: names become numbers, sides become slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from humaneval.protocols import registry
from humaneval.protocols.base import Protocol
from humaneval.protocols.orders import code_of
from humaneval.rating.vote_columns import NO_ANSWER, Ints, Smalls, VoteColumns
from humaneval.reports.loading import coded, filled
from humaneval.reports.material import Material, ScoreFacts, SessionColumns, TrialColumns
from humaneval.reports.results import ConditionFacts, QuestionFacts, StudyFacts
from humaneval.workspace.foreign.collecting import Collected, ForeignVote
from humaneval.workspace.foreign.problems import ForeignRefused, did_you_mean, listed

MOST_CONDITIONS = 500
MOST_POINTS_LABELLED = 21
ELSEWHERE = "elsewhere"
"""The panel of raters that no panel of ours brought."""


@dataclass(frozen=True)
class Wording:
    """What a file does not say of its study."""

    name: str
    slug: str
    protocol: str
    source: str
    real: Collection[str] = ()
    points: tuple[int, int] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Shown:
    """A vote in the order of slots: conditions by number, the slot at each place, answers by slot."""

    conditions: tuple[int, ...]
    order: tuple[int, ...]
    answers: tuple[int | None, ...]


def material_of(collected: Collected, wording: Wording) -> Material:
    """Return the material of votes from elsewhere. Raises :class:`ForeignRefused` where none can be made."""
    votes = collected.votes
    if not votes:
        raise ForeignRefused("No row of the file is a vote that can be read.")
    protocol = registry.get(wording.protocol)
    names = _condition_names(votes, wording.real)
    shown = [_in_slots(vote, names, wording.protocol) for vote in votes]
    trials, trial_of = _trials(votes, shown, ranks=protocol.analysis == "ranking")
    sessions, session_of = _sessions(votes)
    columns = _votes(votes, shown, trial_of, sessions, session_of, collected.questions, protocol)
    return Material(
        study=_study(wording, names, collected.questions, columns.answers, protocol),
        settings={"mode": "order"} if protocol.analysis == "ranking" else {},
        votes=columns,
        trials=trials,
        sessions=sessions,
        design={"source": wording.source},
    )


def with_scores(material: Material, scores: Sequence[ScoreFacts]) -> Material:
    """Return the material with automated scores beside its votes."""
    return replace(material, scores=tuple(scores))


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


def _in_slots(vote: ForeignVote, names: Mapping[str, int], protocol: str) -> _Shown:
    """Return a vote by slots: pairs and lineups stand in the order of their numbers, whatever was left.

    So two raters who saw a pair the other way round answered one trial, and their answers can agree.
    """
    on_screen = tuple(names[name] for name in vote.conditions)
    if protocol == "ranking":
        lineup = tuple(sorted(on_screen))
        return _Shown(lineup, tuple(range(len(lineup))), (code_of([lineup.index(one) for one in on_screen]),))
    if protocol == "pairwise" and on_screen[0] > on_screen[1]:
        turned = tuple(1 - one if one in (0, 1) else one for one in vote.answers)
        return _Shown(on_screen[::-1], (1, 0), turned)
    return _Shown(on_screen, tuple(range(len(on_screen))), vote.answers)


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
    trials = TrialColumns(
        id=ids,
        number=ids - 1,
        condition=np.array([key[0] for key in conditions], dtype=np.int64),
        other=np.array([key[1] if len(key) > 1 else 0 for key in conditions], dtype=np.int64),
        prompt=np.zeros(len(distinct), dtype=np.int64),
        category=np.array([categories.index(key[2]) for key in distinct], dtype=np.int64),
        categories=categories,
        item=coded([(key[0][0], key[1]) for key in distinct]),
        unit=coded([(key[0], key[1]) for key in distinct]),
        samples=samples,
        lineup=filled(conditions if ranks else [()] * len(distinct)),
        is_gold=np.zeros(len(distinct), dtype=bool),
    )
    return trials, trial_of + 1


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


def _positions(session_of: Ints, received_at: Ints) -> Ints:
    """Return each vote's place in its session: by time where there is one, else by row."""
    place: dict[int, int] = defaultdict(int)
    found = np.zeros(len(session_of), dtype=np.int64)
    for row in np.lexsort((np.arange(len(session_of)), received_at)).tolist():
        session = int(session_of[row])
        found[row] = place[session]
        place[session] += 1
    return found


def _votes(
    votes: Sequence[ForeignVote],
    shown: Sequence[_Shown],
    trial_of: Ints,
    sessions: SessionColumns,
    session_of: Ints,
    questions: tuple[str, ...],
    protocol: Protocol,
) -> VoteColumns:
    count = len(votes)
    received_at = np.array([vote.received_at for vote in votes], dtype=np.int64)
    no, none = np.zeros(count, dtype=bool), np.zeros(count, dtype=np.int64)
    answers = [[NO_ANSWER if one is None else one for one in row.answers] for row in shown]
    return VoteColumns(
        questions=questions,
        on_scale=protocol.uses_scale,
        vote=np.arange(1, count + 1),
        session=session_of,
        rater=sessions.rater[session_of - 1],
        trial=trial_of,
        position=_positions(session_of, received_at),
        handed_at=received_at,
        received_at=received_at,
        response_ms=np.array([vote.response_ms for vote in votes]),
        outcome=np.zeros(count, dtype=np.int16),
        answers=np.array(answers, dtype=np.int16).reshape(count, len(questions)),
        expected=np.full((count, len(questions)), NO_ANSWER, dtype=np.int16),
        order=_orders(shown, protocol),
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


def _orders(shown: Sequence[_Shown], protocol: Protocol) -> Smalls:
    """Return the slot at each place where the file tells: of pairs; else no places at all."""
    if protocol.analysis != "preference":
        return np.zeros((len(shown), 0), dtype=np.int16)
    return np.array([one.order for one in shown], dtype=np.int16)


def _study(
    wording: Wording,
    names: Mapping[str, int],
    questions: Sequence[str],
    answers: Smalls,
    protocol: Protocol,
) -> StudyFacts:
    kinds = {name: "real" if name in wording.real else "generated" for name in names}
    return StudyFacts(
        slug=wording.slug,
        name=wording.name,
        protocol=protocol.name,
        protocol_title=protocol.title,
        analysis=protocol.analysis,
        state="closed",
        seed=0,
        questions=[
            _question(key, wording, answers[:, place], protocol) for place, key in enumerate(questions)
        ],
        conditions=[ConditionFacts(number, name, kinds[name], name) for name, number in names.items()],
        chance=protocol.chance({}),
    )


def _question(key: str, wording: Wording, answers: Smalls, protocol: Protocol) -> QuestionFacts:
    default = protocol.default_questions[0].text if key == "answer" else key
    text = wording.texts.get(key, default)
    if not protocol.uses_scale:
        return QuestionFacts(key, text, 0, [])
    given = answers[answers != NO_ANSWER]
    low, high = wording.points or (min(1, int(given.min())), int(given.max()))
    if int(given.min()) < low or int(given.max()) > high:
        raise ForeignRefused(f"Answers run from {given.min()} to {given.max()}; --points says {low}-{high}.")
    if high - low >= MOST_POINTS_LABELLED:
        labels = [f"{start} to {min(start + 9, high)}" for start in range(low, high + 1, 10)]
        return QuestionFacts(key, text, high, labels, low)
    return QuestionFacts(key, text, high, [str(point) for point in range(low, high + 1)], low)
