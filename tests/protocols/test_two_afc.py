"""One real image beside one generated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from humaneval.protocols.base import AnswerError
from humaneval.protocols.two_afc import TwoAFC
from tests.protocols.designs import condition, design

PROTOCOL = TwoAFC()
QUESTION = PROTOCOL.default_questions[0]


def test_slot_0_is_generated_and_slot_1_real():
    assert all(trial.other == 1 and trial.condition > 50 for trial in PROTOCOL.trials(design(PROTOCOL)))


@pytest.mark.parametrize("trials", [90, 91, 97])
def test_conditions_come_equally_often_with_balanced_sides(trials):
    made = list(PROTOCOL.trials(design(PROTOCOL, trials=trials)))
    counts = Counter(trial.condition for trial in made)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert abs(2 * sum(trial.turn for trial in made) - trials) <= 1
    for name, count in counts.items():
        assert abs(2 * sum(t.turn for t in made if t.condition == name) - count) <= 1


def test_no_pair_comes_twice_while_there_are_others():
    made = list(PROTOCOL.trials(design(PROTOCOL, generated=1, samples=20, trials=200)))
    assert len({trial.slots for trial in made}) == 200


def test_it_decodes_the_place_chosen_into_the_slot_judged_real():
    assert PROTOCOL.decode(QUESTION, 0, [1, 0], {}) == 1
    assert PROTOCOL.decode(QUESTION, 1, [1, 0], {}) == 0
    assert PROTOCOL.decode(QUESTION, 1, [0, 1], {}) == 1


@pytest.mark.parametrize("shown", [2, -1, True, "0", None, 0.0, [0]])
def test_it_refuses_any_other_answer(shown):
    with pytest.raises(AnswerError, match="0 or 1"):
        PROTOCOL.decode(QUESTION, shown, [0, 1], {})


def test_being_fooled_is_the_success_and_the_error():
    values, real = np.array([0, 1, 0]), np.zeros(3, bool)
    assert PROTOCOL.successes(values, real).tolist() == [True, False, True]
    assert PROTOCOL.errors(values, real).tolist() == [True, False, True]


def test_it_needs_one_real_set_and_a_generated_one():
    assert PROTOCOL.problems(design(PROTOCOL, real=0)) == [
        "Two-alternative forced choice needs at least 1 real sample set; the study has 0. Add 1 more."
    ]
    assert PROTOCOL.problems(design(PROTOCOL, real=2)) == [
        "Two-alternative forced choice works with at most 1 real sample set; the study has 2. Take 1 out."
    ]
    assert "needs at least 1 generated" in PROTOCOL.problems(design(PROTOCOL, generated=0))[0]


def test_it_asks_one_question_only():
    plan = design(PROTOCOL)
    plan = replace(plan, questions=(QUESTION, replace(QUESTION, key="again")))
    assert PROTOCOL.problems(plan) == ["Two-alternative forced choice asks one question; the study has 2."]


def test_prompts_are_matched_and_shown_only_on_request():
    free = PROTOCOL.trials(design(PROTOCOL, prompts=5))
    assert all(trial.prompt is None for trial in free)
    plan = design(PROTOCOL, prompts=5, match_prompts=True)
    prompt_of = {
        s: p for c in plan.conditions for s, p in zip(c.samples.tolist(), c.prompts.tolist(), strict=True)
    }
    for trial in PROTOCOL.trials(plan):
        assert {prompt_of[slot[0]] for slot in trial.slots} == {trial.prompt}
    assert PROTOCOL.page({"show_prompt": True})["show_prompt"] is False
    assert PROTOCOL.page({"show_prompt": True, "match_prompts": True})["show_prompt"] is True


def test_matching_without_prompts_is_a_problem_for_each_set_that_lacks_them():
    plan = replace(
        design(PROTOCOL, match_prompts=True),
        conditions=(condition(1, "real", 5, 5), condition(2, "generated", 5)),
    )
    assert PROTOCOL.problems(plan) == ["“set 2” has no prompts: import them, or switch “Same prompt” off."]


@pytest.mark.parametrize("images", [3, 4, 6])
def test_one_real_image_stands_among_several_of_one_generated_set(images):
    plan = design(PROTOCOL, samples=7, trials=120, images=images)
    assert PROTOCOL.problems(plan) == []
    owner = {sample: c.id for c in plan.conditions for sample in c.samples.tolist()}
    for trial in PROTOCOL.trials(plan):
        owners = [owner[sample] for slot in trial.slots for sample in slot]
        assert owners == [trial.condition, 1, *[trial.condition] * (images - 2)]
        assert len(set(trial.slots)) == images


@pytest.mark.parametrize("images", [2, 3, 5])
def test_the_real_image_stands_equally_often_at_every_place(images):
    made = list(PROTOCOL.trials(design(PROTOCOL, trials=10_000, images=images)))
    for mine in (made, *([t for t in made if t.condition == number] for number in (51, 52, 53))):
        places = Counter((1 - trial.turn) % images for trial in mine)
        assert len(places) == images
        assert max(places.values()) - min(places.values()) <= 1


def test_any_generated_image_among_several_fools():
    settings = {"images": 4}
    chosen = [PROTOCOL.decode(QUESTION, place, [3, 0, 1, 2], settings) for place in range(4)]
    assert chosen == [3, 0, 1, 2]
    assert PROTOCOL.successes(np.array(chosen), np.zeros(4, bool)).tolist() == [True, True, False, True]
    assert PROTOCOL.chance(settings) == 0.75
    with pytest.raises(AnswerError, match="0 to 3"):
        PROTOCOL.decode(QUESTION, 4, [3, 0, 1, 2], settings)


def test_who_is_asked_for_the_generated_image_judges_the_other_real():
    assert PROTOCOL.decode(QUESTION, 0, [1, 0], {"ask": "generated"}) == 0
    assert PROTOCOL.decode(QUESTION, 1, [1, 0], {"ask": "generated"}) == 1
    [problem] = PROTOCOL.problems(design(PROTOCOL, ask="generated", images=3))
    assert problem.startswith("With more than two images raters can only be asked for the real one")


def test_too_few_images_for_one_trial_are_a_problem_that_names_the_sets():
    [problem] = PROTOCOL.problems(design(PROTOCOL, generated=1, samples=4, images=6))
    assert problem.startswith("“set 51” and “set 1” have too few samples, or no prompt with enough")
    matched = design(PROTOCOL, generated=1, samples=10, prompts=5, images=4, match_prompts=True)
    assert "5 of the first" not in PROTOCOL.problems(matched)[0]
    assert "3 of the first and 1 of the second" in PROTOCOL.problems(matched)[0]
