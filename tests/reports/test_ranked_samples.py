"""Scores of single images beside orders: images are compared with the others of their ballot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from humaneval.reports.loading import load_material
from humaneval.reports.material import Material
from humaneval.reports.pages import render_body
from humaneval.reports.report import build_report
from humaneval.reports.results import Report
from humaneval.samples.models import Prompt, Sample
from humaneval.studies.models import Study
from tests.factories import draft_study, opened
from tests.reports.test_ranked import vote
from tests.reports.test_samples import score

pytestmark = pytest.mark.django_db
RATERS, TRIALS, PROMPTS = 6, 32, 16


@pytest.fixture(params=["order", "best_worst"])
def ranked(request) -> Study:
    """Give an open study of four sets with an image of each of sixteen prompts."""
    draft = draft_study(
        protocol="ranking",
        generated=4,
        samples=PROMPTS,
        prompts=PROMPTS,
        trial_count=TRIALS,
        settings={"mode": request.param},
    )
    return opened(draft)


def scored(study: Study, *, follows: float, hard_prompts: float = 0.0) -> Material:
    """Let raters order images by a value (and by their condition), and give the value as a score."""
    random = np.random.default_rng(3)
    rows = Sample.objects.order_by("pk").values_list("pk", "sample_set_id", "prompt_id")
    sample, sets, prompt = np.array(list(rows)).T
    value = random.normal(size=len(sample))
    condition_of = dict(study.conditions.values_list("sample_set_id", "pk"))
    condition = np.array([condition_of[one] for one in sets.tolist()])
    place = {one: number for number, one in enumerate(condition_of.values())}
    slots = dict(study.trials.values_list("number", "slots"))

    def liking(rater: int, number: int, lineup: list[int]) -> list[float]:
        shown = [slot[0] for slot in slots[number]]
        values = value[np.searchsorted(sample, shown)]
        return [follows * one + place[each] for one, each in zip(values, lineup, strict=True)]

    vote(study, RATERS, liking)
    moved = value + hard_prompts * (prompt % 5)
    return replace(load_material(study), scores=tuple(score("aesthetic", condition, moved, sample)))


def only_row(report: Report):
    (found,) = report.samples
    return found, next(one for one in found.coefficients if one.name == "spearman")


def test_a_score_that_orders_images_as_people_do_is_found_whatever_their_prompts_do(ranked):
    material = scored(ranked, follows=2.0, hard_prompts=20.0)
    found, rho = only_row(build_report(material))
    assert (found.within, found.samples, found.raters, found.conditions) == ("ballot", 4 * PROMPTS, RATERS, 4)
    assert found.votes == RATERS * TRIALS * 4
    assert rho.within_low > 0.1
    assert found.words.startswith(
        "On a ballot, apart from which condition is better, it goes with people's orders about single images"
    )
    assert "share of the others on its ballot that an image is put above" in found.method
    assert f"by rater ({RATERS} one by one) and line-up ({Prompt.objects.count()} one by one)" in found.method


def test_a_score_that_says_nothing_of_images_is_not_said_to(ranked):
    report = build_report(scored(ranked, follows=0.0), built_at="2026-01-01T00:00:00+00:00")
    found, rho = only_row(report)
    assert rho.within_low < 0 < rho.within_high
    assert "these votes do not tell whether the value goes with people's orders" in found.words
    page = render_body(report)
    assert "Places in an order are relative" in " ".join(report.methods)
    assert found.words.replace("'", "&#x27;") in page
