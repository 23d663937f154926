"""The admin works under its own policy, and every other page under the strict one."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.audit import fits, violations
from tests.browser.rater import Rater
from tests.browser.site import PASSWORD, Site


@pytest.fixture
def researcher(rater: Rater, site: Site) -> Rater:
    """Give somebody signed in to the admin."""
    rater.page.goto(f"{site.url}/admin/")
    rater.page.get_by_label("Username").fill("researcher")
    rater.page.get_by_label("Password").fill(PASSWORD)
    rater.page.keyboard.press("Enter")
    expect(rater.page.locator("#nav-sidebar-apps")).to_be_visible()
    return rater


def test_every_page_of_the_sidebar_opens_without_a_complaint(researcher: Rater) -> None:
    links = researcher.page.locator("#nav-sidebar-apps a")
    addresses = [link.get_attribute("href") for link in links.all()]
    assert len(addresses) > 8
    for address in addresses:
        response = researcher.page.goto(f"{researcher.site.url}{address}")
        assert response is not None
        assert response.status == 200
    assert researcher.complaints == []


OF_THE_THEME = ("region", "landmark-one-main", "landmark-unique", "empty-table-header")
"""What the theme's frame lacks around every page: a main landmark, names of its scrolling parts."""


@pytest.mark.parametrize(
    "address",
    [
        "samples/sampleset/add/",
        "samples/importrun/add/",
        "samples/sample/",
        "studies/study/add/",
        "studies/study/",
        "scoring/metricrun/add/",
        "recruitment/posting/add/",
    ],
)
def test_fields_links_and_colours_of_the_admin_are_for_everybody(researcher: Rater, address: str) -> None:
    page = researcher.page
    page.goto(f"{researcher.site.url}/admin/{address}")
    if address == "studies/study/":
        page.locator("#result_list tbody a").first.click()
        expect(page.locator("#id_name")).to_be_visible()
    assert violations(researcher, but=OF_THE_THEME, reload=True) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert fits(researcher)


def test_only_the_admin_may_evaluate_and_style_inline(researcher: Rater) -> None:
    site = researcher.site

    def policy(address: str) -> str:
        response = researcher.page.goto(site.url + address)
        assert response is not None
        return response.headers["content-security-policy"]

    assert "'unsafe-eval'" in policy("/admin/")
    assert "script-src 'self' 'unsafe-inline'" not in policy("/admin/")
    for address in ("/", "/s/two-afc/", "/s/two-afc/preview/", "/nothing-here/"):
        assert "unsafe" not in policy(address)
    researcher.complaints.clear()  # the missing page's own 404


def test_the_front_page_leads_staff_to_the_admin_and_names_no_study(researcher: Rater) -> None:
    researcher.page.goto(researcher.site.url)
    assert "Quagga" not in researcher.page.content()
    assert "two-afc" not in researcher.page.content()
    researcher.page.get_by_role("link", name="Open the admin").click()
    expect(researcher.page.locator("#nav-sidebar-apps")).to_be_visible()
