"""The simulation behind docs/capacity.md gives what queueing theory gives where that has an answer."""

from __future__ import annotations

import pytest

from tests.benchmarks.queueing import (
    FULL,
    PEAK,
    Cost,
    Costs,
    Sitting,
    Size,
    cores_for,
    simulate,
    work_of_a_sitting,
)

NOTHING = Cost(0, 0)
ONLY_VOTES = Costs(NOTHING, NOTHING, Cost(0.01, 0), NOTHING)
COSTS = Costs(Cost(0.02, 0.01), Cost(0.02, 0.01), Cost(0.01, 0.004), Cost(0.002, 0))
ONE_VOTE = Sitting(blocks=1, votes=1, pictures=0, pause=0)


def test_one_core_at_70_percent_keeps_votes_as_long_as_m_m_1_says():
    seen = simulate(ONLY_VOTES, Size(1, 1), ONE_VOTE, seconds=700, arrivals=70, seed=1)
    assert seen.web == pytest.approx(0.7, abs=0.02)
    assert sum(seen.waits) / seen.votes == pytest.approx(0.01 / (1 - 0.7), rel=0.08)
    assert seen.wait(0.5) < seen.wait(0.99)


def test_four_cores_at_75_percent_keep_votes_as_long_as_erlang_says():
    seen = simulate(ONLY_VOTES, Size(4, 1), ONE_VOTE, seconds=160, arrivals=300, seed=2)
    # Erlang C for four servers at an offered load of 3: half of them wait (0.5094), 1 / (400 - 300) s long.
    assert sum(seen.waits) / seen.votes == pytest.approx(0.01 + 0.5094 / 100, rel=0.08)


def test_raters_who_never_pause_vote_as_fast_as_the_slowest_part_lets_them():
    costs = Costs(NOTHING, NOTHING, Cost(0.01, 0.004), NOTHING)
    seen = simulate(costs, Size(2, 1), Sitting(pause=0), seconds=200, raters=64, seed=3)
    assert seen.rate == pytest.approx(200, rel=0.03)
    assert seen.web == pytest.approx(1, abs=0.02)


def test_a_lone_rater_who_never_pauses_keeps_one_part_busy_at_a_time():
    costs = Costs(NOTHING, NOTHING, Cost(0.01, 0.01), NOTHING)
    seen = simulate(costs, Size(2, 2), Sitting(pause=0), seconds=400, raters=1, seed=4)
    assert seen.rate == pytest.approx(50, rel=0.03)


def test_a_sitting_costs_the_sum_of_what_it_asks_for():
    work = work_of_a_sitting(COSTS, Sitting(blocks=2, votes=20, pictures=2))
    assert work.web == pytest.approx(0.02 + 2 * (0.02 + 20 * (0.01 + 2 * 0.002)))
    assert work.database == pytest.approx(0.01 + 2 * (0.01 + 20 * 0.004))


@pytest.mark.parametrize("raters_a_day", [100_000, 1_000_000])
def test_the_cores_that_are_asked_for_are_as_busy_as_they_may_be_in_the_busiest_hour(raters_a_day: int):
    sitting = Sitting(blocks=1, votes=5)
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
