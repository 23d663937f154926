"""Who may see a report: members of its team who may sign in, by session or token, and nobody else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from humaneval.teams.models import ApiToken
from humaneval.teams.roles import Role
from tests.factories import member

PAGES = ["/studies/digits/report/", "/studies/digits/report/download/"]
DATA = [
    "/api/v1/studies/digits/report/",
    "/api/v1/studies/digits/votes.csv",
    "/api/v1/studies/digits/estimates.csv",
    "/api/v1/studies/digits/scores.csv",
    "/api/v1/studies/digits/correlations.csv",
    "/api/v1/studies/digits/exclusions.csv",
]


def signed_in(*, is_staff: bool) -> Client:
    client = Client()
    role = Role.ANALYST if is_staff else Role.VIEWER
    client.force_login(member(role=role, username="someone", is_staff=is_staff))
    return client


@pytest.mark.parametrize("address", PAGES)
def test_pages_send_strangers_to_the_login(two_afc, address):
    for client in (Client(), signed_in(is_staff=False)):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("address", PAGES)
def test_pages_open_for_staff(two_afc, address):
    assert signed_in(is_staff=True).get(address).status_code == 200


@pytest.mark.parametrize("address", DATA)
def test_data_is_refused_to_the_anonymous(two_afc, address):
    assert Client().get(address).status_code == 401


@pytest.mark.parametrize("address", DATA)
def test_data_is_forbidden_to_users_who_are_not_staff(two_afc, address):
    client = signed_in(is_staff=False)
    assert client.get(address).status_code == 403
    token = ApiToken.objects.create(user=User.objects.get(username="someone"))
    assert Client().get(address, headers={"Authorization": f"Token {token.secret}"}).status_code == 403


@pytest.mark.parametrize("address", DATA)
def test_data_opens_for_staff_by_session_and_by_token(two_afc, address):
    assert signed_in(is_staff=True).get(address).status_code == 200
    token = ApiToken.objects.create(user=User.objects.get(username="someone"))
    assert Client().get(address, headers={"Authorization": f"Token {token.secret}"}).status_code == 200


def test_a_snapshot_is_taken_by_staff_only_and_only_by_post(two_afc):
    address = "/studies/digits/report/refresh/"
    assert Client().post(address).status_code == 302
    assert two_afc.snapshots.count() == 0
    staff = signed_in(is_staff=True)
    assert staff.get(address).status_code == 405
    assert staff.post(address)["Location"] == "/studies/digits/report/"
    assert two_afc.snapshots.count() == 1


def test_a_foreign_site_cannot_press_refresh(two_afc):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member(role=Role.OWNER))
    assert client.post("/studies/digits/report/refresh/").status_code == 403


@pytest.mark.parametrize("address", [*PAGES, *DATA])
def test_a_study_that_does_not_exist_is_not_found(db, address):
    response = signed_in(is_staff=True).get(address)
    assert response.status_code == 404
