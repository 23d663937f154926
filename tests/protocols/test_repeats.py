"""Advice where side-by-side trials use up the different pairs, or show an image again and again."""

from __future__ import annotations

from dataclasses import replace

from humaneval.protocols.pairwise import Pairwise
from humaneval.protocols.two_afc import TwoAFC
from tests.protocols.designs import condition, design


def test_trials_beyond_the_different_pairs_are_advised_against():
    plan = design(TwoAFC(), generated=1, samples=4, trials=16)
    assert TwoAFC().advice(plan) == []
    [advice] = TwoAFC().advice(replace(plan, trial_count=1_000_000))
    assert advice.startswith("“set 51” and “set 1” make 16 different pairs of images for 1,000,000 trials")


def test_prompts_leave_fewer_pairs():
    plan = design(Pairwise(), real=0, generated=2, samples=20, prompts=20, trials=21)
    [advice] = Pairwise().advice(plan)
    assert "make 20 different pairs of images for 21 trials" in advice
    assert Pairwise().advice(replace(plan, settings={"match_prompts": False})) == []


def test_few_real_images_among_many_trials_are_told():
    plan = design(TwoAFC(), generated=1, samples=100, trials=50)
    few = replace(plan, conditions=(condition(1, "real", 4), *plan.generated))
    [advice] = TwoAFC().advice(few)
    assert advice.startswith("“set 1” has 4 samples, each in about 12 trials")


def test_a_study_with_images_enough_gets_no_advice():
    assert TwoAFC().advice(design(TwoAFC(), samples=40, trials=120)) == []
    assert Pairwise().advice(design(Pairwise(), samples=40, trials=120)) == []


def test_grids_count_every_image_they_show():
    plan = design(Pairwise(), real=0, generated=2, samples=16, trials=41, grid_size=4)
    assert len(Pairwise().advice(plan)) == 2
    assert Pairwise().advice(replace(plan, trial_count=40)) == []
