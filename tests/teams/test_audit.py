"""The audit log notes who changed access and exclusions, and a changed line is found."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from humaneval.rating.exclusions import declare_rules, default_rules
from humaneval.teams import members
from humaneval.teams.models import DEFAULT_TEAM, AuditEntry, Membership, Team
from humaneval.teams.roles import Role
from tests.factories import TeamFactory, UserFactory, draft_study, member

pytestmark = pytest.mark.django_db


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_coming_changing_and_going_are_noted_with_the_team() -> None:
    team, owner, person = TeamFactory(), UserFactory(), UserFactory(is_staff=False, is_superuser=False)
    joined = members.join(team=team, user=person, role=Role.VIEWER, by=owner)
    members.join(team=team, user=person, role=Role.ANALYST, by=owner)
    members.leave(membership=joined, by=owner)
    assert actions() == ["join team", "change role", "leave team"]
    entry = AuditEntry.objects.earliest("id")
    assert (entry.team, entry.user, entry.detail["person"]) == (team, owner, person.username)
    person.refresh_from_db()
    assert person.is_staff, "members may sign in to the admin"


def test_owners_look_after_members_by_name_and_it_is_noted(client: Client) -> None:
    owner = member(role=Role.OWNER)
    person = UserFactory(is_superuser=False, username="grace")
    client.force_login(owner)
    page = f"/admin/teams/team/{DEFAULT_TEAM}/change/"
    row = Membership.objects.get(user=owner)
    form = {
        "name": "Everyone", "slug": "everyone",
        "memberships-TOTAL_FORMS": 2, "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": row.pk, "memberships-0-team": DEFAULT_TEAM, "memberships-0-role": "owner",
        "memberships-1-team": DEFAULT_TEAM, "memberships-1-person": "grace", "memberships-1-role": "analyst",
    }  # fmt: skip
    answer = client.post(page, {**form, "memberships-1-person": "nobody"})
    assert "Nobody with this user name may sign in here" in answer.content.decode()
    assert client.post(page, form).status_code == 302
    assert Membership.objects.get(user=person).role == Role.ANALYST
    assert AuditEntry.objects.get(action="join team").user == owner


def test_accounts_and_tokens_are_noted(admin_client: Client) -> None:
    person = UserFactory(is_superuser=False)
    made = admin_client.post("/admin/teams/apitoken/add/", {"user": person.pk})
    assert made.status_code == 302
    admin_client.post(f"/admin/teams/apitoken/{person.pk}/delete/", {"post": "yes"})
    assert actions()[:2] == ["make token", "revoke token"]


def test_declaring_exclusion_rules_is_noted() -> None:
    user = UserFactory()
    declare_rules(study=draft_study(samples=1), name="strict", rules=default_rules(), user=user)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.user, entry.detail["version"]) == ("declare exclusion rules", user, 1)
    assert entry.team == Team.objects.get(pk=DEFAULT_TEAM)


def test_a_line_given_to_another_team_breaks_the_chain() -> None:
    members.join(team=TeamFactory(), user=UserFactory(), role=Role.VIEWER)
    call_command("check_audit_log")
    AuditEntry.objects.update(team=DEFAULT_TEAM)
    with pytest.raises(CommandError, match="does not follow"):
        call_command("check_audit_log")


def test_a_program_reads_its_teams_people_and_log() -> None:
    team, owner = TeamFactory(slug="faces"), UserFactory(is_superuser=False, username="grace")
    members.join(team=team, user=owner, role=Role.OWNER)
    members.join(team=TeamFactory(), user=UserFactory(username="elsewhere"), role=Role.VIEWER)
    client = Client()
    client.force_login(owner)
    (mine,) = client.get("/api/v1/teams/").json()["results"]
    assert (mine["slug"], mine["role"]) == ("faces", "owner")
    people = client.get("/api/v1/teams/faces/members/").json()["results"]
    assert [(one["user"], one["role"]) for one in people] == [("grace", "owner")]
    log = client.get("/api/v1/teams/faces/audit/").json()["results"]
    assert [(one["action"], one["detail"]["person"]) for one in log] == [("join team", "grace")]
    assert len(log[0]["digest"]) == 64
