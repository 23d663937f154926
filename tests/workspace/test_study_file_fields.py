"""Every field of a study is carried by its file, or left out for a reason that stands here.

Whoever adds a field to one of these models is asked by the tests below to carry it, or to say why not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import NOT_PROVIDED, Model

from humaneval.protocols.base import QuestionSpec, Setting
from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.exclusions import declare_rules
from humaneval.rating.models import RuleSet
from humaneval.recruitment.models import LinkSettings, Posting
from humaneval.samples.models import SampleSet
from humaneval.studies.authoring import ConditionInput, create_study
from humaneval.studies.flow import complete_flow, default_flow
from humaneval.studies.models import Condition, DuplicatePair, GoldSource, GoldTrial, Question, Study
from humaneval.workspace.study_files.making import make_study
from humaneval.workspace.study_files.shapes import LINK_KEYS, POSTING_KEYS, QUESTION_KEYS, study_fields
from humaneval.workspace.study_files.writing import write_study
from tests.browser.flows import EVERYTHING as EVERY_FLOW
from tests.factories import UserFactory, filled_set

CARRIED: dict[type[Model], set[str]] = {
    Study: {*study_fields(), "name", "protocol", "settings"},
    Condition: {"sample_set", "label", "position"},
    Question: {*QUESTION_KEYS, "position"},
    LinkSettings: set(LINK_KEYS),
    Posting: set(POSTING_KEYS),
    RuleSet: {"name", "rules"},
    DuplicatePair: {"condition", "batch", "first", "second", "distance"},
    GoldTrial: {"condition", "other", "prompt", "slots", "lineup", "expected", "position"},
    GoldSource: {"sample_set"},
}

OWN = {"id": "each database has its own", "study": "the study that is made"}
LEFT_OUT: dict[type[Model], dict[str, str]] = {
    Study: {
        "id": OWN["id"],
        "owner": "whoever makes the study from the file",
        "team": "that of the sample sets where it is made",
        "created_at": "when it is made",
        "state": "a file makes a draft",
        "opened_at": "a file makes a draft",
        "closed_at": "a file makes a draft",
        "gold_count": "counted at launch",
        "practice": "planned at launch",
        "recipe": "fixed at launch",
        "design_digest": "computed at launch",
        "launch_job": "of the launch that made or failed to make the trials",
        "launch_error": "of the launch that made or failed to make the trials",
    },
    Condition: OWN,
    Question: OWN,
    LinkSettings: OWN,
    Posting: {
        **OWN,
        "state": "nothing is published by a file: it makes drafts",
        "external_id": "the panel's own, of what was published",
        "problem": "of what was published",
        "polled_at": "of what was published",
        "restored_at": "of the database that a backup brought back",
        "created_by": "whoever makes the study from the file",
        "created_at": "when it is made",
    },
    RuleSet: {
        **OWN,
        "version": "the file holds one version: the last one declared before launch",
        "before_launch": "a file makes a draft, so always",
        "declared_by": "whoever makes the study from the file",
        "declared_at": "when it is made",
    },
    DuplicatePair: OWN,
    GoldTrial: OWN,
    GoldSource: OWN,
}


@pytest.mark.parametrize("model", CARRIED, ids=lambda model: model.__name__)
def test_every_field_is_carried_or_left_out_for_a_reason(model: type[Model]):
    fields = {field.name for field in model._meta.get_fields() if field.concrete}
    carried, left_out = CARRIED[model], set(LEFT_OUT[model])
    assert fields - carried - left_out == set(), "carry these in study files, or say in LEFT_OUT why not"
    assert (carried | left_out) - fields == set(), "there are no such fields (any more)"
    assert carried & left_out == set()


# --- the round trip -------------------------------------------------------------------------------------

UNUSUAL: dict[str, Any] = {
    "slug": "original",
    "seed": 11,
    "trial_count": 6,
    "votes_per_trial": 5,
    "assignments_per_session": 9,
    "repeats_per_session": 2,
    "gold_per_block": 3,
    "gold_drawn": 4,
    "unique_samples": True,
    "unique_prompts": True,
    "raters_at_most": 77,
    "sessions_per_rater": 8,
    "strata": {
        "by": "parameter:land",
        "groups": {"Süd": {"votes": 2}, "no": {"votes": 3, "values": ["1", "yes"]}},
    },
    "adaptive": True,
    "stop_rule": "width",
    "stop_goal": 0.125,
    "lease_minutes": 17,
    "display_width": 123,
    "title": "yes",
    "instructions": "First line.\r\n\r\n  Indented: a line with a colon. \n",
    "consent_text": "1234",
    "thanks_text": "Merci — 谢谢",
    "completion_code": "00012345",
    "flow": {
        **EVERY_FLOW,
        "device": {
            "min_width": 320,
            "min_height": 400,
            "min_pixel_ratio": 1.5,
            "min_refresh_hz": 20,
            "keyboard": True,
        },
        "confirm_answers": True,
        "allow_zoom": True,
        "scale": "pixels",
        "keys": {"1": "y", "2": "n"},
        "language": "nl",
    },
}
QUESTIONS = [
    QuestionSpec("real", "How real?", 7, "not at all", "~", "entirely"),
    QuestionSpec("nice", "- How nice?", 3, "null", "0", "off"),
]
LINK = {
    "person_parameter": "pid",
    "kept_parameters": "wave,batch",
    "invited_only": True,
    "return_url": "https://x.example/?c={code}",
    "quota_full_code": "007",
    "screened_out_code": "no",
}
POSTING = {
    "panel": "prolific",
    "title": "Look",
    "description": "At images.\nTwice.",
    "places": 30,
    "reward": Decimal("1.10"),
    "currency": "GBP",
    "minutes": 11,
    "target_wage": Decimal("13.50"),
    "budget": Decimal("99.90"),
    "approves_itself": True,
    "options": {"filters": [1, "two"], "empty": None},
}
RULES = {"too_fast": {"percent_of_median": 12.5, "fewest": 5}, "late": {}}


@pytest.fixture
def sets(db) -> list[SampleSet]:
    """One real and three generated sets, without files."""
    made = [filled_set(kind="real", count=6, slug="photos", name="Photos")]
    return made + [filled_set(kind="generated", count=6, slug=f"model-{x}", name=f"Model {x}") for x in "abc"]


def other_than_default(setting: Setting) -> Any:
    """Return a value that a setting takes and that is not its default."""
    if setting.kind == "boolean":
        return not setting.default
    if setting.kind == "choice":
        return next(value for value, _label in setting.choices if value != setting.default)
    above = setting.maximum is None or setting.default < setting.maximum
    return setting.default + (1 if above else -1)


def unusual_settings(protocol: str) -> dict[str, Any]:
    """Return settings none of which has its default."""
    return {setting.name: other_than_default(setting) for setting in PROTOCOLS[protocol].settings}


@pytest.fixture
def study(sets: list[SampleSet]) -> Study:
    """A draft in which nothing that a file carries has its default."""
    study = create_study(
        name="Ünusual: #1",
        protocol="likert",
        conditions=[ConditionInput(one, f"The {one.slug}: {n}") for n, one in enumerate(reversed(sets))],
        questions=QUESTIONS,
        settings=unusual_settings("likert"),
        **UNUSUAL,
    )
    declare_rules(study=study, name="strict: 1", rules=RULES)
    LinkSettings.objects.create(study=study, **LINK)
    Posting.objects.create(study=study, **POSTING)
    return study


def rows(study: Study, model: type[Model]) -> list[dict[str, Any]]:
    """Return what a study's rows of a model hold in the fields that a file carries."""
    names = [field.attname for field in model._meta.concrete_fields if field.name in CARRIED[model]]
    of_study = {"pk": study.pk} if model is Study else {"study": study}
    return list(model._default_manager.filter(**of_study).order_by("pk").values(*names))


