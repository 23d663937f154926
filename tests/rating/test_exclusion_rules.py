"""What each rule leaves out, told from facts alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest

from humaneval.rating.exclusions.rules import RULES
from humaneval.rating.vote_columns import NO_ANSWER, VoteColumns

_ids = count(1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Vote:
    """One vote, by default one that no rule minds."""

    vote_id: int = field(default_factory=lambda: next(_ids))
    session_id: int = 1
    trial_id: int = 0
    position: int = 0
    is_repeat: bool = False
    simulated: bool = False
    screened_out: bool = False
    handed_at: datetime = NOON
    received_at: datetime = NOON + timedelta(minutes=30)
    late: bool = False
    spoilt: bool = False
    response_ms: float = 1000
    answer: int = 0
    expected: int = NO_ANSWER


def vote(**fields) -> Vote:
    """Return a vote that no rule minds."""
    number = next(_ids)
    return replace(Vote(trial_id=number, position=number), **fields)


def columns_of(votes: list[Vote]) -> VoteColumns:
    """Return votes of one question about two places, both in order of slots."""

    def column(name: str, kind: type = np.int64) -> np.ndarray:
        return np.array([getattr(one, name) for one in votes], dtype=kind)

    def moments(name: str) -> np.ndarray:
        return np.array([getattr(one, name).timestamp() * 1e6 for one in votes], dtype=np.int64)

    marks = {
        name: column(name, bool) for name in ("is_repeat", "late", "spoilt", "simulated", "screened_out")
    }
    expected = column("expected", np.int16)[:, None]
    return VoteColumns(
        questions=("real",),
        names_slots=True,
        vote=column("vote_id"),
        session=column("session_id"),
        rater=column("session_id"),
        trial=column("trial_id"),
        position=column("position"),
        handed_at=moments("handed_at"),
        received_at=moments("received_at"),
        response_ms=column("response_ms", float),
        outcome=np.zeros(len(votes), np.int16),
        answers=column("answer", np.int16)[:, None],
        expected=expected,
        order=np.tile(np.array([0, 1], np.int16), (len(votes), 1)),
        is_gold=expected[:, 0] != NO_ANSWER,
        block=np.full(len(votes), -1),
        frames=np.zeros(len(votes), np.int64),
        frame_ms=np.zeros(len(votes)),
        **{name: column(name, bool) for name in marks},
    )


def left_out(rule: str, votes: list[Vote], **settings: float) -> dict[int, str]:
    """Return what a rule leaves out."""
    return RULES[rule].apply(columns_of(votes), RULES[rule].filled(settings))


@pytest.mark.parametrize(
    ("rule", "mark"),
    [
        ("simulated", "simulated"),
        ("late", "late"),
        ("spoilt_exposure", "spoilt"),
        ("failed_qualification", "screened_out"),
    ],
)
def test_marked_votes_are_left_out_and_no_others(rule: str, mark: str):
    marked, plain = vote(**{mark: True}), vote()
    assert list(left_out(rule, [marked, plain])) == [marked.vote_id]


def test_too_fast_is_told_from_the_study_s_own_typical_time():
    slow_study = [vote(response_ms=4000) for _ in range(30)] + [vote(response_ms=1000)]
    quick_study = [vote(response_ms=900) for _ in range(30)] + [vote(response_ms=1000)]
    assert left_out("too_fast", slow_study) == {
        slow_study[-1].vote_id: "Answered in 1000 ms; the study's limit is 1200 ms."
    }
    assert left_out("too_fast", quick_study) == {}


def test_a_time_that_nobody_knows_does_not_switch_the_limit_off():
    votes = [vote(response_ms=4000) for _ in range(30)]
    votes += [vote(response_ms=1000), vote(response_ms=float("nan"))]
    assert list(left_out("too_fast", votes)) == [votes[30].vote_id]


def test_nobody_is_too_fast_before_there_is_a_typical_time():
    votes = [vote(response_ms=4000) for _ in range(10)] + [vote(response_ms=1)]
    assert left_out("too_fast", votes) == {}
    assert len(left_out("too_fast", votes, fewest=10)) == 1


def test_what_nobody_can_do_is_left_out_even_where_everybody_does_it():
    script = [vote(response_ms=40) for _ in range(50)]
    assert left_out("too_fast", script) == {}
    assert set(left_out("impossibly_fast", script).values()) == {
        "Answered in 40 ms; nobody can in under 100 ms."
    }
    assert left_out("impossibly_fast", [vote(response_ms=101)]) == {}


def test_a_script_that_makes_up_its_times_is_left_out_whole():
    handed, sent = NOON + timedelta(minutes=5), NOON + timedelta(minutes=5, seconds=3)
    honest = [vote(session_id=1) for _ in range(10)]
    script = [vote(session_id=1, handed_at=handed, received_at=sent, response_ms=900) for _ in range(10)]
    other = [vote(session_id=2, handed_at=handed, received_at=sent, response_ms=290) for _ in range(10)]
    reasons = left_out("impossibly_fast", honest + script + other)
    assert set(reasons) == {one.vote_id for one in honest + script}
    assert set(reasons.values()) == {"Says to have taken 9.0 s over 10 answers that came within 3.0 s."}
    assert left_out("impossibly_fast", script, grace_s=6) == {}


def test_a_block_that_was_answered_offline_and_sent_at_once_is_no_script():
    received = NOON + timedelta(seconds=20)
    assert (
        left_out("impossibly_fast", [vote(response_ms=1900, received_at=received) for _ in range(10)]) == {}
    )


def test_programs_do_not_set_the_typical_time_of_people():
    programs = [vote(response_ms=5, simulated=True) for _ in range(90)]
    people = [vote(response_ms=1000) for _ in range(30)]
    assert set(left_out("too_fast", programs + people)) == {one.vote_id for one in programs}


def test_a_session_that_fails_its_gold_trials_is_left_out_whole():
    bad = [vote(session_id=1, expected=1), vote(session_id=1, expected=1), vote()]
    good = [vote(session_id=2, expected=0) for _ in range(2)]
    reasons = left_out("failed_gold", bad + good)
    assert set(reasons) == {one.vote_id for one in bad}
    assert set(reasons.values()) == {"0 of 2 gold trials right; 70% are asked for."}


def test_nobody_is_judged_by_one_gold_trial_or_by_one_that_was_not_answered():
    unanswered = [vote(expected=1, answer=NO_ANSWER) for _ in range(5)]
    assert left_out("failed_gold", [*unanswered, vote(expected=1)]) == {}


def repeated(session: int, *, alike: int, other: int) -> list[Vote]:
    """Return a session whose repeats were so often answered as before, and so often otherwise."""
    firsts = [vote(session_id=session) for _ in range(alike + other)]
    again = [
        replace(vote(session_id=session), trial_id=one.trial_id, is_repeat=True, answer=int(number >= alike))
        for number, one in enumerate(firsts)
    ]
    return [*firsts, *again]


def test_a_session_that_contradicts_itself_is_left_out_whole():
    bad, good, short = (
        repeated(1, alike=1, other=3),
        repeated(2, alike=2, other=2),
        repeated(3, alike=0, other=2),
    )
    reasons = left_out("inconsistent_repeats", bad + good + short)
    assert set(reasons) == {one.vote_id for one in bad}
    assert "1 of 4 repeats answered alike" in reasons[bad[0].vote_id]


def test_neighbouring_points_of_a_scale_may_count_as_alike():
    votes = repeated(1, alike=0, other=4)
    assert left_out("inconsistent_repeats", votes, tolerance=1) == {}


def test_the_same_answer_on_screen_too_often_in_a_row_is_found_in_order_of_position():
    line = [vote(session_id=1, position=position, answer=1) for position in range(20)]
    broken = [vote(session_id=2, position=position, answer=int(position == 10)) for position in range(20)]
    shuffled = line[::-1] + broken
    assert set(left_out("straight_lining", shuffled)) == {one.vote_id for one in line}


def test_settings_are_checked():
    assert RULES["too_fast"].problems({"percent_of_median": 30}) == []
    (unknown,) = RULES["too_fast"].problems({"seconds": 1})
    assert "has no setting “seconds”; it has percent_of_median, fewest" in unknown
    for wrong in (0, 101, "30", True, None):
        assert len(RULES["too_fast"].problems({"percent_of_median": wrong})) == 1
