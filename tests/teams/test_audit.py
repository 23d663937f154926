"""The audit log notes who changed access and exclusions, and a changed line is found."""

from __future__ import annotations

import io
from importlib import import_module

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from humaneval.keeping.census import Census, differing_audit_log
from humaneval.rating.append_only import protect, unprotect, unprotected_tables
from humaneval.rating.exclusions import declare_rules, default_rules
from humaneval.studies.models import Study
from humaneval.teams import members
from humaneval.teams.audit import audit_head, record_action
from humaneval.teams.models import DEFAULT_TEAM, AuditEntry, Membership, Team
from humaneval.teams.roles import Role
from tests.factories import StudyFactory, TeamFactory, UserFactory, draft_study, member, open_study

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


def test_deleting_a_study_is_noted_as_the_rules_declared_for_it_were(client: Client) -> None:
    user, study, other = UserFactory(), draft_study(samples=1), draft_study(samples=1)
    declare_rules(study=study, name="strict", rules=default_rules(), user=user)
    client.force_login(user)
    assert client.delete(f"/api/v1/studies/{study.slug}/").status_code == 204
    assert client.post(f"/admin/studies/study/{other.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Study.objects.exists()
    assert actions() == ["declare exclusion rules", "delete study", "delete study"]
    by_program, by_hand = AuditEntry.objects.filter(action="delete study").order_by("id")
    assert (by_program.user, by_program.team_id) == (by_hand.user, by_hand.team_id) == (user, DEFAULT_TEAM)
    assert (by_program.detail, by_hand.detail) == ({"study": study.slug}, {"study": other.slug})
    assert by_program.subject == f"study:{study.pk}"


def test_a_study_that_may_not_be_deleted_leaves_no_line(client: Client) -> None:
    study = open_study(trial_count=2, samples=4)
    client.force_login(UserFactory())
    assert client.delete(f"/api/v1/studies/{study.slug}/").status_code == 409
    assert actions() == []


def test_giving_a_study_to_another_team_is_noted_and_its_other_changes_are_not(client: Client) -> None:
    user, study, team = UserFactory(), StudyFactory(), TeamFactory(slug="faces")
    client.force_login(user)
    for change in ({"name": "Other"}, {"team": team.slug}):
        address = f"/api/v1/studies/{study.slug}/"
        assert client.patch(address, change, content_type="application/json").status_code == 200
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.user, entry.team) == ("move to team", user, team)
    assert entry.detail == {"team": "faces", "before": "everyone"}


def test_a_line_given_to_another_team_breaks_the_chain() -> None:
    members.join(team=TeamFactory(), user=UserFactory(), role=Role.VIEWER)
    call_command("check_audit_log")
    unprotect(connection)
    AuditEntry.objects.update(team=DEFAULT_TEAM)
    with pytest.raises(CommandError, match="does not follow"):
        call_command("check_audit_log")


@pytest.fixture
def lines() -> list[AuditEntry]:
    """Give a log of three lines."""
    user = UserFactory()
    return [record_action(action=f"act {number}", subject=user, user=user) for number in range(3)]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE recruitment_auditentry SET action = 'x'", "DELETE FROM recruitment_auditentry"],
)
def test_the_database_refuses_to_change_or_delete_lines(lines: list[AuditEntry], statement: str) -> None:
    refusal = pytest.raises(IntegrityError, match="append-only")
    with refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_logs_protection_can_be_undone_and_done_again(lines: list[AuditEntry]) -> None:
    migration = import_module("humaneval.rating.migrations.0010_audit_log_is_append_only")
    editor = type("Editor", (), {"connection": connection})
    migration.unprotect(None, editor)
    assert unprotected_tables(connection) == ["recruitment_auditentry"], "votes stay protected"
    assert AuditEntry.objects.filter(pk=lines[2].pk).update(action="x") == 1
    migration.protect(None, editor)
    assert unprotected_tables(connection) == []


def cut(entry: AuditEntry) -> None:
    """Take a line away, as who owns the database can."""
    unprotect(connection)
    AuditEntry.objects.filter(pk=entry.pk).delete()
    protect(connection)


