"""Groups of raters as rows of a study's form: no JSON, what is wrong is said beside its field."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from humaneval.studies.models import Study
from humaneval.studies.strata import check_strata
from humaneval.studies.strata_rows import shown_rows, strata_of, values_of
from tests.factories import SessionFactory, draft_study, set_state
from tests.studies.test_admin import change_url, untouched

pytestmark = pytest.mark.django_db

DEVICES = {
    "by": "device",
    "groups": {"small": {"votes": 2, "values": ["phone", "tablet"]}, "desktop": {"votes": 1}},
}
COUNTRIES = {"by": "parameter:country", "groups": {name: {"votes": 1} for name in ("NL", "KE", "BR")}}
TWO_ROWS = {
    "strata_by": "device",
    "strata_0_name": "small",
    "strata_0_votes": "2",
    "strata_0_values": "phone\r\n tablet\r\n",
    "strata_1_name": "desktop",
    "strata_1_votes": "1",
}


@pytest.fixture
def save(admin_client: Client):
    """Return a function that changes fields of a study's form and gives the answer."""

    def change(study: Study, **fields: Any) -> Any:
        data = {**untouched(admin_client, study), **fields}
        answer = admin_client.post(change_url(study), data)
        study.refresh_from_db()
        return answer

    return change


@pytest.mark.parametrize("strata", [{}, DEVICES, COUNTRIES])
def test_strata_survive_their_rows(strata: dict):
    check_strata(strata)
    assert strata_of(values_of(strata), shown_rows(strata)) == strata


@pytest.mark.parametrize("strata", [{}, DEVICES, COUNTRIES])
def test_saving_the_page_untouched_changes_nothing(strata: dict, save):
    study = draft_study(trial_count=6, votes_per_trial=3, strata=strata)
    assert save(study).status_code == 302
    assert study.strata == strata


def test_groups_are_written_without_json(save, admin_client: Client):
    study = draft_study(trial_count=6, votes_per_trial=3)
    assert save(study, **TWO_ROWS).status_code == 302
    assert study.strata == DEVICES
    assert shown_rows(study.strata) == 4
    by_link = {"strata_by": "parameter", "strata_parameter": "panel"}
    assert save(study, **by_link).status_code == 302
    assert study.strata == {**DEVICES, "by": "parameter:panel"}


def test_values_may_stand_on_one_line_and_the_launch_page_tells_the_groups(save, admin_client: Client):
    study = draft_study(trial_count=6, votes_per_trial=3)
    by_link = {"strata_by": "parameter", "strata_parameter": "country", "strata_0_values": "NL, BE"}
    assert save(study, **{**TWO_ROWS, **by_link}).status_code == 302
    assert study.strata["groups"]["small"]["values"] == ["NL", "BE"]
    page = admin_client.get(reverse("admin:studies_study_launch", args=[study.pk])).content.decode()
    assert "by country in their link (?country=NL)" in page
    assert "small: 2 of each trial&#x27;s votes (NL, BE)" in page


def test_no_row_is_lost_where_somebody_else_has_taken_groups_out_meanwhile(save, admin_client: Client):
    study = draft_study(trial_count=6, votes_per_trial=3, strata=COUNTRIES)
    typed = untouched(admin_client, study)
    Study.objects.filter(pk=study.pk).update(strata={})
    answer = admin_client.post(change_url(study), {**typed, "strata_2_votes": "0"})
    assert list(answer.context["adminform"].form.errors) == ["strata_2_votes"]
    third = typed["strata_2_name"]  # databases keep the order of a JSON object's keys, or do not
    assert f'name="strata_2_name" value="{third}"' in answer.content.decode()
    assert admin_client.post(change_url(study), typed).status_code == 302
    study.refresh_from_db()
    assert study.strata == COUNTRIES


def test_a_row_that_is_emptied_goes_and_anybody_may_come_again(save):
    study = draft_study(trial_count=6, votes_per_trial=3, strata=DEVICES)
    gone = {"strata_1_name": "", "strata_1_votes": "", "votes_per_trial": 2}
    assert save(study, **gone).status_code == 302
    assert list(study.strata["groups"]) == ["small"]
    empty = {"strata_0_name": "", "strata_0_votes": "", "strata_0_values": "", "strata_by": ""}
    assert save(study, **empty).status_code == 302
    assert study.strata == {}


