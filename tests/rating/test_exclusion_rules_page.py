"""The page of exclusion rules: versions in words, and a form that declares the next one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from humaneval.rating.exclusions import RULES, declare_rules, declared_before_launch, default_rules
from humaneval.studies import links
from humaneval.studies.models import Study
from humaneval.teams.models import AuditEntry
from humaneval.teams.roles import Role
from tests.factories import draft_study, member, opened

pytestmark = pytest.mark.django_db


def posted(page: Any, **changes: Any) -> dict[str, Any]:
    """Return what a browser posts if all but the changes is left as it is shown; None leaves a field out."""
    form = page.context["form"]
    values = {bound.html_name: bound.value() for bound in form} | {"name": "Mine", **changes}
    return {name: value for name, value in values.items() if value is not None and value is not False}


@pytest.fixture
def study() -> Study:
    """A draft."""
    return draft_study(trial_count=3)


def test_the_form_begins_with_every_rule_and_its_defaults(study: Study, admin_client: Client):
    page = admin_client.get(links.rules_path(study))
    assert "None yet." in page.content.decode()
    assert admin_client.post(links.rules_path(study), posted(page)).status_code == 302
    declared = declared_before_launch(study)
    assert declared.rules == default_rules()
    assert (declared.name, declared.version, declared.declared_by.username) == ("Mine", 1, "admin")
    assert AuditEntry.objects.get().action == "declare exclusion rules"


def test_rules_are_left_out_and_their_numbers_changed(study: Study, admin_client: Client):
    address = links.rules_path(study)
    others = {f"rule_{name}": None for name in RULES if name != "too_fast"}
    changes = {"rule_too_fast.percent_of_median": "12.5", "rule_too_fast.fewest": ""}
    admin_client.post(address, posted(admin_client.get(address), **others, **changes))
    assert declared_before_launch(study).rules == {"too_fast": {"percent_of_median": 12.5, "fewest": 30}}
    page = admin_client.get(address)
    assert "Too fast (Limit (%): 12.5, Fewest votes: 30)" in page.content.decode()
    assert page.context["form"]["rule_too_fast.percent_of_median"].value() == 12.5
    assert page.context["form"]["rule_late"].value() is False


def test_no_rule_at_all_may_be_declared(study: Study, admin_client: Client):
    admin_client.post(links.rules_path(study), {"name": "All votes"})
    assert declared_before_launch(study).rules == {}
    assert "No rule: nothing is left out." in admin_client.get(links.rules_path(study)).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "", "This field is required"),
        ("name", "x" * 200, "at most 120 characters"),
        ("rule_too_fast.percent_of_median", "500", "less than or equal to 100"),
        ("rule_too_fast.fewest", "0", "greater than or equal to 1"),
        ("rule_failed_gold.percent_right", "most", "Enter a number"),
        ("rule_failed_gold.percent_right", "nan", "Enter a number"),
    ],
)
def test_what_is_wrong_is_said_by_its_field_and_kept(
    study: Study, admin_client: Client, field, value, reason
):
    address = links.rules_path(study)
    answer = admin_client.post(address, posted(admin_client.get(address), **{field: value}))
    assert list(answer.context["form"].errors) == [field]
    assert reason in answer.context["form"].errors[field][0]
    assert answer.context["form"][field].value() == value
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not study.rule_sets.exists()


def test_a_button_pressed_twice_declares_once(study: Study, admin_client: Client):
    address = links.rules_path(study)
    for _press in range(2):
        answer = admin_client.post(address, {"name": "All votes"})
    assert "Version 1 has this name and these rules already." in answer.content.decode()
    assert study.rule_sets.count() == 1
    assert admin_client.post(address, {"name": "All votes", "rule_late": "on"}).status_code == 302


def test_each_version_says_when_by_whom_and_whether_before_launch(study: Study, admin_client: Client):
    first = member(role=Role.OWNER, username="ada")
    declare_rules(study=study, name="First thoughts", rules={"late": {}}, user=first)
    declare_rules(study=study, name="As registered", rules=default_rules())
    declare_rules(study=opened(study), name="An afterthought", rules={})
    page = admin_client.get(links.rules_path(study))
    assert [(one.rule_set.version, one.governs) for one in page.context["versions"]] == [
        (1, False),
        (2, True),
        (3, False),
    ]
    text = " ".join(page.content.decode().split())
    assert "by ada. <strong>Before launch.</strong>" in text
    assert "Before launch. The study&#x27;s own." in text or "Before launch. The study's own." in text
    assert "After launch." in text
    assert "is marked as declared after launch" in text


def test_who_may_only_look_sees_versions_and_no_form(study: Study, client: Client):
    declare_rules(study=study, name="As registered", rules={"late": {}})
    client.force_login(member(role=Role.VIEWER))
    text = client.get(links.rules_path(study)).content.decode()
    assert "As registered" in text
    assert "<form" not in text
    assert client.post(links.rules_path(study), {"name": "Mine"}).status_code == 403
    client.force_login(member(role=Role.ANALYST))
    assert client.post(links.rules_path(study), {"name": "Mine"}).status_code == 302


def test_pages_cost_the_same_queries_for_more_versions(study: Study, admin_client: Client):
    costs = []
    for _more in range(2):
        for number in range(3):
            declare_rules(study=study, name=f"Version {number}", rules={"late": {}})
        admin_client.get(links.rules_path(study))
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(links.rules_path(study))
        costs.append(len(queries))
    assert costs[0] == costs[1]
