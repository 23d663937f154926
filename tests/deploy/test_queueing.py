"""The simulation behind docs/capacity.md gives what queueing theory gives where that has an answer."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from humaneval.rating.handout import BLOCK as HANDED_OUT
from tests.benchmarks.queueing import (
    BLOCK,
    FULL,
    LEFT,
    PEAK,
    Cost,
    OneMachine,
    Sitting,
    Size,
    cores_for,
    simulate,
    work_of_a_sitting,
)
from tests.deploy.compose import ROOT

STEPS = ("page", "arrival", "block", "more", "picture", "vote", "end")
NOTHING = dict.fromkeys(STEPS, Cost())
ONLY_VOTES = NOTHING | {"vote": Cost(web=0.01)}
COSTS = NOTHING | {
    "arrival": Cost(0.02, 0.01),
    "more": Cost(0.02, 0.01),
    "vote": Cost(0.01, 0.004),
    "picture": Cost(0.002),
}
ONE_VOTE = Sitting(trials=1, pictures=0, pause=0)
NO_PAUSE = Sitting(pause=0)


def test_one_core_at_70_percent_keeps_votes_as_long_as_m_m_1_says():
    seen = simulate(ONLY_VOTES, Size(1, 1), ONE_VOTE, seconds=700, arrivals=70, seed=1)
    assert seen.web == pytest.approx(0.7, abs=0.02)
    assert sum(seen.waits) / seen.votes == pytest.approx(0.01 / (1 - 0.7), rel=0.08)
    assert seen.wait(0.5) < seen.wait(0.99)


def test_web_processes_at_75_percent_keep_votes_as_long_as_a_line_before_each_says():
    seen = simulate(ONLY_VOTES, Size(4, 1), ONE_VOTE, seconds=120, arrivals=300, seed=2)
    assert sum(seen.waits) / seen.votes == pytest.approx(0.01 / (1 - 0.75), rel=0.08)


def test_four_cores_of_a_database_at_75_percent_keep_votes_as_long_as_erlang_says():
    costs = NOTHING | {"vote": Cost(database=0.01)}
    seen = simulate(costs, Size(1, 4), ONE_VOTE, seconds=120, arrivals=300, seed=2)
    # Erlang C for four servers at an offered load of 3: half of them wait (0.5094), 1 / (400 - 300) s long.
    assert sum(seen.waits) / seen.votes == pytest.approx(0.01 + 0.5094 / 100, rel=0.08)


def test_two_raters_share_a_process_for_half_of_their_sittings():
    seen = simulate(ONLY_VOTES, OneMachine(2, processes=2), NO_PAUSE, seconds=600, raters=2, seed=3)
    # Sittings that share one take twice as long, and so two thirds of the time.
    assert seen.rate == pytest.approx((2 * 100 + 200) / 3, rel=0.04)


def test_raters_who_never_pause_vote_as_fast_as_the_slowest_part_lets_them():
    costs = NOTHING | {"vote": Cost(0.01, 0.004)}
    seen = simulate(costs, Size(2, 1), NO_PAUSE, seconds=200, raters=64, seed=3)
    assert seen.rate == pytest.approx(200, rel=0.03)
    assert seen.web == pytest.approx(1, abs=0.02)


def test_a_lone_rater_who_never_pauses_keeps_one_part_busy_at_a_time():
    costs = NOTHING | {"vote": Cost(0.01, 0.005, rater=0.003, idle=0.002)}
    for where in (Size(2, 2), OneMachine(2, processes=1)):
        seen = simulate(costs, where, NO_PAUSE, seconds=400, raters=1, seed=4)
        assert seen.rate == pytest.approx(50, rel=0.03)


def test_on_one_machine_the_raters_program_takes_its_share_of_the_cores():
    costs = NOTHING | {"vote": Cost(0.006, 0.006, rater=0.004)}
    seen = simulate(costs, OneMachine(2, processes=2), NO_PAUSE, seconds=200, raters=32, seed=5)
    assert seen.rate == pytest.approx(2 / 0.016, rel=0.03)
    assert seen.web == pytest.approx(0.006 / 0.016, rel=0.03)


def test_on_one_machine_others_programs_take_theirs():
    costs = NOTHING | {"vote": Cost(0.006, 0.004)}
    where = OneMachine(2, processes=2, others=0.8)
    seen = simulate(costs, where, NO_PAUSE, seconds=200, raters=32, seed=5)
    assert seen.rate == pytest.approx((2 - 0.8) / 0.01, rel=0.03)


def test_one_web_process_has_one_core_however_many_there_are():
    seen = simulate(ONLY_VOTES, OneMachine(4, processes=1), NO_PAUSE, seconds=200, raters=32, seed=6)
    assert seen.rate == pytest.approx(100, rel=0.03)


def test_work_that_costs_more_beside_busy_cores_is_done_the_slower_the_more_there_is():
    alone = NOTHING | {"vote": Cost(0.005)}
    lone, full = (
        simulate(ONLY_VOTES, OneMachine(2, 2), NO_PAUSE, alone=alone, seconds=200, raters=raters, seed=7).rate
        for raters in (1, 16)
    )
    assert (lone, full) == (pytest.approx(200, rel=0.03), pytest.approx(200, rel=0.03))


def test_a_sitting_costs_the_sum_of_what_it_asks_for():
    work = work_of_a_sitting(COSTS, Sitting(trials=40, pictures=2))
    assert work.web == pytest.approx(0.02 + 8 * 0.02 + 40 * (0.01 + 2 * 0.002))
    assert work.database == pytest.approx(0.01 + 8 * 0.01 + 40 * 0.004)


def test_raters_ask_for_trials_when_the_player_does():
    player = (ROOT / "frontend" / "rater" / "supply.js").read_text()
    assert re.search(rf"\bLOW_WATER = {LEFT - 1};", player), "one more is on the screen"
    assert BLOCK == HANDED_OUT
    steps = list(Sitting(trials=40, pictures=1).steps())
    assert Counter(steps) == {
        **{"page": 1, "arrival": 1, "block": 1, "end": 1},
        **{"more": 8, "picture": 40, "vote": 40},
    }
    assert steps[3:13].count("vote") == 4
    assert steps[11] == "more"


@pytest.mark.parametrize("raters_a_day", [100_000, 1_000_000])
def test_the_cores_that_are_asked_for_are_as_busy_as_they_may_be_in_the_busiest_hour(raters_a_day: int):
    sitting = Sitting(trials=5)
    size = cores_for(raters_a_day, COSTS, sitting)
    seen = simulate(COSTS, size, sitting, seconds=120, arrivals=PEAK * raters_a_day / 86_400, seed=5)
    assert seen.web < FULL + 0.05
    assert seen.wait(0.99) < 0.5


def test_the_same_seed_gives_the_same_numbers():
    first, second = (
        simulate(COSTS, Size(1, 1), Sitting(), seconds=60, arrivals=0.5, seed=7) for _ in range(2)
    )
    assert first == second
    assert first != simulate(COSTS, Size(1, 1), Sitting(), seconds=60, arrivals=0.5, seed=8)
