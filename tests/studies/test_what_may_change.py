"""The model, not a form, holds what may change in which state."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from humaneval.studies.authoring import update_study
from humaneval.studies.models import Condition, Question, Study, StudyState, Trial
from tests.studies.conftest import make_set

pytestmark = pytest.mark.django_db

LAUNCHED = [StudyState.LAUNCHING, StudyState.OPEN, StudyState.PAUSED, StudyState.CLOSED]
LOCKED = {
    "slug": "other",
    "protocol": "likert",
    "settings": {"match_prompts": True},
    "seed": 8,
    "trial_count": 13,
    "repeats_per_session": 2,
    "display_width": 200,
    "title": "T",
    "instructions": "I",
    "consent_text": "C",
    "thanks_text": "Thx",
    "completion_code": "CODE",
}


def in_state(study: Study, state: str) -> Study:
    """Put a study into a state, past all rules."""
    Study.objects.filter(pk=study.pk).update(state=state)
    study.refresh_from_db()
    return study


@pytest.mark.parametrize("state", LAUNCHED)
def test_what_raters_see_and_trials_rest_on_is_locked_after_draft(make_study, state):
    study = in_state(make_study(), state)
    for field, value in LOCKED.items():
        setattr(study, field, value)
    with pytest.raises(ValidationError) as refused:
        study.save()
    assert set(refused.value.message_dict) == set(LOCKED)
    assert refused.value.message_dict["seed"] == [f"May not change: the study is {state}."]


@pytest.mark.parametrize("state", [StudyState.OPEN, StudyState.PAUSED])
def test_what_steers_the_collecting_stays_open_while_a_study_runs(make_study, state):
    study = in_state(make_study(), state)
    study.votes_per_trial, study.assignments_per_session, study.name = 9, 5, "New"
    study.save()
    assert Study.objects.get(pk=study.pk).votes_per_trial == 9


def test_a_closed_study_takes_no_more_votes_by_a_change_of_its_quota(make_study):
    study = in_state(make_study(), StudyState.CLOSED)
    study.votes_per_trial = 9
    with pytest.raises(ValidationError, match="votes_per_trial"):
        study.save()


def test_the_state_is_not_changed_by_saving(make_study):
    study = make_study()
    study.state = StudyState.OPEN
    with pytest.raises(ValidationError, match="Its state changes by launch"):
        study.save()


def test_a_page_that_was_drawn_before_the_launch_cannot_save_over_it(make_study):
    stale = make_study()
    in_state(Study.objects.get(pk=stale.pk), StudyState.OPEN)
    stale.title = "Late"
    with pytest.raises(ValidationError, match="The study is open by now"):
        stale.save()


def test_only_the_fields_that_are_saved_are_looked_at(make_study):
    study = in_state(make_study(), StudyState.OPEN)
    study.title, study.name = "Late", "New"
    study.save(update_fields=["name"])
    assert Study.objects.get(pk=study.pk).title != "Late"


@pytest.mark.parametrize("state", LAUNCHED)
def test_conditions_and_questions_are_locked_after_draft(make_study, state):
    study = in_state(make_study(), state)
    condition, question = study.conditions.first(), study.questions.first()
    condition.position, question.text = 9, "Other?"
    for row in (condition, question):
        with pytest.raises(ValidationError, match="may not change once it is launched"):
            row.save()
        with pytest.raises(ValidationError, match="may not change once it is launched"):
            row.delete()
    with pytest.raises(ValidationError):
        Question.objects.create(study=study, key="new", text="New?")
    with pytest.raises(ValidationError):
        Condition.objects.create(study=study, sample_set=make_set("Late"))


def test_a_conditions_label_is_for_reports_and_may_always_change(make_study):
    study = in_state(make_study(), StudyState.CLOSED)
    condition = study.conditions.first()
    condition.label = "Renamed"
    condition.save()
    assert study.conditions.first().label == "Renamed"


def test_a_condition_cannot_be_moved_out_of_a_launched_study(make_study):
    launched, draft = in_state(make_study(), StudyState.OPEN), make_study(conditions=[])
    condition = launched.conditions.first()
    condition.study = draft
    with pytest.raises(ValidationError):
        condition.save()


def test_an_update_through_the_service_is_held_to_the_same_rules(make_study):
    study = in_state(make_study(), StudyState.OPEN)
    with pytest.raises(ValidationError, match="seed"):
        update_study(study=study, seed=1)
    with pytest.raises(ValidationError, match="once it is launched"):
        update_study(study=study, conditions=[])
    assert update_study(study=study, votes_per_trial=5).votes_per_trial == 5


def make_trial(study: Study, number: int = 0) -> Trial:
    """Store one trial."""
    condition = study.conditions.first()
    return Trial.objects.create(study=study, number=number, condition=condition, slots=[[1]])


def test_trials_never_change_and_stay_with_a_launched_study(make_study):
    study = make_study()
    trial = make_trial(study)
    trial.turn = 1
    with pytest.raises(ValidationError, match="never change"):
        trial.save()
    in_state(study, StudyState.OPEN)
    trial.refresh_from_db()
    with pytest.raises(ValidationError, match="are kept"):
        trial.delete()


@pytest.mark.parametrize("state", [StudyState.DRAFT, StudyState.CLOSED])
def test_drafts_and_closed_studies_can_be_deleted_with_all_they_hold(make_study, state):
    study = make_study()
    make_trial(study)
    in_state(study, state).delete()
    assert not Study.objects.exists()
    assert not Trial.objects.exists()


@pytest.mark.parametrize("state", [StudyState.LAUNCHING, StudyState.OPEN, StudyState.PAUSED])
def test_others_cannot_be_deleted_one_by_one_or_in_bulk(make_study, state):
    study, draft = in_state(make_study(), state), make_study()
    with pytest.raises(ValidationError, match="only drafts and closed studies can be deleted"):
        study.delete()
    with pytest.raises(ValidationError, match="only drafts and closed studies can be deleted"):
        Study.objects.all().delete()
    assert set(Study.objects.all()) == {study, draft}


def test_a_sample_set_that_a_study_compares_cannot_be_deleted(make_study):
    empty = make_set("Empty", samples=0)
    make_study(conditions=[empty])
    with pytest.raises(ProtectedError):
        empty.delete()
