"""Timed trials: each exposure waits for the vote before it, and observers' thresholds come back."""

from __future__ import annotations

import numpy as np
import pytest

from humaneval.protocols import registry
from humaneval.rating.models import Assignment, Vote
from humaneval.rating.votes import answer_rows
from humaneval.reports import report
from humaneval.stats import psychometric
from tests.factories import open_study
from tests.rating.observers import TimedObserver, is_real, timed_vote


def timed_study(**changes):
    """Return an open timed study of one model."""
    settings = {"block_length": 40, **changes.pop("settings", {})}
    given = {"generated": 1, "trial_count": 80, "assignments_per_session": 40, "votes_per_trial": 5}
    return open_study(protocol="timed_real_or_fake", settings=settings, **{**given, **changes})


def truth(shown):
    return "real" if is_real(shown["id"]) else "fake"


@pytest.mark.django_db
def test_only_the_first_trial_of_a_block_has_its_exposure(rater_of):
    block = rater_of(timed_study()).block()
    assert [shown["parameters"] for shown in block] == [{"exposure_ms": 500, "block": 0}, *[None] * 9]
    assert all(shown["places"] for shown in block)


@pytest.mark.django_db
def test_a_vote_brings_the_next_exposure_and_whether_it_was_right(rater_of):
    rater = rater_of(timed_study())
    first, second, *_rest = rater.block()
    wrong = "fake" if truth(first) == "real" else "real"
    told = rater.send(timed_vote(first, wrong)).json()
    assert told["results"][0]["feedback"] == {"correct": False}
    assert told["next"] == {second["id"]: {"exposure_ms": 530, "block": 0}}
    second["parameters"] = told["next"][second["id"]]
    told = rater.send(timed_vote(second, truth(second))).json()
    assert told["results"][0]["feedback"] == {"correct": True}
    assert list(told["next"].values()) == [{"exposure_ms": 520, "block": 0}]


@pytest.mark.django_db
def test_a_vote_sent_again_is_told_the_same(rater_of):
    rater = rater_of(timed_study())
    first = rater.block()[0]
    vote = timed_vote(first, truth(first))
    told, again = rater.send(vote).json(), rater.send(vote).json()
    assert again["results"][0]["status"] == "duplicate"
    assert again["results"][0]["feedback"] == told["results"][0]["feedback"] == {"correct": True}
    assert again["next"] == told["next"]


@pytest.mark.django_db
def test_a_reload_moves_no_exposure(rater_of):
    rater = rater_of(timed_study())
    first = rater.block()[0]
    rater.send(timed_vote(first, truth(first)))
    before, after = rater.block(), rater.block()
    assert before == after
    assert before[0]["parameters"] == {"exposure_ms": 490, "block": 0}


@pytest.mark.django_db
def test_a_vote_out_of_turn_is_refused(rater_of):
    rater = rater_of(timed_study())
    second = rater.block()[1]
    [result] = rater.results(timed_vote({**second, "parameters": {"exposure_ms": 500}}, "real"))
    assert (result["status"], result["code"]) == ("rejected", "out_of_turn")


@pytest.mark.django_db
def test_a_vote_that_does_not_say_what_was_shown_is_refused(rater_of):
    rater = rater_of(timed_study())
    first = rater.block()[0]
    [result] = rater.results(timed_vote(first, "real", frames=None))
    assert (result["status"], result["code"]) == ("rejected", "bad_timings")
    assert Vote.objects.count() == 0


@pytest.mark.django_db
def test_a_spoilt_trial_is_marked_and_steers_nothing(rater_of):
    rater = rater_of(timed_study())
    first = rater.block()[0]
    told = rater.send(timed_vote(first, truth(first), dropped=2)).json()
    assert Vote.objects.get().spoilt
    assert list(told["next"].values()) == [{"exposure_ms": 500, "block": 0}]


@pytest.mark.django_db
@pytest.mark.parametrize("replace", [True, False])
def test_a_spoilt_trial_is_asked_of_another_rater_where_the_study_wants_it(rater_of, replace):
    study = timed_study(settings={"replace_spoilt": replace}, votes_per_trial=1, trial_count=12)
    rater = rater_of(study)
    first = rater.block()[0]
    rater.send(timed_vote(first, truth(first), dropped=2))
    opening = Assignment.objects.get(pk=first["id"]).opening
    assert (opening.free_from is not None) is replace
    spoilt = Assignment.objects.get(pk=first["id"]).trial_id
    handed = {Assignment.objects.get(pk=shown["id"]).trial_id for shown in rater_of(study).block()}
    assert (spoilt in handed) is replace


@pytest.mark.django_db
def test_constant_stimuli_have_all_exposures_at_once(rater_of):
    study = timed_study(settings={"method": "constant", "levels": 5})
    exposures = [shown["parameters"]["exposure_ms"] for shown in rater_of(study).block()]
    levels = registry.get(study.protocol).constant_levels(study.settings)
    assert sorted(exposures) == sorted([*levels, *levels])


@pytest.mark.django_db
def test_without_feedback_nobody_is_told(rater_of):
    rater = rater_of(timed_study(settings={"feedback": False}))
    first = rater.block()[0]
    assert rater.results(timed_vote(first, "real"))[0]["feedback"] is None


@pytest.mark.django_db
def test_other_protocols_have_no_parameters_to_wait_for(rater_of):
    rater = rater_of(open_study())
    assert rater.block()[0]["parameters"] == {}
    assert Assignment.objects.filter(parameters=None).count() == 0


def _observed(study):
    """Return correctness and log exposure really shown, of every vote."""
    conditions = {c.pk: c.sample_set.kind for c in study.conditions.select_related("sample_set")}
    rows = [row for row in answer_rows(study) if row.value is not None]
    correct = [row.value == (conditions[row.condition_id] == "real") for row in rows]
    shown = [row.timings["frames"] * row.timings["frame_ms"] for row in rows]
    return np.array(correct), np.log(shown), np.array([row.rater_id for row in rows])


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["staircase", "constant"])
def test_a_known_threshold_is_recovered_through_the_whole_path(rater_of, method):
    study = timed_study(
        settings={"method": method, "block_length": 60, "start_ms": 350},
        trial_count=120,
        assignments_per_session=60,
    )
    for seed in range(4):
        observer = TimedObserver(threshold_ms=300.0, slope=4.0, seed=seed)
        assert observer.rate_everything(rater_of(study)) == 60
    correct, level, _rater = _observed(study)
    fit = psychometric(correct, level=level, guess=0.5)
    low, high = np.exp(fit.confidence_interval(0.99))
    assert low < 300 < high
    assert high / low < 3
    found = {one["measure"]: one for one in report.build(study)["estimates"]}
    told = found["threshold_exposure"]
    # One study in twenty leaves the truth out of its 95% interval: how often is tested in tests/stats.
    assert told["estimate"] == pytest.approx(300, rel=0.3)
    assert told["interval"]["low"] < told["estimate"] < told["interval"]["high"] < 5 * told["interval"]["low"]
    assert 100 <= found["modal_exposure"]["estimate"] <= 1000
