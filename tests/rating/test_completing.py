"""Completion: the code at the end, and not before it."""

from __future__ import annotations

import pytest

from humaneval.rating.models import Session
from humaneval.studies.models import StudyState
from tests.factories import open_study, set_state
from tests.rating.conftest import vote_for

pytestmark = pytest.mark.django_db


def test_who_has_answered_everything_gets_the_code(rater_of):
    rater = rater_of(open_study(trial_count=12, assignments_per_session=12))
    rater.answer_everything()
    assert rater.complete().json() == {
        "state": "completed",
        "completion": {"code": rater.study.completion_code, "url": ""},
        "again": None,
    }
    session = Session.objects.get()
    assert session.state == "completed"
    assert session.finished_at is not None


def test_completing_again_changes_nothing(rater_of):
    rater = rater_of(open_study(trial_count=5))
    rater.answer_everything()
    first = rater.complete().json()
    finished = Session.objects.get().finished_at
    assert rater.complete().json() == first
    assert Session.objects.get().finished_at == finished
    assert rater.session().json()["completion"] == first["completion"]
    assert rater.arrive().json()["session"]["completion"] == first["completion"]


@pytest.mark.parametrize("answered", [0, 3, 11])
def test_nobody_gets_the_code_with_something_left_to_answer(rater_of, answered: int):
    rater = rater_of(open_study(trial_count=30, assignments_per_session=12))
    while answered:
        block = rater.block()[:answered]
        rater.send(*map(vote_for, block))
        answered -= len(block)
    response = rater.complete()
    assert response.status_code == 409
    assert response.json()["code"] == "work_left"
    assert rater.study.completion_code not in response.content.decode()
    assert rater.session().json()["completion"] is None


def test_nobody_gets_the_code_before_the_last_repeat(rater_of):
    study = open_study(trial_count=20, assignments_per_session=10, repeats_per_session=3)
    rater = rater_of(study)
    for _ in range(12):
        rater.send(vote_for(rater.block()[0]))
        assert rater.complete().status_code == 409
    rater.send(vote_for(rater.block()[0]))
    assert rater.complete().status_code == 200


def test_who_comes_when_no_work_is_left_gets_a_clear_ending(rater_of):
    study = open_study(trial_count=5, votes_per_trial=1)
    rater_of(study).answer_everything()
    late = rater_of(study)
    assert late.block() == []
    assert late.complete().json()["completion"]["code"] == study.completion_code


def test_a_paused_study_gives_no_code_to_who_has_work_left(rater_of):
    rater = rater_of(open_study(trial_count=30, assignments_per_session=12))
    rater.send(*map(vote_for, rater.block()))
    set_state(rater.study, StudyState.PAUSED)
    assert rater.block() == []
    assert rater.complete().status_code == 409


def test_a_closed_study_lets_raters_end_with_what_they_have_done(rater_of):
    rater = rater_of(open_study(trial_count=30, assignments_per_session=25))
    block = rater.block()
    set_state(rater.study, StudyState.CLOSED)
    assert rater.complete().status_code == 409
    rater.send(*map(vote_for, block))
    assert rater.complete().status_code == 200


def test_a_completed_session_is_handed_nothing_more(rater_of):
    rater = rater_of(open_study(trial_count=5, votes_per_trial=1))
    rater.answer_everything()
    rater.complete()
    rater.study.votes_per_trial = 2
    rater.study.assignments_per_session = 80
    rater.study.save()
    assert rater.block() == []
