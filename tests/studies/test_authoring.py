"""Making drafts and changing them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from humaneval.protocols import registry
from humaneval.protocols.base import QuestionSpec
from humaneval.protocols.registry import PROTOCOLS
from humaneval.studies.authoring import ConditionInput, create_study, free_slug, update_study
from humaneval.studies.models import Condition, Question, Study

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_new_study_gets_sensible_words_and_questions(make_study, protocol):
    study = make_study(protocol)
    assert study.state == "draft"
    assert [q.key for q in study.questions.all()] == [q.key for q in PROTOCOLS[protocol].default_questions]
    assert study.settings == {s.name: s.default for s in PROTOCOLS[protocol].settings}
    assert study.instructions == PROTOCOLS[protocol].default_instructions
    assert "voluntary" in study.consent_text
    assert study.title == "Image rating"
    assert study.thanks_text


def test_conditions_keep_their_order_and_labels(sets):
    study = create_study(
        name="Order", protocol="likert", conditions=[sets[2], ConditionInput(sets[0], label="Truth")]
    )
    assert [str(c) for c in study.conditions.all()] == ["Model B", "Truth"]


def test_given_questions_replace_the_default_ones(make_study):
    study = make_study("likert", questions=[QuestionSpec(key="beauty", text="How beautiful?", points=7)])
    assert [(q.key, q.points) for q in study.questions.all()] == [("beauty", 7)]


def test_the_slug_comes_from_the_name_and_is_never_taken_twice(make_study):
    assert [make_study(name="Ärger im Bild").slug for _ in range(3)] == [
        "arger-im-bild",
        "arger-im-bild-2",
        "arger-im-bild-3",
    ]
    assert free_slug("研究") == "study"


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"protocol": "unheard_of"}, "protocol", "There is no protocol “unheard_of”"),
        ({"settings": {"match_prompts": 3}}, "settings", "match_prompts: must be true or false."),
        ({"settings": {"tie": True}}, "settings", "has no such setting"),
        ({"trial_count": 0}, "trial_count", "greater than or equal to 1"),
        ({"votes_per_trial": 0}, "votes_per_trial", "greater than or equal to 1"),
        ({"name": ""}, "name", "cannot be blank"),
        ({"slug": "no spaces"}, "slug", "Enter a valid"),
        ({"seed": 2**31}, "seed", "less than or equal to"),
        ({"questions": [QuestionSpec("a", "A?"), QuestionSpec("a", "B?")]}, "questions", "key of its own"),
        ({"questions": [QuestionSpec("a", "")]}, "text", "cannot be blank"),
    ],
)
def test_it_refuses_what_cannot_be_by_the_fields_name_and_stores_nothing(make_study, fields, field, reason):
    with pytest.raises(ValidationError) as refused:
        make_study(**fields)
    assert reason in " ".join(refused.value.message_dict[field])
    assert not Study.objects.exists()
    assert not Condition.objects.exists()


def test_a_sample_set_twice_is_refused(make_study, sets):
    with pytest.raises(ValidationError, match="in a study once"):
        make_study(conditions=[sets[0], sets[0]])


def test_a_draft_takes_all_changes_at_once(make_study, sets):
    study = make_study("two_afc")
    update_study(
        study=study,
        name="Other",
        conditions=[ConditionInput(sets[1], "A"), sets[0]],
        questions=[QuestionSpec("real", "Which one?")],
        settings={"match_prompts": True},
        trial_count=99,
    )
    study = Study.objects.get(pk=study.pk)
    assert (study.name, study.trial_count) == ("Other", 99)
    assert study.settings == registry.get("two_afc").checked_settings({"match_prompts": True})
    assert [c.label for c in study.conditions.all()] == ["A", ""]
    assert [c.sample_set for c in study.conditions.all()] == [sets[1], sets[0]]
    assert [q.text for q in study.questions.all()] == ["Which one?"]


def test_another_protocol_brings_its_own_settings_and_questions(make_study):
    study = update_study(study=make_study("two_afc"), protocol="likert")
    assert set(study.settings) == {setting.name for setting in registry.get("likert").settings}
    assert [q.key for q in study.questions.all()] == ["realism"]


def test_a_change_that_is_refused_changes_nothing(make_study):
    study = make_study()
    with pytest.raises(ValidationError):
        update_study(study=study, name="New", questions=[], trial_count=0)
    study.refresh_from_db()
    assert study.name == "A study"
    assert Question.objects.filter(study=study).count() == 1
