"""The rater's page as the server sends it, and who may see the preview."""

from __future__ import annotations

import pytest
from django.test import Client

from humaneval.rating.consent import consent_hash
from humaneval.studies.models import Study
from tests.factories import UserFactory, draft_study, open_study

pytestmark = pytest.mark.django_db


def entry(study: Study) -> str:
    """Return the address of a study's page."""
    return f"/s/{study.slug}/"


def test_the_consent_stands_in_the_page_with_the_hash_that_agreeing_sends(client: Client) -> None:
    study = open_study(consent_text="We keep <what> you answer.\n\nNothing else.")
    content = client.get(entry(study)).content.decode()
    assert "<p>We keep &lt;what&gt; you answer.</p>" in content
    assert f'data-consent="{consent_hash(study)}"' in content
    assert 'id="agree"' in content


def test_the_page_costs_one_query_and_no_cookie(client: Client, django_assert_num_queries) -> None:
    study = open_study()
    with django_assert_num_queries(1):
        page = client.get(entry(study))
    assert not page.cookies
    assert "Cookie" not in page.headers.get("Vary", "")


def test_the_page_may_be_framed_by_whom_the_settings_name(client: Client, settings) -> None:
    settings.RATER_FRAME_ANCESTORS = ["https://panel.example"]
    page = client.get(entry(open_study()))
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors https://panel.example" in policy
    assert "frame-ancestors 'none'" not in policy
    assert "script-src 'self';" in f"{policy};"
    assert "X-Frame-Options" not in page.headers


@pytest.mark.parametrize(
    ("state", "words"),
    [("closed", "has ended"), ("paused", "has been paused"), ("launching", "is being prepared")],
)
def test_a_study_that_takes_nobody_says_why(client: Client, state: str, words: str) -> None:
    study = open_study()
    Study.objects.filter(pk=study.pk).update(state=state)
    content = client.get(entry(study)).content.decode()
    assert words in content
    assert 'id="agree"' not in content


def test_a_draft_is_not_there(client: Client) -> None:
    assert client.get(entry(draft_study())).status_code == 404


def test_the_page_names_no_set(client: Client) -> None:
    study = open_study()
    content = client.get(entry(study)).content.decode()
    for condition in study.conditions.select_related("sample_set"):
        assert condition.sample_set.name not in content
    assert study.name not in content


def test_the_preview_is_for_staff(client: Client) -> None:
    address = f"{entry(draft_study())}preview/"
    assert client.get(address).status_code == 302
    client.force_login(UserFactory(is_staff=False, is_superuser=False))
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert b"Nothing is stored." in client.get(address).content


def test_the_preview_may_stand_in_a_frame_of_this_site_only(client: Client) -> None:
    client.force_login(UserFactory())
    page = client.get(f"{entry(draft_study())}preview/")
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert "no-store" in page.headers["Cache-Control"]
