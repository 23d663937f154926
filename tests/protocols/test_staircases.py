"""Staircases come to rest where they say: shown with simulated observers."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.protocols.staircases import CHANCE, RULES, Staircase, StaircaseRule

THRESHOLD_MS, SLOPE_MS = 2000.0, 250.0


def percent_correct(exposure: float) -> float:
    """Return an observer's share correct: half by guessing, rising around the threshold."""
    return CHANCE + (1 - CHANCE) / (1 + np.exp(-(exposure - THRESHOLD_MS) / SLOPE_MS))


def track(rule: StaircaseRule, *, trials: int, shortest: int = 10, longest: int = 9000, seed: int = 1):
    """Return the exposures and answers of one observer on one staircase."""
    random, answers = np.random.default_rng(seed), []
    stairs = Staircase(rule, int(THRESHOLD_MS), shortest, longest)
    exposures = []
    state = [stairs.start_ms, 0]
    for _ in range(trials):
        exposures.append(state[0])
        answers.append(bool(random.random() < percent_correct(state[0])))
        state = step(rule, state, answers[-1], shortest, longest)
    assert exposures[-1] == stairs.next_exposure(answers[:-1])
    return np.array(exposures), np.array(answers)


def step(rule, state, correct, shortest, longest):
    """Advance one trial by the rule's definition, independently of the code under test."""
    exposure, run = state
    if not correct:
        return [min(longest, exposure + rule.up_ms), 0]
    if run + 1 == rule.run:
        return [max(shortest, exposure - rule.down_ms), 0]
    return [exposure, run + 1]


def test_the_documented_targets_follow_from_the_steps():
    targets = {name: round(100 * rule.target, 1) for name, rule in RULES.items()}
    assert targets == {
        "weighted": 75.0,
        "two_down": 70.7,
        "three_down": 79.4,
        "published_runs": 63.0,
        "published_literal": 25.0,
    }


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.converges])
def test_every_rule_whose_target_lies_above_chance_converges_where_it_says(name):
    exposures, answers = track(RULES[name], trials=30_000)
    settled = slice(1000, None)
    assert answers[settled].mean() == pytest.approx(RULES[name].target, abs=0.012)
    at_target = THRESHOLD_MS + SLOPE_MS * np.log((RULES[name].target - CHANCE) / (1 - RULES[name].target))
    assert np.median(exposures[settled]) == pytest.approx(at_target, abs=0.25 * SLOPE_MS)
    assert exposures[settled].min() > 10


def test_the_literal_reading_drifts_to_its_floor_even_for_who_needs_long():
    rule = RULES["published_literal"]
    assert not rule.converges
    exposures, _answers = track(rule, trials=2000, shortest=100, longest=9000)
    assert exposures[500:].mean() < 130
    assert np.mean(exposures[500:] == 100) > 0.4


def test_the_default_is_a_rule_that_does_not_drift():
    assert RULES[next(iter(RULES))].converges


def test_exposures_stay_between_the_shortest_and_the_longest():
    stairs = Staircase(RULES["weighted"], 500, 100, 600)
    assert stairs.next_exposure([]) == 500
    assert stairs.next_exposure([False] * 10) == 600
    assert stairs.next_exposure([True] * 100) == 100


def test_a_run_is_counted_anew_after_each_change():
    stairs = Staircase(RULES["three_down"], 500, 100, 1000)
    assert [stairs.next_exposure([True] * count) for count in range(7)] == [500, 500, 500, 480, 480, 480, 460]
    assert stairs.next_exposure([True, True, False, True, True]) == 520


@pytest.mark.parametrize("name", RULES)
def test_simulated_observers_walk_as_the_rule_says(name):
    stairs = Staircase(RULES[name], 300, 100, 420)
    drawn = np.random.default_rng(3).random((200, 5))

    def chance(exposure):
        return np.clip(exposure / 500, 0.0, 1.0)

    shown = stairs.walk(chance, observers=5, trials=200, random=np.random.default_rng(3))
    correct = drawn < chance(shown)
    for observer in range(5):
        answers = correct[:, observer].tolist()
        expected = [stairs.next_exposure(answers[:trial]) for trial in range(200)]
        assert shown[:, observer].tolist() == expected
