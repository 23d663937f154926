"""Raters, sessions and votes in the admin: to be looked at, not touched."""

from __future__ import annotations

import pytest
from django.test import Client

from humaneval.rating.models import Rater, Session, Vote
from humaneval.recruitment.models import LinkSettings
from tests.factories import UserFactory, open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_client() -> Client:
    """Somebody with every permission."""
    client = Client()
    client.force_login(UserFactory())
    return client


@pytest.fixture
def voted(rater_of) -> None:
    """A rater who has voted."""
    rater_of(open_study(trial_count=5), rater="P-17").answer_everything()


@pytest.mark.parametrize("model", [Rater, Session, Vote])
def test_it_lists_and_shows_what_there_is(admin_client, voted, model: type):
    name = model._meta.model_name
    assert admin_client.get(f"/admin/rating/{name}/").status_code == 200
    page = admin_client.get(f"/admin/rating/{name}/{model.objects.first().pk}/change/")
    assert page.status_code == 200
    assert Rater.objects.get().pseudonym in page.content.decode()


@pytest.mark.parametrize("model", [Rater, Session, Vote])
def test_nothing_can_be_added_changed_or_deleted(admin_client, voted, model: type):
    name, pk = model._meta.model_name, model.objects.first().pk
    assert admin_client.get(f"/admin/rating/{name}/add/").status_code == 403
    assert admin_client.post(f"/admin/rating/{name}/{pk}/change/", {}).status_code == 403
    assert admin_client.post(f"/admin/rating/{name}/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=pk).exists()


def test_no_token_hash_is_shown(admin_client, voted):
    session = Session.objects.get()
    page = admin_client.get(f"/admin/rating/session/{session.pk}/change/").content.decode()
    assert session.token_hash not in page


def test_a_list_of_votes_takes_a_fixed_number_of_queries(
    admin_client, rater_of, django_assert_max_num_queries
):
    study = open_study(trial_count=40)
    for _ in range(2):
        rater_of(study).answer_everything()
    with django_assert_max_num_queries(12):
        assert admin_client.get("/admin/rating/vote/").status_code == 200


def test_link_settings_are_made_in_the_admin(admin_client):
    study = open_study()
    sent = {"study": study.pk, "person_parameter": "pid", "return_url": "https://panel.example/?cc={code}"}
    assert admin_client.post("/admin/recruitment/linksettings/add/", sent).status_code == 302
    assert LinkSettings.objects.get().return_url.endswith("{code}")