def test_a_running_studys_groups_may_change_and_a_closed_ones_are_told(save, admin_client: Client):
    study = draft_study(trial_count=6, votes_per_trial=3, strata=DEVICES)
    set_state(study, "open")
    assert save(study, strata_0_votes="4", votes_per_trial="5").status_code == 302
    assert study.strata["groups"]["small"]["votes"] == 4
    set_state(study, "closed")
    text = admin_client.get(change_url(study)).content.decode()
    assert "small: 4 of each trial&#x27;s votes (phone, tablet)" in text
    assert "strata_0_votes" not in text


def test_a_group_that_raters_have_come_to_keeps_its_name(save, api):
    study = draft_study(trial_count=6, votes_per_trial=3, strata=DEVICES)
    set_state(study, "open")
    SessionFactory(study=study, stratum="small")
    answer = save(study, strata_0_name="handheld")
    errors = answer.context["adminform"].form.errors["strata_0_votes"]
    assert "Raters have come to “small” already" in str(errors)
    assert "Put the name back" in str(errors)
    address = f"/api/v1/studies/{study.slug}/"
    for strata in ({}, {"by": "device", "groups": {"desktop": {"votes": 3}}}):
        answer = api.patch(address, {"strata": strata}, format="json")
        assert answer.status_code == 400
        assert "Raters have come to “small” already" in answer.json()["strata"][0]
        study.strata = strata
        with pytest.raises(ValidationError, match="Raters have come"):
            study.save()
        study.refresh_from_db()
    assert study.strata == DEVICES
    changes = {"strata_0_values": "phone", "strata_1_name": "computers", "strata_1_values": "desktop"}
    assert save(study, **changes).status_code == 302
    assert study.strata["groups"] == {
        "small": {"votes": 2, "values": ["phone"]},
        "computers": {"votes": 1, "values": ["desktop"]},
    }


def test_groups_do_not_come_after_raters_who_are_in_none(save):
    study = draft_study(trial_count=6, votes_per_trial=3)
    set_state(study, "open")
    SessionFactory(study=study)
    answer = save(study, **TWO_ROWS)
    assert "Raters have come already" in str(answer.context["adminform"].form.errors["strata_0_votes"])
    assert study.strata == {}


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"strata_by": ""}, "strata_by", "Say by what the groups below are told apart"),
        ({"strata_by": "parameter"}, "strata_parameter", "Name the parameter"),
        (
            {"strata_by": "parameter", "strata_parameter": "?c="},
            "strata_parameter",
            "no parameter&#x27;s name",
        ),
        ({"strata_by": "age"}, "strata_by", "Select a valid choice"),
        ({"strata_0_name": " "}, "strata_0_name", "Give the group a name"),
        ({"strata_0_name": "x" * 41}, "strata_0_name", "1 to 40 characters"),
        ({"strata_1_name": "small"}, "strata_1_name", "a group of this name already"),
        ({"strata_1_votes": ""}, "strata_1_votes", "how many votes"),
        ({"strata_1_votes": "0"}, "strata_1_votes", "greater than or equal to 1"),
        ({"strata_1_votes": "some"}, "strata_1_votes", "whole number"),
        ({"strata_0_values": "watch"}, "strata_0_values", "“watch” is no kind of device"),
        ({"strata_1_name": "other"}, "strata_1_name", "“other” is no kind of device"),
        ({"strata_1_values": "phone"}, "strata_1_values", "“phone” is in a group already"),
        ({"strata_1_votes": "5"}, "strata_0_votes", "add up to 7; a trial wants 3"),
        ({"votes_per_trial": "x", "strata_1_votes": "5"}, "votes_per_trial", "whole number"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(changes, field, reason, save):
    study = draft_study(trial_count=6, votes_per_trial=3)
    answer = save(study, **{**TWO_ROWS, **changes})
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert list(form.errors) == [field]
    assert reason in str(form.errors[field])
    assert {name: form[name].value() for name in TWO_ROWS} == {
        name: value for name, value in {**TWO_ROWS, **changes}.items() if name in TWO_ROWS
    }
    assert study.strata == {}


def test_what_is_wrong_is_not_folded_away(save):
    study = draft_study(trial_count=6, votes_per_trial=3)
    answer = save(study, **TWO_ROWS, strata_1_values="watch")
    (section,) = [one for one in answer.context["adminform"] if "strata_by" in one.fields]
    assert not section.is_collapsible


def test_votes_that_no_longer_fit_stored_groups_are_refused_in_words(save):
    study = draft_study(trial_count=6, votes_per_trial=3, strata=DEVICES)
    answer = save(study, votes_per_trial="9", strata_by="", strata_0_name="kept")
    assert list(answer.context["adminform"].form.errors) == ["strata_by"]
    answer = save(study, votes_per_trial="9", title="x" * 500)
    assert set(answer.context["adminform"].form.errors) == {"title", "strata_0_votes"}
