"""Simulated observers with a known d' recover it through the whole path: API, hand-out, decoding, votes."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.protocols import registry
from humaneval.rating.models import Assignment
from humaneval.rating.votes import answer_rows
from humaneval.stats import dprime
from tests.factories import open_study
from tests.rating.conftest import ApiRater, vote_for

DPRIME = 1.2
"""Distance between what a real and a generated image look like to the observer, in standard deviations."""


class Observer:
    """Sees each image as a normal deviate, real ones higher by d', and answers as one does best."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def rate_everything(self, rater: ApiRater, real_set: int) -> None:
        """Vote on everything there is, block by block."""
        while block := rater.block():
            trials = Assignment.objects.select_related("trial").in_bulk([shown["id"] for shown in block])
            by_id = {str(key): handed for key, handed in trials.items()}
            votes = [self._vote(shown, by_id[shown["id"]], real_set) for shown in block]
            assert {result["status"] for result in rater.results(*votes)} == {"stored"}

    def _vote(self, shown, handed: Assignment, real_condition: int):
        conditions = [handed.trial.condition_id, handed.trial.other_id]
        is_real = [slot < 2 and conditions[slot] == real_condition for slot in handed.order]
        looks = self._random.normal(size=len(is_real)) + DPRIME * np.array(is_real)
        if len(looks) > 1:
            return vote_for(shown, answers={"real": int(np.argmax(looks))})
        return vote_for(shown, answers={"real": "real" if looks[0] > DPRIME / 2 else "fake"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("protocol", "asked", "task"),
    [
        ("real_or_fake", {}, {"task": "yes_no"}),
        ("two_afc", {}, {"task": "two_afc"}),
        ("two_afc", {"images": 4}, {"task": "m_afc", "alternatives": 4}),
    ],
)
def test_a_known_sensitivity_is_recovered(rater_of, protocol, asked, task):
    study = open_study(
        protocol=protocol, generated=1, settings=asked, trial_count=100, assignments_per_session=100
    )
    real = study.conditions.get(sample_set__kind="real").pk
    for seed in range(3):
        Observer(seed).rate_everything(rater_of(study), real)
    rows = list(answer_rows(study))
    values = np.array([row.value for row in rows])
    is_real = np.array([row.condition_id == real for row in rows])
    if task["task"] == "yes_no":
        found = dprime(values, signal=is_real, **task)
    else:
        fooled = registry.get(protocol).successes(values, is_real)
        found = dprime(~fooled, **task)
    low, high = found.confidence_interval(0.99)
    assert len(rows) == 300
    assert low < DPRIME < high
    assert high - low < 1.1
