"""Groups of raters: who is in which, and which settings make sense."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from humaneval.studies.groups_field import in_order, with_order
from humaneval.studies.models import Study
from humaneval.studies.strata import check_strata, device_class, groups_of, stratum_of
from tests.factories import draft_study

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/140.0 Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15"


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ({"user_agent": IPHONE}, "phone"),
        ({"user_agent": ANDROID_TABLET}, "tablet"),
        ({"user_agent": MAC, "touch": False}, "desktop"),
        ({"user_agent": MAC, "touch": True}, "tablet"),
        ({"user_agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140"}, "desktop"),
        ({}, "desktop"),
    ],
)
def test_devices_are_told_apart(device: dict, expected: str):
    assert device_class(device) == expected


def test_a_group_may_hold_several_values():
    strata = {"by": "device", "groups": {"small": {"values": ["phone", "tablet"], "votes": 1}}}
    assert stratum_of(strata, {"user_agent": ANDROID_TABLET}, {}) == "small"
    assert stratum_of(strata, {"user_agent": MAC}, {}) is None
    assert stratum_of({}, {}, {}) == ""


def test_capital_letters_and_blanks_around_keep_nobody_out():
    strata = {"by": "parameter:country", "groups": {"low": {"values": ["NL", "be"], "votes": 1}}}
    assert [stratum_of(strata, {}, {"country": given}) for given in ("nl", " NL ", "BE")] == ["low"] * 3
    assert stratum_of(strata, {}, {"country": ""}) is None


@pytest.mark.parametrize(
    ("strata", "reason"),
    [
        ([], "object with “by”"),
        ({"by": "device"}, "object with “by”"),
        ({"by": "age", "groups": {"a": {"votes": 1}}}, "“by” is “device”"),
        ({"by": "parameter:", "groups": {"a": {"votes": 1}}}, "“by” is “device”"),
        ({"by": "device", "groups": {}}, "1 to 12 groups"),
        ({"by": "device", "groups": {"phone": 2}}, "Group “phone” is an object"),
        ({"by": "device", "groups": {"phone": {"votes": 0}}}, "whole number from 1"),
        ({"by": "device", "groups": {"phone": {"votes": True}}}, "whole number from 1"),
        ({"by": "device", "groups": {"watch": {"votes": 1}}}, "“watch” is no kind of device"),
        ({"by": "device", "groups": {"phone": {"votes": 1, "values": []}}}, "list of texts"),
        ({"by": "parameter:?country=", "groups": {"a": {"votes": 1}}}, "is no parameter's name"),
        ({"by": "parameter:my country", "groups": {"a": {"votes": 1}}}, "is no parameter's name"),
        ({"by": "parameter:c", "groups": {"a": {"votes": 1, "values": ["NL, BE"]}}}, "is not one value"),
        ({"by": "parameter:c", "groups": {"a": {"votes": 1, "values": [""]}}}, "is not one value"),
        ({"by": "parameter:c", "groups": {"NL;BE": {"votes": 1}}}, "is not one value"),
        (
            {"by": "parameter:c", "groups": {"a": {"votes": 1}, "A": {"votes": 1}}},
            "belongs to one group",
        ),
        (
            {"by": "parameter:c", "groups": {"a": {"votes": 1}, "b": {"votes": 1, "values": ["a"]}}},
            "belongs to one group",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(strata, reason: str):
    with pytest.raises(ValidationError, match=reason):
        check_strata(strata)


@pytest.mark.django_db
def test_the_groups_votes_are_the_votes_of_a_trial():
    study = draft_study(trial_count=6, votes_per_trial=3)
    study.strata = {"by": "device", "groups": {"phone": {"votes": 1}, "desktop": {"votes": 1}}}
    with pytest.raises(ValidationError, match="add up to 2; a trial wants 3"):
        study.full_clean()
    study.strata = {"by": "device", "groups": {"phone": "many"}}
    with pytest.raises(ValidationError, match="is an object"):
        study.full_clean()
    study.strata = {}
    study.full_clean()


@pytest.mark.django_db
def test_quotas_are_read_and_written_by_the_api(api):
    study = draft_study(trial_count=6, votes_per_trial=2)
    quotas = {
        "unique_samples": True,
        "raters_at_most": 40,
        "sessions_per_rater": 2,
        "strata": {"by": "device", "groups": {"phone": {"votes": 1}, "desktop": {"votes": 1}}},
    }
    url = f"/api/v1/studies/{study.slug}/"
    assert quotas.items() <= api.patch(url, quotas, format="json").json().items()
    wrong = api.patch(url, {"votes_per_trial": 5}, format="json")
    assert wrong.status_code == 400
    assert "add up to 2" in wrong.json()["strata"][0]
    assert Study.objects.get().votes_per_trial == 2


@pytest.mark.django_db
def test_groups_keep_the_order_that_they_were_declared_in():
    strata = {
        "by": "parameter:land",
        "groups": {"zz": {"votes": 1}, "longer": {"votes": 1}, "a": {"votes": 1}},
    }
    study = draft_study(strata=strata, votes_per_trial=3)
    Study.objects.filter(pk=study.pk).update(name="Another")
    stored = Study.objects.get(pk=study.pk).strata
    assert [group.name for group in groups_of(stored)] == ["zz", "longer", "a"]
    assert stored == strata, "the order is nobody else's business"


def test_the_order_is_stored_beside_the_groups_and_older_rows_are_read_as_they_are():
    given = {"by": "device", "groups": {"phone": {"votes": 2}, "desktop": {"votes": 1}}}
    stored = with_order(given)
    shuffled = {"groups": dict(sorted(stored["groups"].items())), "order": stored["order"], "by": "device"}
    assert list(in_order(shuffled)["groups"]) == ["phone", "desktop"]
    assert in_order(shuffled) == given == in_order(given)
    for other in ({}, None, "text", {"groups": 3}):
        assert in_order(with_order(other)) == other
