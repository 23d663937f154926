"""Two conditions side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from humaneval.protocols.base import BOTH_BAD, BOTH_GOOD, TIE, AnswerError
from humaneval.protocols.pairwise import Pairwise
from tests.protocols.designs import condition, design

PROTOCOL = Pairwise()
QUESTION = PROTOCOL.default_questions[0]


@pytest.mark.parametrize("trials", [60, 61, 100])
def test_every_pair_comes_equally_often_with_balanced_sides(trials):
    made = list(PROTOCOL.trials(design(PROTOCOL, real=0, generated=4, trials=trials)))
    counts = Counter((trial.condition, trial.other) for trial in made)
    assert len(counts) == 6
    assert max(counts.values()) - min(counts.values()) <= 1
    assert abs(2 * sum(trial.turn for trial in made) - trials) <= 1
    for pair, count in counts.items():
        flipped = sum(t.turn for t in made if (t.condition, t.other) == pair)
        assert abs(2 * flipped - count) <= 1


def test_both_images_are_of_the_same_prompt_and_prompts_come_evenly():
    plan = design(PROTOCOL, real=0, generated=3, prompts=5, trials=150)
    prompt_of = {
        s: p for c in plan.conditions for s, p in zip(c.samples.tolist(), c.prompts.tolist(), strict=True)
    }
    made = list(PROTOCOL.trials(plan))
    for trial in made:
        assert {prompt_of[slot[0]] for slot in trial.slots} == {trial.prompt}
    counts = Counter((trial.condition, trial.other, trial.prompt) for trial in made)
    assert set(counts.values()) == {10}


def test_only_shared_prompts_are_asked():
    conditions = (
        condition(1, "generated", 12, prompts=4, first_prompt=1),
        condition(2, "generated", 12, prompts=4, first_prompt=3),
    )
    plan = replace(design(PROTOCOL), conditions=conditions)
    assert PROTOCOL.problems(plan) == []
    assert {trial.prompt for trial in PROTOCOL.trials(plan)} == {3, 4}


def test_sets_without_a_common_prompt_are_a_problem_that_names_them():
    conditions = (
        condition(1, "generated", 12, prompts=4, first_prompt=1),
        condition(2, "generated", 12, prompts=4, first_prompt=11),
    )
    plan = replace(design(PROTOCOL), conditions=conditions)
    [problem] = PROTOCOL.problems(plan)
    assert problem.startswith("“set 1” and “set 2” have no prompt in common: import samples of the same")
    assert PROTOCOL.problems(replace(plan, settings={"match_prompts": False})) == []


def test_a_set_without_prompts_meets_the_others_unprompted():
    conditions = (
        condition(1, "generated", 12, prompts=4),
        condition(2, "generated", 12, prompts=4),
        condition(3, "generated", 12),
    )
    plan = replace(design(PROTOCOL), conditions=conditions)
    assert PROTOCOL.problems(plan) == []
    for trial in PROTOCOL.trials(plan):
        assert (trial.prompt is None) == (trial.other == 3)


def test_one_set_alone_is_a_problem():
    assert PROTOCOL.problems(design(PROTOCOL, real=0, generated=1)) == [
        "Pairwise comparison needs at least 2 sample sets: add another one."
    ]


def test_it_decodes_the_place_chosen_into_the_slot_preferred():
    assert PROTOCOL.decode(QUESTION, 0, [1, 0], {}) == 1
    assert PROTOCOL.decode(QUESTION, 0, [0, 1], {}) == 0


def test_a_tie_is_an_answer_only_where_it_is_offered():
    assert PROTOCOL.decode(QUESTION, "tie", [1, 0], {"allow_tie": True}) == TIE
    with pytest.raises(AnswerError, match=r"0 or 1; got 'tie'"):
        PROTOCOL.decode(QUESTION, "tie", [1, 0], {"allow_tie": False})
    with pytest.raises(AnswerError, match='0, 1 or "tie"'):
        PROTOCOL.decode(QUESTION, 2, [1, 0], {"allow_tie": True})
    assert PROTOCOL.page({"allow_tie": True})["tie"] is True


def test_the_prompt_can_be_hidden():
    assert PROTOCOL.page({})["show_prompt"] is True
    assert PROTOCOL.page({"show_prompt": False})["show_prompt"] is False


def test_grids_of_one_prompt_meet():
    plan = design(PROTOCOL, real=0, generated=3, samples=40, prompts=5, trials=30, grid_size=8)
    assert PROTOCOL.problems(plan) == []
    prompt_of = {
        s: p for c in plan.conditions for s, p in zip(c.samples.tolist(), c.prompts.tolist(), strict=True)
    }
    for trial in PROTOCOL.trials(plan):
        assert [len(set(slot)) for slot in trial.slots] == [8, 8]
        assert {prompt_of[sample] for slot in trial.slots for sample in slot} == {trial.prompt}
    page = PROTOCOL.page({"grid_size": 8})
    assert (page["grid_size"], page["columns"]) == (8, 3)


def test_only_prompts_with_enough_images_fill_grids():
    few = condition(1, "generated", 10, prompts=4)
    plan = replace(design(PROTOCOL, grid_size=3), conditions=(few, condition(2, "generated", 40, prompts=4)))
    assert {trial.prompt for trial in PROTOCOL.trials(plan)} == {1, 2}
    [problem] = PROTOCOL.problems(replace(plan, settings={"grid_size": 4}))
    assert problem.startswith("“set 1” and “set 2” have too few samples, or no prompt with enough of them")
    assert "a grid of 4 of each" in problem


def test_answers_that_prefer_neither_are_told_apart_and_offered_one_by_one():
    every = {"allow_tie": True, "allow_both_good": True, "allow_both_bad": True}
    words = ["tie", "both_good", "both_bad"]
    assert [PROTOCOL.decode(QUESTION, word, [0, 1], every) for word in words] == [TIE, BOTH_GOOD, BOTH_BAD]
    assert PROTOCOL.page(every)["answers"] == words
    assert PROTOCOL.page({"allow_both_bad": True})["answers"] == ["both_bad"]
    with pytest.raises(AnswerError, match='0, 1 or "both_bad"'):
        PROTOCOL.decode(QUESTION, "both_good", [0, 1], {"allow_both_bad": True})


def test_several_questions_stand_on_one_screen():
    questions = (QUESTION, replace(QUESTION, key="alignment", text="Which fits the prompt better?"))
    assert PROTOCOL.problems(replace(design(PROTOCOL), questions=questions)) == []
