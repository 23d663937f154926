"""Several conditions put in order."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest

from humaneval.protocols.base import AnswerError
from humaneval.protocols.orders import code_of, order_of
from humaneval.protocols.ranking import Ranking
from tests.protocols.designs import design

PROTOCOL = Ranking()
QUESTION = PROTOCOL.default_questions[0]
BEST_WORST = {"mode": "best_worst"}


@pytest.mark.parametrize("count", [3, 4, 7])
def test_every_order_has_a_code_of_its_own_and_comes_back(count):
    codes = [code_of(order) for order in permutations(range(count))]
    assert codes == list(range(len(codes)))
    assert max(codes) < 2**15
    assert all(code_of(order_of(code, count)) == code for code in codes)


def test_what_is_no_order_has_no_code():
    with pytest.raises(ValueError, match="not an order of 0 to 2"):
        code_of([0, 0, 1])
    with pytest.raises(ValueError, match="6 is not the code of an order of 3"):
        order_of(6, 3)


def test_each_trial_shows_different_conditions_in_its_lineup():
    plan = design(PROTOCOL, real=1, generated=4, images=3)
    owner = {sample: c.id for c in plan.conditions for sample in c.samples.tolist()}
    for trial in PROTOCOL.trials(plan):
        assert [owner[slot[0]] for slot in trial.slots] == list(trial.lineup)
        assert len(set(trial.lineup)) == 3
        assert (trial.condition, trial.other) == trial.lineup[:2]


def test_each_condition_stands_equally_often_at_each_place_beside_changing_neighbours():
    plan = design(PROTOCOL, real=0, generated=5, trials=10_000, images=4)
    seen, orders = Counter(), set()
    for trial in PROTOCOL.trials(plan):
        shown = [trial.lineup[(place + trial.turn) % 4] for place in range(4)]
        seen.update((condition, place) for place, condition in enumerate(shown))
        orders.add(tuple(shown))
    assert len(seen) == 5 * 4
    assert max(seen.values()) - min(seen.values()) <= 5
    assert len(orders) == 5 * 24


def test_all_images_are_of_one_prompt():
    plan = design(PROTOCOL, prompts=5, images=3)
    prompt_of = {
        s: p for c in plan.conditions for s, p in zip(c.samples.tolist(), c.prompts.tolist(), strict=True)
    }
    for trial in PROTOCOL.trials(plan):
        assert {prompt_of[slot[0]] for slot in trial.slots} == {trial.prompt}


def test_an_order_of_places_becomes_the_code_of_an_order_of_slots():
    value = PROTOCOL.decode(QUESTION, [2, 0, 1], [1, 2, 0], {})
    assert order_of(value, 3) == (0, 1, 2)
    assert PROTOCOL.ordered_slots(value, 3, {}) == (0, 1, 2)


def test_best_and_worst_are_enough_where_only_they_are_asked():
    value = PROTOCOL.decode(QUESTION, [3, 0], [1, 2, 3, 0], BEST_WORST)
    assert PROTOCOL.ordered_slots(value, 4, BEST_WORST) == (0, 1)


@pytest.mark.parametrize("shown", [[0, 1], [0, 1, 1], [0, 1, 3], "012", 0, None, [0, 1, True], [0, 1, 2, 3]])
def test_it_refuses_any_other_answer(shown):
    with pytest.raises(AnswerError, match="the answer"):
        PROTOCOL.decode(QUESTION, shown, [0, 1, 2], {})


def test_too_few_sets_and_no_common_prompt_are_problems():
    [problem] = PROTOCOL.problems(design(PROTOCOL, real=0, generated=3))
    assert problem.startswith("A ranking of 4 images needs 4 sample sets; the study has 3.")
