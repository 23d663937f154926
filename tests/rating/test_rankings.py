"""Rankings from the screen to the report."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.rating.models import Assignment
from humaneval.reports import report
from humaneval.reports.vote_export import COLUMNS, vote_rows
from tests.factories import open_study
from tests.rating.conftest import vote_for

STRENGTHS = np.array([1.2, 0.4, -0.4, -1.2])


def rank_everything(study, rater, seed: int, *, best_worst: bool) -> None:
    """Order each screen as the strengths say, with Gumbel noise (Plackett-Luce)."""
    random = np.random.default_rng(seed)
    strength = dict(zip(study.conditions.values_list("pk", flat=True), STRENGTHS, strict=True))
    while block := rater.block():
        votes = []
        for shown in block:
            handed = Assignment.objects.select_related("trial").get(pk=shown["id"])
            conditions = [handed.trial.lineup[slot] for slot in handed.order]
            noisy = [strength[one] + random.gumbel() for one in conditions]
            places = np.argsort(noisy)[::-1].tolist()
            answer = [places[0], places[-1]] if best_worst else places
            votes.append(vote_for(shown, answers={"preference": answer}))
        assert {result["status"] for result in rater.results(*votes)} == {"stored"}


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["order", "best_worst"])
def test_known_strengths_are_recovered_through_the_whole_path(rater_of, mode):
    study = open_study(
        protocol="ranking", generated=4, settings={"mode": mode}, trial_count=40, assignments_per_session=40
    )
    for seed in range(5):
        rank_everything(study, rater_of(study), seed, best_worst=mode == "best_worst")
    built = report.build(study)
    by_condition = {one["condition"]: one for one in built["estimates"]}
    ids = list(study.conditions.values_list("pk", flat=True))
    assert [entry["condition"] for entry in built["ranking"][0]["entries"]] == ids
    for number, strength in zip(ids, STRENGTHS, strict=True):
        found = by_condition[number]["interval"]
        assert found["low"] - 0.1 < strength < found["high"] + 0.1
    chosen = [row[COLUMNS.index("chosen")] for row in vote_rows(study)]
    assert all(text.count(" > ") == (3 if mode == "order" else 1) for text in chosen)
