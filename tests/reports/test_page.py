"""The report's page: what stands on it, and that a strict policy can carry it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.reports.studies import GivenVote, add_votes

ADDRESS = "/studies/digits/report/"


class Elements(HTMLParser):
    """All elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def page(scored, admin_client) -> str:
    return admin_client.get(ADDRESS).content.decode()


def test_it_shows_date_vote_count_and_the_parts(page):
    assert re.search(r"As of \d+ \w+ \d{4}, \d\d:\d\d UTC, on <strong>36 votes</strong>", page)
    for part in ("What people said", "Automated scores", "Do the metrics see what people see?", "Methods"):
        assert part in page
    assert "Krippendorff&#x27;s alpha" in page or "Krippendorff's alpha" in page
    assert "naive" in page
    assert "design effect" in page.lower()


def test_nothing_on_it_needs_an_inline_style_or_script(scored, admin_client):
    response = admin_client.get(ADDRESS)
    elements = Elements(response.content.decode()).found
    assert not [tag for tag, attributes in elements if "style" in attributes]
    assert not [tag for tag, _ in elements if tag in {"style", "script"}]
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_charts_have_text_alternatives_and_ids_of_their_own(page):
    elements = Elements(page).found
    charts = [
        attributes for tag, attributes in elements if tag == "svg" and attributes.get("class") == "chart"
    ]
    # Estimates, how scores go with people, response times (wide and narrow each), a scatter for each score.
    assert len(charts) == 3 * 2 + 2
    identifiers = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for chart in charts:
        assert chart["role"] == "img"
        assert all(name in identifiers for name in (chart["aria-labelledby"] or "").split())
    assert "good: 66.7% [" in page  # the description says the numbers


def test_a_wrong_sign_is_explained(page):
    assert "not as expected" in page
    assert "not as expected, unsettled" in page  # so few systems settle nothing
    assert "They differ most about" in page


def test_people_are_told_when_votes_are_simulated(two_afc, admin_client):
    assert "imulated" not in admin_client.get(ADDRESS).content.decode()
    add_votes(two_afc, [GivenVote(90, 0, {"real": 0}, simulated=True)])
    admin_client.post(f"{ADDRESS}refresh/")
    page = admin_client.get(ADDRESS).content.decode()
    assert '<aside class="simulated"' in page
    assert "1 of 37 votes are simulated" in page
    assert "with simulated votes" in page


def test_it_says_when_votes_have_come_in_and_refresh_takes_them_in(two_afc, admin_client):
    assert "Up to date." in admin_client.get(ADDRESS).content.decode()
    add_votes(two_afc, [GivenVote(90, 0, {"real": 0})])
    stale = admin_client.get(ADDRESS).content.decode()
    assert "1 more vote has come in since." in stale
    assert "<strong>36 votes</strong>" in stale
    fresh = admin_client.post(f"{ADDRESS}refresh/", follow=True).content.decode()
    assert "<strong>37 votes</strong>" in fresh
    assert "Up to date." in fresh


def test_earlier_snapshots_stay_to_be_seen(two_afc, admin_client):
    admin_client.get(ADDRESS)
    add_votes(two_afc, [GivenVote(90, 0, {"real": 0})])
    admin_client.post(f"{ADDRESS}refresh/")
    first = two_afc.snapshots.order_by("id").first()
    page = admin_client.get(f"{ADDRESS}?snapshot={first.pk}").content.decode()
    assert "<strong>36 votes</strong>" in page
    assert page.count("?snapshot=") == 2


@pytest.mark.parametrize("wanted", ["999999", "nonsense", "-1", "9" * 40, "9" * 5000])
def test_a_snapshot_that_does_not_exist_is_not_found(two_afc, admin_client, wanted):
    assert admin_client.get(f"{ADDRESS}?snapshot={wanted}").status_code == 404


def test_a_second_visit_draws_nothing_and_asks_little(
    scored, admin_client, monkeypatch, django_assert_max_num_queries
):
    admin_client.get(ADDRESS)
    monkeypatch.setattr("humaneval.reports.pages.render_body", lambda report: pytest.fail("drawn again"))
    with django_assert_max_num_queries(16):
        assert admin_client.get(ADDRESS).status_code == 200


def test_names_from_users_are_escaped(two_afc, admin_client):
    two_afc.conditions.filter(label="good").update(label="<b>$x$</b>&")
    page = admin_client.get(ADDRESS).content.decode()
    assert "<b>$x$" not in page
    assert "&lt;b&gt;$x$&lt;/b&gt;&amp;" in page


def test_pairwise_shows_who_wins_against_whom(make_pairwise, admin_client):
    make_pairwise([("a", "b", 9, 0, 1), ("b", "c", 6, 2, 2), ("a", "c", 8, 0, 2)], slug="digits")
    page = admin_client.get(ADDRESS).content.decode()
    assert "Who wins against whom" in page
    assert 'class="heat-9" title="a against b: 9 won, 0 tied, 1 lost">90%' in page
    assert "a tie counts half" in page


def test_likert_shows_how_the_answers_fall(likert, admin_client):
    page = admin_client.get("/studies/scale/report/").content.decode()
    assert page.count("How the answers fall") == 2
    assert "3 so-so" in page
