"""Rankings in a report: by prompt category, and whether the place on screen decides."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.protocols.orders import code_of
from humaneval.reports.report import report_of
from humaneval.samples.models import Prompt
from humaneval.studies.models import Study
from tests.factories import draft_study, opened
from tests.reports.studies import GivenVote, add_votes

pytestmark = pytest.mark.django_db


@pytest.fixture
def ranked() -> Study:
    """Give an open study of four sets with prompts of two categories."""
    study = opened(draft_study(protocol="ranking", generated=4, samples=8, prompts=2, trial_count=24))
    for prompt, category in zip(Prompt.objects.order_by("pk"), ("cats", "dogs"), strict=True):
        Prompt.objects.filter(pk=prompt.pk).update(category=category)
    return study


def test_strengths_stand_by_prompt_category(ranked):
    best = dict(zip(Prompt.objects.order_by("pk").values_list("pk", flat=True), (0, 3), strict=True))
    conditions = list(ranked.conditions.values_list("pk", flat=True))
    random = np.random.default_rng(2)
    votes = []
    for rater in range(6):
        for trial in ranked.trials.order_by("number"):
            favourite = conditions[best[trial.prompt_id]]
            liking = [random.gumbel() + 2 * (one == favourite) for one in trial.lineup]
            order = np.argsort(liking)[::-1].tolist()
            votes.append(GivenVote(rater, trial.number, {"preference": code_of(order)}))
    add_votes(ranked, votes)
    report = report_of(ranked)
    (breakdown,) = (one for one in report.breakdowns if one.by == "category")
    first = {
        group.name: max(group.estimates, key=lambda one: one.estimate).condition for group in breakdown.groups
    }
    assert first == {"cats": conditions[0], "dogs": conditions[3]}
    assert all(group.votes == 72 for group in breakdown.groups)
    assert "is not tested: orders have no means" in breakdown.words


@pytest.mark.parametrize(("leans", "words"), [(True, "lean to the left"), (False, "no sign of a bias")])
def test_whether_the_first_place_is_put_first_is_tested(ranked, leans, words):
    random = np.random.default_rng(4)
    votes = []
    for rater in range(8):
        for trial in ranked.trials.order_by("number"):
            shown = list(range(4))[::-1] if trial.turn else list(range(4))
            moved = leans and random.random() < 0.6
            order = shown if moved else random.permutation(4).tolist()
            votes.append(GivenVote(rater, trial.number, {"preference": code_of(order)}))
    add_votes(ranked, votes)
    effect = next(one for one in report_of(ranked).effects if one.name == "position")
    assert words in effect.words
    assert effect.votes == 8 * 24
    assert (effect.low <= 0.5 <= effect.high) is not leans
