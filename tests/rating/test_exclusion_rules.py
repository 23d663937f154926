"""What each rule leaves out, told from facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from humaneval.rating.exclusions.facts import VoteFacts
from humaneval.rating.exclusions.rules import RULES

_ids = count(1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def vote(**fields) -> VoteFacts:
    """Return a vote that no rule minds."""
    number = next(_ids)
    plain = VoteFacts(
        vote_id=number,
        session_id=1,
        trial_id=number,
        position=number,
        is_repeat=False,
        simulated=False,
        screened_out=False,
        handed_at=NOON,
        received_at=NOON + timedelta(minutes=30),
        late=False,
        spoilt=False,
        response_ms=1000,
        answers={"real": 0},
        pressed=(0,),
        expected=None,
    )
    return replace(plain, **fields)


def left_out(rule: str, votes: list[VoteFacts], **settings: float) -> dict[int, str]:
    """Return what a rule leaves out."""
    return RULES[rule].apply(votes, RULES[rule].filled(settings))


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
    bad = [vote(session_id=1, expected={"real": 1}), vote(session_id=1, expected={"real": 1}), vote()]
    good = [vote(session_id=2, expected={"real": 0}) for _ in range(2)]
    reasons = left_out("failed_gold", bad + good)
    assert set(reasons) == {one.vote_id for one in bad}
    assert set(reasons.values()) == {"0 of 2 gold trials right; 70% are asked for."}


def test_nobody_is_judged_by_one_gold_trial_or_by_one_that_was_not_answered():
    unanswered = [vote(expected={"real": 1}, answers={}, pressed=()) for _ in range(5)]
    assert left_out("failed_gold", [*unanswered, vote(expected={"real": 1})]) == {}


def repeated(session: int, *, alike: int, other: int) -> list[VoteFacts]:
    """Return a session whose repeats were so often answered as before, and so often otherwise."""
    firsts = [vote(session_id=session) for _ in range(alike + other)]
    again = [
        replace(
            vote(session_id=session), trial_id=one.trial_id, is_repeat=True, answers={"real": number >= alike}
        )
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
    line = [vote(session_id=1, position=position, pressed=(1,)) for position in range(20)]
    broken = [vote(session_id=2, position=position, pressed=(position == 10,)) for position in range(20)]
    shuffled = line[::-1] + broken
    assert set(left_out("straight_lining", shuffled)) == {one.vote_id for one in line}


def test_settings_are_checked():
    assert RULES["too_fast"].problems({"percent_of_median": 30}) == []
    (unknown,) = RULES["too_fast"].problems({"seconds": 1})
    assert "has no setting “seconds”; it has percent_of_median, fewest" in unknown
    for wrong in (0, 101, "30", True, None):
        assert len(RULES["too_fast"].problems({"percent_of_median": wrong})) == 1