def test_that_the_newest_line_was_taken_shows_against_a_head_that_was_kept(
    lines: list[AuditEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_audit_log")
    head = capsys.readouterr().out.split("Head: ")[1].strip()
    assert head == f"3:{lines[2].digest}"
    census = Census({}, {}, audit=audit_head())
    assert list(differing_audit_log(census)) == []
    cut(lines[2])
    call_command("check_audit_log")
    assert "only a head that was kept shows" in capsys.readouterr().out
    with pytest.raises(CommandError, match="lines were taken from it"):
        call_command("check_audit_log", head=head)
    (problem,) = differing_audit_log(census)
    assert problem.startswith("The audit log ends at 2:")
    record_action(action="another", subject=UserFactory())
    with pytest.raises(CommandError, match="lines were taken from it"):
        call_command("check_audit_log", head=head)


def test_a_log_that_has_grown_holds_against_an_earlier_head(lines: list[AuditEntry]) -> None:
    head = audit_head()
    record_action(action="another", subject=UserFactory())
    call_command("check_audit_log", head=head)
    call_command("check_audit_log", head="0:" + "0" * 64)
    with pytest.raises(CommandError, match="A head looks like"):
        call_command("check_audit_log", head="3")


def test_a_chain_that_breaks_on_the_way_is_told_and_one_that_was_broken_before_is_not(
    lines: list[AuditEntry],
) -> None:
    cut(lines[1])
    was_whole = Census({}, {}, audit=audit_head())
    was_broken = Census({}, {}, audit=audit_head(), audit_broken=lines[2].pk)
    assert list(differing_audit_log(was_whole)) == [
        f"Line {lines[2].pk} of the audit log is not what it was."
    ]
    assert list(differing_audit_log(was_broken)) == []
    assert list(differing_audit_log(Census({}, {}))) == [], "a backup of before heads were kept"


def test_ones_own_password_is_noted_once_it_has_changed(client: Client) -> None:
    user = UserFactory()
    user.set_password("old words")
    user.save()
    client.force_login(user)
    form = {"old_password": "wrong", "new_password1": "quite new words", "new_password2": "quite new words"}
    assert client.post("/admin/password_change/", form).status_code == 200
    assert actions() == []
    answer = client.post("/admin/password_change/", {**form, "old_password": "old words"})
    assert answer["Location"] == "/admin/password_change/done/"
    assert actions() == ["change own password"]
    assert AuditEntry.objects.get().user == user


def test_making_renaming_and_deleting_a_team_is_noted(admin_client: Client) -> None:
    admin_client.post("/admin/teams/team/add/", {"name": "Faces", "slug": "faces"})
    team = Team.objects.get(slug="faces")
    page = f"/admin/teams/team/{team.pk}"
    rows = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    admin_client.post(f"{page}/change/", {"name": "Faces", "slug": "faces", **rows})
    assert actions() == ["make team"]
    assert AuditEntry.objects.get().team is None, "a line of its own would keep it from being deleted"
    admin_client.post(f"{page}/delete/", {"post": "yes"})
    admin_client.post(
        f"/admin/teams/team/{DEFAULT_TEAM}/change/", {"name": "Lab", "slug": "everyone", **rows}
    )
    assert actions() == ["make team", "delete team", "rename team"]
    renamed = AuditEntry.objects.latest("id")
    assert (renamed.team_id, renamed.detail) == (DEFAULT_TEAM, {"name": ["Everyone", "Lab"]})


def test_what_changes_access_on_the_command_line_is_noted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")
    call_command("createsuperuser", interactive=False, username="ada", email="ada@lab.example", verbosity=0)
    monkeypatch.setattr("getpass.getpass", lambda **_: "battery horse correct")
    call_command("changepassword", "ada", stdout=io.StringIO())
    made, changed = AuditEntry.objects.order_by("id")
    assert (made.action, made.detail["person"], made.detail["superuser"]) == ("add person", "ada", True)
    assert (changed.action, changed.subject, changed.detail["by"]) == (
        "set password",
        made.subject,
        "command line",
    )
    assert User.objects.get(username="ada").check_password("battery horse correct")


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
