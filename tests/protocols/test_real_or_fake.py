"""One image: real or fake?"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from humaneval.protocols.base import AnswerError
from humaneval.protocols.real_or_fake import RealOrFake
from tests.protocols.designs import design

PROTOCOL = RealOrFake()
QUESTION = PROTOCOL.default_questions[0]


@pytest.mark.parametrize("trials", [120, 121])
def test_half_are_real_and_the_rest_each_generated_set_equally(trials):
    counts = Counter(trial.condition for trial in PROTOCOL.trials(design(PROTOCOL, trials=trials)))
    real = counts.pop(1)
    assert abs(2 * real - trials) <= 1
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_trial_has_one_slot_and_no_prompt():
    for trial in PROTOCOL.trials(design(PROTOCOL, prompts=3)):
        assert len(trial.slots) == 1
        assert (trial.other, trial.prompt) == (None, None)


def test_answers_are_words():
    assert PROTOCOL.decode(QUESTION, "real", [0], {}) == 1
    assert PROTOCOL.decode(QUESTION, "fake", [0], {}) == 0


@pytest.mark.parametrize("shown", [1, 0, True, "Real", None, ["real"]])
def test_it_refuses_any_other_answer(shown):
    with pytest.raises(AnswerError, match='"real" or "fake"'):
        PROTOCOL.decode(QUESTION, shown, [0], {})


def test_judged_real_is_the_success_and_a_wrong_answer_the_error():
    values, real = np.array([1, 0, 1, 0]), np.array([False, False, True, True])
    assert PROTOCOL.successes(values, real).tolist() == [True, False, True, False]
    assert PROTOCOL.errors(values, real).tolist() == [True, False, False, True]


def test_it_advises_fewer_trials_where_images_would_come_again():
    [advice] = PROTOCOL.advice(design(PROTOCOL, generated=3, samples=20, trials=60))
    assert advice.startswith("“set 1” has 20 samples for 30 trials")


@pytest.mark.parametrize("share", [10, 30, 50, 90])
def test_the_share_of_real_images_is_as_set_and_told_only_on_request(share):
    plan = design(PROTOCOL, trials=400, share_real=share)
    real = sum(trial.condition == 1 for trial in PROTOCOL.trials(plan))
    assert real == 4 * share
    assert PROTOCOL.page({"share_real": share})["share_real"] == share
    assert PROTOCOL.page({"share_real": share, "disclose_share": False})["share_real"] is None


def test_chance_is_known_only_where_half_are_real():
    assert PROTOCOL.chance({}) == 0.5
    assert PROTOCOL.chance({"share_real": 30}) is None


def test_a_hundred_images_in_a_row_hold_fifty_real_ones_as_hype_has_it():
    made = list(PROTOCOL.trials(design(PROTOCOL, samples=200, trials=1000)))
    for start in range(0, 1000, 100):
        assert sum(trial.condition == 1 for trial in made[start : start + 100]) == 50
