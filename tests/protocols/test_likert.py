"""One image or one grid, rated on scales."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from humaneval.protocols.base import AnswerError, QuestionSpec, SettingsError
from humaneval.protocols.likert import Likert
from tests.protocols.designs import condition, design

PROTOCOL = Likert()
SCALE = QuestionSpec(key="realism", text="How real?", points=7)


def test_every_condition_comes_equally_often_real_ones_too():
    counts = Counter(trial.condition for trial in PROTOCOL.trials(design(PROTOCOL, trials=122)))
    assert len(counts) == 4
    assert max(counts.values()) - min(counts.values()) <= 1


def test_no_image_comes_twice_while_there_are_others():
    made = list(PROTOCOL.trials(design(PROTOCOL, samples=30, trials=120)))
    assert len({trial.slots for trial in made}) == 120


@pytest.mark.parametrize(("samples", "size"), [(16, 16), (17, 16), (50, 9)])
def test_a_grid_holds_different_samples_of_one_condition_used_evenly(samples, size):
    plan = design(PROTOCOL, samples=samples, trials=80, grid_size=size)
    made = list(PROTOCOL.trials(plan))
    assert all(len(set(trial.slots[0])) == size for trial in made)
    used = Counter(sample for trial in made for sample in trial.slots[0])
    assert max(used.values()) - min(used.values()) <= 1


def test_a_grid_of_one_prompt_shows_that_prompt():
    plan = design(PROTOCOL, samples=20, prompts=4, trials=60, grid_size=5, same_prompt=True)
    prompt_of = {
        s: p for c in plan.conditions for s, p in zip(c.samples.tolist(), c.prompts.tolist(), strict=True)
    }
    for trial in PROTOCOL.trials(plan):
        assert {prompt_of[sample] for sample in trial.slots[0]} == {trial.prompt}


def test_a_set_too_small_for_the_grid_is_a_problem():
    plan = design(PROTOCOL, real=1, generated=0, samples=9, grid_size=16)
    assert PROTOCOL.problems(plan) == [
        "“set 1” has 9 samples, too few for a grid of 16: import more, or make grids smaller."
    ]


def test_no_prompt_with_enough_samples_is_a_problem():
    plan = design(PROTOCOL, real=1, generated=0, samples=20, prompts=5, grid_size=5, same_prompt=True)
    assert PROTOCOL.problems(plan) == [
        "“set 1” has no prompt with 5 samples: import more, or make grids smaller."
    ]


def test_showing_prompts_that_some_sets_lack_is_a_problem_since_it_tells_sets_apart():
    plan = replace(
        design(PROTOCOL, show_prompt=True),
        conditions=(condition(1, "real", 5), condition(2, "generated", 5, prompts=5)),
    )
    [problem] = PROTOCOL.problems(plan)
    assert problem.startswith("“set 1” has no prompts: whether a prompt is shown would give images away.")


def test_no_sample_set_is_a_problem():
    assert PROTOCOL.problems(design(PROTOCOL, real=0, generated=0)) == [
        "Likert scale needs at least 1 sample set: add one."
    ]


@pytest.mark.parametrize("points", [1, 12])
def test_a_scale_needs_a_sane_number_of_points(points):
    plan = replace(design(PROTOCOL), questions=(replace(SCALE, points=points),))
    assert PROTOCOL.problems(plan) == ["Question “realism” needs a scale of 2 to 11 points."]


def test_several_questions_are_welcome_if_their_keys_differ():
    several = (SCALE, replace(SCALE, key="quality"))
    assert PROTOCOL.problems(replace(design(PROTOCOL), questions=several)) == []
    assert PROTOCOL.problems(replace(design(PROTOCOL), questions=(SCALE, SCALE))) == [
        "Two questions have the key “realism”: rename one."
    ]


def test_an_answer_is_a_point_of_the_scale():
    assert [PROTOCOL.decode(SCALE, point, [0], {}) for point in (1, 7)] == [1, 7]


@pytest.mark.parametrize("shown", [0, 8, True, "3", 2.0, None])
def test_it_refuses_any_other_answer(shown):
    with pytest.raises(AnswerError, match="whole number from 1 to 7"):
        PROTOCOL.decode(SCALE, shown, [0], {})


def test_a_slider_runs_from_0_to_100_whatever_the_points():
    slider = {"scale": "slider"}
    assert [PROTOCOL.decode(SCALE, shown, [0], slider) for shown in (0, 37, 100)] == [0, 37, 100]
    assert PROTOCOL.page(slider)["scale"] == "slider"
    for shown in (-1, 101, 50.5):
        with pytest.raises(AnswerError, match="whole number from 0 to 100"):
            PROTOCOL.decode(SCALE, shown, [0], slider)


def test_numbers_at_the_points_can_be_left_out():
    assert PROTOCOL.page({})["show_numbers"] is True
    assert PROTOCOL.page({"show_numbers": False})["show_numbers"] is False


@pytest.mark.parametrize(
    ("size", "reason"),
    [(0, "at least 1"), (65, "at most 64"), (2.5, "whole number"), (True, "whole number"), ("4", "whole")],
)
def test_it_refuses_a_grid_size_that_cannot_be(size, reason):
    with pytest.raises(SettingsError, match=f"grid_size: must be .*{reason}"):
        PROTOCOL.checked_settings({"grid_size": size})


def test_the_page_lays_grids_out_in_squares():
    page = PROTOCOL.page({"grid_size": 16})
    assert (page["grid_size"], page["columns"], page["show_prompt"]) == (16, 4, False)
    assert PROTOCOL.page({"grid_size": 10})["columns"] == 4
    assert PROTOCOL.page({})["columns"] == 1


def test_it_advises_fewer_trials_where_single_images_would_come_again():
    assert PROTOCOL.advice(design(PROTOCOL, generated=1, samples=20, trials=40)) == []
    assert PROTOCOL.advice(design(PROTOCOL, generated=1, samples=20, trials=41)) == [
        f"“set {number}” has 20 samples for 21 trials, so its images come in more than one trial: "
        "fewer trials with more votes each collect as much."
        for number in (1, 51)
    ]
    assert PROTOCOL.advice(design(PROTOCOL, samples=20, trials=500, grid_size=4)) == []
