"""From rows to designs, and trials to look at."""

from __future__ import annotations

import pytest

from humaneval.samples.models import Sample
from humaneval.studies.design import NotLaunchable, design_of, digest, preview_trials, problems_of
from humaneval.studies.models import Study, Trial
from tests.studies.conftest import make_set

pytestmark = pytest.mark.django_db


def test_a_design_holds_what_the_study_says(make_study, sets):
    study = make_study("likert", settings={"grid_size": 4})
    design = design_of(study)
    assert [(str(c), c.kind, len(c.samples)) for c in design.conditions] == [
        ("Photos", "real", 8),
        ("Model A", "generated", 8),
        ("Model B", "generated", 8),
    ]
    assert (design.trial_count, design.seed, design.settings["grid_size"]) == (12, 7, 4)
    assert design.questions[0].high_label == "Completely realistic"


def test_samples_stand_in_the_order_of_their_names_whatever_their_ids(db, make_study):
    first = make_set("Turned", samples=0)
    for name in ("b.png", "a.png", "C.png"):
        Sample.objects.create(
            sample_set=first,
            name=name,
            sha256=name,
            file="x",
            format="PNG",
            mode="L",
            width=1,
            height=1,
            size=1,
        )
    [condition] = design_of(make_study("likert", conditions=[first])).conditions
    names = Sample.objects.in_bulk(condition.samples.tolist())
    assert [names[pk].name for pk in condition.samples.tolist()] == ["C.png", "a.png", "b.png"]


@pytest.mark.parametrize("conditions", [1, 3])
def test_a_design_takes_three_queries_whatever_the_number_of_sets(
    make_study, sets, django_assert_num_queries, conditions
):
    study = make_study("likert", conditions=sets[:conditions])
    with django_assert_num_queries(3):
        design_of(study)


def test_the_digest_changes_with_all_that_trials_are_made_from(make_study, sets):
    study = make_study()
    before = digest(study, design_of(study))
    assert digest(study, design_of(study)) == before
    study.title = "New title"
    assert digest(study, design_of(study)) == before
    study.seed += 1
    assert digest(study, design_of(study)) != before
    study.seed -= 1
    Sample.objects.filter(sample_set=sets[1]).first().delete()
    assert digest(study, design_of(study)) != before


def test_an_unknown_protocol_is_a_problem_not_a_crash(make_study):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(protocol="gone")
    study.refresh_from_db()
    assert "no protocol “gone”" in problems_of(study, design_of(study))[0]


def test_a_drafts_preview_is_what_a_launch_would_make(make_study):
    study = make_study()
    shown = preview_trials(study, 3)
    assert [trial.number for trial in shown] == [0, 1, 2]
    assert shown == preview_trials(study, 12)[:3]


def test_a_launched_studys_preview_is_its_own_trials(make_study):
    study = make_study()
    made, condition = preview_trials(study, 2), study.conditions.first()
    Trial.objects.create(study=study, number=0, condition=condition, slots=[[5], [6]], turn=1)
    Study.objects.filter(pk=study.pk).update(state="open")
    study.refresh_from_db()
    [stored] = preview_trials(study, 5)
    assert stored not in made
    assert (stored.slots, stored.turn) == (((5,), (6,)), 1)


def test_a_draft_without_trials_to_make_says_why(make_study):
    with pytest.raises(NotLaunchable, match="needs at least 1 generated sample set"):
        preview_trials(make_study(conditions=[]), 3)


def test_keys_for_answers_that_the_protocol_does_not_have_keep_a_study_from_its_launch(make_study):
    study = make_study("two_afc", flow={"keys": {"left": "a", "both_good": "b"}})
    [problem] = problems_of(study, design_of(study))
    assert problem == "Keys: there is no answer “both_good”; there are left, right, next."