WHOLE = (Study, Condition, Question, LinkSettings, Posting, RuleSet)


@pytest.mark.parametrize("model", WHOLE, ids=lambda model: model.__name__)
def test_nothing_that_is_carried_has_its_default_here(model: type[Model], study: Study):
    found = rows(study, model)
    for field in model._meta.concrete_fields:
        if field.name in CARRIED[model] and (field.blank or field.default is not NOT_PROVIDED):
            default = field.get_default()
            assert any(row[field.attname] != default for row in found), f"give {field.name} a value"


def test_nothing_of_a_flow_has_its_default_here():
    given, default = complete_flow(UNUSUAL["flow"]), default_flow()
    same = [key for key in default if given[key] == default[key]]
    same += [f"device.{key}" for key in default["device"] if given["device"][key] == default["device"][key]]
    assert same == [], "give these a value"


def test_a_study_that_differs_from_the_defaults_in_everything_makes_the_round_trip(study: Study):
    text = write_study(study)
    again = make_study(text, slug="again", owner=UserFactory())
    assert write_study(again) == text.replace("slug: original", "slug: again")
    for model in WHOLE:
        expected = [row | ({"slug": "again"} if model is Study else {}) for row in rows(study, model)]
        assert rows(again, model) == expected, model


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_settings_that_are_all_other_than_the_defaults_make_the_round_trip(protocol: str, sets):
    settings = unusual_settings(protocol)
    study = create_study(name="A", protocol=protocol, conditions=sets, settings=settings, slug="original")
    assert study.settings == settings
    assert make_study(write_study(study), slug="again").settings == settings
