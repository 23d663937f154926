"""Rankings from the screen to the report."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.protocols.orders import order_of
from humaneval.rating.models import Answer, Assignment
from humaneval.rating.steering import steer
from humaneval.reports import report
from humaneval.reports.vote_export import COLUMNS, vote_rows
from humaneval.stats import confidence_sequence
from tests.factories import UserFactory, open_study
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
    by_condition = {one["condition"]: one for one in built["estimates"] if one["headline"]}
    ids = list(study.conditions.values_list("pk", flat=True))
    assert [entry["condition"] for entry in built["ranking"][0]["entries"]] == ids
    for number, strength in zip(ids, STRENGTHS, strict=True):
        found = by_condition[number]["interval"]
        assert found["low"] - 0.1 < strength < found["high"] + 0.1
    chosen = [row[COLUMNS.index("chosen")] for row in vote_rows(study)]
    assert all(text.count(" > ") == (3 if mode == "order" else 1) for text in chosen)


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["order", "best_worst"])
def test_live_intervals_are_of_the_share_of_the_others_that_a_set_is_put_above(client, rater_of, mode):
    study = open_study(
        protocol="ranking",
        generated=4,
        settings={"mode": mode, "images": 3},
        trial_count=12,
        votes_per_trial=8,
        assignments_per_session=12,
    )
    for seed in range(8):
        rank_everything(study, rater_of(study), seed, best_worst=mode == "best_worst")
    looks = {look["condition"]: look for look in steer(study).looks}
    assert set(looks) == set(study.conditions.values_list("pk", flat=True))
    for condition, look in looks.items():
        above, raters, trials = [], [], []
        for answer in Answer.objects.select_related("vote__assignment__trial", "vote__assignment__session"):
            trial = answer.vote.assignment.trial
            if condition in trial.lineup:
                slots = divmod(answer.value, 3) if mode == "best_worst" else order_of(answer.value, 3)
                slot = trial.lineup.index(condition)
                above.append(1 if slots[0] == slot else 0 if slots[-1] == slot else 0.5)
                raters.append(answer.vote.assignment.session.rater_id)
                trials.append(trial.pk)
        expected = confidence_sequence(above, rater=raters, item=trials)
        assert (look["estimate"], look["votes"], look["raters"]) == (
            pytest.approx(expected.estimate),
            len(above),
            8,
        )
        assert (look["low"], look["high"]) == pytest.approx(tuple(expected.confidence_interval()))
    shares = {one.condition: one for one in report.report_of(study).estimates if one.measure == "share_above"}
    assert {key: look["estimate"] for key, look in looks.items()} == {
        key: pytest.approx(one.estimate) for key, one in shares.items()
    }
    assert all(one.interval.low < one.estimate < one.interval.high for one in shares.values())
    first, *_, last = (looks[one]["estimate"] for one in study.conditions.values_list("pk", flat=True))
    assert first > 0.6 > 0.4 > last
    client.force_login(UserFactory())
    page = client.get(f"/studies/{study.slug}/live/").content.decode()
    assert "no interval yet" not in page
    assert "“So far” is the share of the others on the screen that a set is put above" in page
