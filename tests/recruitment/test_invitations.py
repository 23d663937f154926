"""Invitations: names in, links out, one rater each."""

from __future__ import annotations

import csv

import pytest
from rest_framework.test import APIClient

from humaneval.rating.completion import completion_of
from humaneval.rating.models import SessionState
from humaneval.rating.refusals import Refusal
from humaneval.recruitment.link.invitations import (
    ListRefused,
    find_invitation,
    invite,
    link_of,
    read_names,
    rows_of_links,
    token_of,
)
from humaneval.recruitment.models import Invitation, LinkSettings
from humaneval.teams.models import AuditEntry
from humaneval.teams.roles import Role
from tests.factories import TokenFactory, UserFactory, member, open_study
from tests.recruitment.conftest import arrive

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    """Give an open study."""
    return open_study(trial_count=6, samples=6)


def tokens(study) -> list[str]:
    """Return the tokens of a study's invitations."""
    return [token_of(invitation) for invitation in study.invitations.order_by("number")]


def test_an_invitation_is_one_rater_wherever_it_is_opened(study):
    invite(study=study, names=["ann@lab.example", "bob@lab.example"])
    ann, bob = tokens(study)
    assert arrive(study, {"invitation": ann}) == arrive(study, {"invitation": ann})
    assert arrive(study, {"invitation": ann}) != arrive(study, {"invitation": bob})
    assert study.invitations.get(number=1).session == arrive(study, {"invitation": ann})


def test_who_is_invited_twice_keeps_their_link(study):
    assert invite(study=study, names=["ann", "bob", "ann"]) == 2
    before = tokens(study)
    assert invite(study=study, names=["bob", "cat"]) == 1
    assert tokens(study)[:2] == before


@pytest.mark.parametrize("token", ["", "1", "1-", "x-y", "1-AAAAAAAAAAAAAAAAAAAAAA", "²-x", "9" * 30 + "-x"])
def test_a_made_up_invitation_is_refused(study, token):
    invite(study=study, names=["ann"])
    with pytest.raises(Refusal) as caught:
        arrive(study, {"invitation": token})
    assert caught.value.code == "invitation_unknown"


def test_another_studys_invitation_is_refused(study):
    other = open_study(trial_count=6, samples=6)
    invite(study=other, names=["ann"])
    assert find_invitation(study, tokens(other)[0]) is None


def test_a_study_by_invitation_takes_nobody_else(study):
    LinkSettings.objects.create(study=study, invited_only=True)
    invite(study=study, names=["ann"])
    for parameters in ({}, {"rater": "7"}):
        with pytest.raises(Refusal) as caught:
            arrive(study, parameters)
        assert caught.value.code == "invitation_needed"
    assert arrive(study, {"invitation": tokens(study)[0]})


def test_names_lie_in_the_database_as_ciphertext(study):
    invite(study=study, names=["ann@lab.example"])
    stored = str(Invitation.objects.values().get())
    assert not [part for part in ("ann@", "@lab", "b.example") if part in stored]  # none can come by chance
    assert [(name, state) for name, _link, state in rows_of_links(study)] == [("ann@lab.example", "invited")]


def test_neither_token_nor_name_is_kept_with_the_session(study):
    invite(study=study, names=["ann"])
    session = arrive(study, {"invitation": tokens(study)[0], "batch": "3"})
    assert session.arrival == {"batch": "3"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ann\n\n bob \r\n", ["ann", "bob"]),
        ("\ufeffE-mail,Group\nann@x.example,1\n", ["ann@x.example"]),
        ('"Lee, Ann"\n', ["Lee, Ann"]),
    ],
)
def test_lists_are_read_as_people_write_them(text, names):
    assert read_names(text) == names


@pytest.mark.parametrize("text", ["", "\n\n", "name\n", "x" * 201, "a\x00b", "n\n" * 10_001])
def test_a_list_that_is_none_is_refused_with_a_reason(text):
    with pytest.raises(ListRefused):
        read_names(text)


def test_the_list_goes_in_and_the_links_come_out_on_the_page(study, client):
    client.force_login(UserFactory())
    page = f"/studies/{study.slug}/invitations/"
    assert client.post(page, {"names": "ann\n=HYPERLINK(1)"}).status_code == 302
    rows = list(csv.DictReader(client.get(f"{page}links.csv").content.decode().splitlines()))
    assert [row["name"] for row in rows] == ["ann", "'=HYPERLINK(1)"]
    assert rows[0]["link"] == link_of(study.invitations.get(number=1))
    assert client.post(page, {"names": ""}).status_code == 400


def test_the_code_says_how_it_went(study):
    LinkSettings.objects.create(
        study=study, quota_full_code="FULL", return_url="https://p.example/?cc={code}"
    )
    session = arrive(study, {"rater": "7"})
    session.state = SessionState.COMPLETED
    assert completion_of(session).url == "https://p.example/?cc=FULL"


def test_only_the_parameters_that_were_named_are_kept(study):
    LinkSettings.objects.create(study=study, person_parameter="participantId", kept_parameters="projectId")
    session = arrive(study, {"participantId": "7", "projectId": "3", "email": "a@b.example"})
    assert session.arrival == {"projectId": "3"}


def manager() -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {TokenFactory(user=member(role=Role.MANAGER)).secret}")
    return client


def test_a_program_invites_and_gets_the_links_and_both_are_noted(study):
    client, address = manager(), f"/api/v1/studies/{study.slug}/invitations/"
    made = client.post(address, {"names": ["ann", "bob"]}, format="json")
    assert (made.status_code, [row["name"] for row in made.data]) == (201, ["ann", "bob"])
    arrive(study, {"invitation": made.data[0]["link"].rpartition("=")[2]})
    again = client.post(address, {"names": ["bob", "cat"]}, format="json").data
    assert [(row["name"], row["state"]) for row in again] == [
        ("ann", "begun"), ("bob", "invited"), ("cat", "invited"),
    ]  # fmt: skip
    assert client.get(address).data == again
    assert client.post(address, {"names": []}, format="json").status_code == 400
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["invite", "download invitation links"] * 2 + ["download invitation links"]


def test_a_program_changes_where_a_link_leads(study):
    client, address = manager(), f"/api/v1/studies/{study.slug}/link/"
    assert client.get(address).data["person_parameter"] == "rater"
    changed = client.patch(address, {"return_url": "https://x.example/?c={code}"}, format="json")
    assert (changed.status_code, changed.data["return_url"]) == (200, "https://x.example/?c={code}")
    refused = client.patch(address, {"return_url": "https://x.example/?c={secret}"}, format="json")
    assert (refused.status_code, list(refused.data)) == (400, ["return_url"])
    assert LinkSettings.objects.get().return_url == "https://x.example/?c={code}"
    assert AuditEntry.objects.get().detail == {"changed": {"return_url": "https://x.example/?c={code}"}}
