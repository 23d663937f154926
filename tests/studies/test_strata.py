"""Groups of raters: who is in which, and which settings make sense."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from humaneval.studies.models import Study
from humaneval.studies.strata import check_strata, device_class, stratum_of
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
