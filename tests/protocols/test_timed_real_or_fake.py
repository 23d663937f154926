"""One image for a moment: which exposures, and what counts as shown."""

from __future__ import annotations

from collections import Counter

import pytest

from humaneval.protocols.base import PastVote
from humaneval.protocols.exposures import ExposureError, Shown, frames_for
from humaneval.protocols.timed_real_or_fake import TimedRealOrFake
from tests.protocols.designs import design

PROTOCOL = TimedRealOrFake()
GOOD = {"frames": 30, "frame_ms": 16.7, "dropped": 0, "hidden_ms": 0}


def past(*answers: bool | None, block: int = 0, spoilt: bool = False) -> list[PastVote]:
    """Return earlier votes of one block."""
    return [PastVote({"exposure_ms": 500, "block": block}, correct, spoilt) for correct in answers]


def exposure(votes: list[PastVote], ahead: int = 0, **settings) -> int:
    return PROTOCOL.parameters(past=votes, ahead=ahead, seed=3, settings=settings)["exposure_ms"]


def test_the_next_exposure_follows_from_the_answers():
    assert exposure([]) == 500
    assert exposure(past(True, True)) == 480
    assert exposure(past(True, False)) == 520


def test_a_vote_without_an_answer_and_a_spoilt_one_steer_nothing():
    assert exposure(past(None, True)) == 490
    assert exposure(past(True, spoilt=True)) == 500
    assert exposure(past(True, spoilt=True), replace_spoilt=False) == 490


def test_each_block_is_a_staircase_of_its_own():
    first = past(*[True] * 10)
    parameters = PROTOCOL.parameters(past=first, ahead=0, seed=3, settings={"block_length": 10})
    assert parameters == {"exposure_ms": 500, "block": 1}


def test_constant_stimuli_show_each_exposure_once_a_round_in_changing_order():
    settings = {"method": "constant", "levels": 4}
    shown = [exposure([], ahead, **settings) for ahead in range(40)]
    assert set(shown) == {100, 215, 464, 1000}
    rounds = [tuple(shown[start : start + 4]) for start in range(0, 40, 4)]
    assert all(len(set(one)) == 4 for one in rounds)
    assert len(set(rounds)) > 3
    assert [exposure(past(*[True] * 8), ahead, **settings) for ahead in range(4)] == shown[8:12]


def test_a_staircase_looks_one_trial_ahead_and_constant_stimuli_at_all():
    assert PROTOCOL.look_ahead({}) == 1
    assert PROTOCOL.look_ahead({"method": "constant"}) is None
    assert PROTOCOL.page({})["lookahead"] == 1
    assert PROTOCOL.page({"method": "constant"})["lookahead"] == 0


def test_an_exposure_under_three_frames_is_refused_with_the_reason():
    assert frames_for(50, 1000 / 60) == 3
    assert frames_for(500, 1000 / 144) == 72
    with pytest.raises(ExposureError, match="40 ms is under 3 frames of a display that shows 60 frames"):
        frames_for(40, 1000 / 60)
    [problem] = PROTOCOL.problems(design(PROTOCOL, generated=1, shortest_ms=40))
    assert "40 ms is under 3 frames" in problem
    assert problem.endswith("Make the shortest exposure longer.")


def test_the_first_exposure_lies_between_the_others():
    [problem] = PROTOCOL.problems(design(PROTOCOL, generated=1, start_ms=90))
    assert problem.startswith("The first exposure (90 ms) must lie between the shortest (100 ms)")


@pytest.mark.parametrize(
    ("change", "spoilt"),
    [
        ({}, False),
        ({"frames": 31}, False),
        ({"frames": 32}, True),
        ({"frames": 28}, True),
        ({"dropped": 1}, True),
        ({"hidden_ms": 3}, True),
    ],
)
def test_lost_frames_a_hidden_page_and_a_wrong_length_spoil_a_trial(change, spoilt):
    assert PROTOCOL.is_spoilt({**GOOD, **change}, {"exposure_ms": 500}) is spoilt


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"frames": None}, "“frames”, a number from 0; got None"),
        ({"frames": 2}, "fewer than 3 do not count"),
        ({"frames": 30.5}, "whole number of frames"),
        ({"frame_ms": 0}, "refresh period above 0"),
        ({"dropped": True}, "“dropped”"),
        ({"hidden_ms": "0"}, "“hidden_ms”"),
    ],
)
def test_timings_that_do_not_say_what_was_shown_are_refused(change, reason):
    with pytest.raises(ExposureError, match=reason):
        Shown.read({**GOOD, **change})


def test_it_advises_whole_sessions_and_warns_of_a_rule_that_drifts():
    plan = design(PROTOCOL, generated=1, samples=200)
    [advice] = PROTOCOL.advice(plan)
    assert advice.endswith("set the trials of one rater to 450.")
    drifting = design(PROTOCOL, generated=1, samples=200, rule="published_literal")
    assert "drifts to the shortest exposure" in PROTOCOL.advice(drifting)[1]


def test_trials_are_those_of_real_or_fake():
    counts = Counter(trial.condition for trial in PROTOCOL.trials(design(PROTOCOL, generated=1)))
    assert counts == {1: 60, 51: 60}
