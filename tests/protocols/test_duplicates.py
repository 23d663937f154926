"""Pairs of images of one set: the same or not?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from humaneval.protocols.base import AnswerError
from humaneval.protocols.duplicates import Duplicates
from tests.protocols.designs import design

PROTOCOL = Duplicates()
QUESTION = PROTOCOL.default_questions[0]


def test_each_pair_is_one_trial_with_balanced_sides():
    plan = design(PROTOCOL, generated=2, samples=100, trials=101)
    made = list(PROTOCOL.trials(plan))
    assert {(t.condition, t.slots[0][0], t.slots[1][0]) for t in made} == {
        (pair.condition, pair.first, pair.second) for pair in plan.pairs
    }
    assert len(made) == 101
    assert abs(2 * sum(trial.turn for trial in made) - 101) <= 1


def test_pairs_do_not_come_in_the_order_of_their_batches():
    plan = design(PROTOCOL, samples=100, trials=60)
    firsts = [trial.slots[0][0] for trial in PROTOCOL.trials(plan)]
    assert firsts != [pair.first for pair in plan.pairs]


def test_the_number_of_trials_is_that_of_pairs():
    plan = replace(design(PROTOCOL, trials=10), trial_count=12)
    [problem] = PROTOCOL.problems(plan)
    assert problem == (
        "The study has 10 pairs and 12 trials: each pair is one trial, so set the number of trials to 10."
    )


def test_answers_are_words():
    assert PROTOCOL.decode(QUESTION, "same", [1, 0], {}) == 1
    assert PROTOCOL.decode(QUESTION, "different", [1, 0], {}) == 0
    with pytest.raises(AnswerError, match='"same" or "different"'):
        PROTOCOL.decode(QUESTION, 1, [1, 0], {})
