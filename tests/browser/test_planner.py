"""The planner in a browser: without a script, wide and on a phone."""

from __future__ import annotations

import os

from playwright.sync_api import expect

from humaneval.samples.models import SampleSet
from humaneval.studies.authoring import create_study
from tests.browser.audit import fits, violations
from tests.browser.rater import Rater
from tests.browser.researcher import sign_in
from tests.browser.site import SET_NAMES, Site


def draft(site: Site) -> str:
    """Make a draft and return its slug."""
    with site.rows():
        sets = [SampleSet.objects.get(name=name) for name in SET_NAMES]
        return create_study(name="To be planned", protocol="two_afc", conditions=sets).slug


def test_a_plan_is_made_kept_in_the_address_and_taken_over(new_rater, site: Site) -> None:
    signed_in: Rater = new_rater()
    page, address = signed_in.page, f"/studies/{draft(site)}/plan/"
    sign_in(signed_in, address)
    expect(page.get_by_role("heading", name="To find the effect")).to_be_visible()
    assert violations(signed_in) == []

    kept = signed_in.page.context.storage_state()
    phone: Rater = new_rater(
        viewport={"width": 360, "height": 740}, java_script_enabled=False, storage_state=kept
    )
    phone.page.goto(site.url + address)
    phone.page.get_by_label("a narrow interval").check()
    phone.page.get_by_label("Wanted width").fill("0.25")
    phone.page.get_by_label("Trials a session").fill("12")
    phone.page.get_by_role("button", name="Plan", exact=True).click()
    expect(phone.page.get_by_role("heading", name="at most 0.25 wide")).to_be_visible()
    assert "width=0.25" in phone.page.url
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=f"{shots}/plan.png", full_page=True)
        phone.page.screenshot(path=f"{shots}/plan-phone.png", full_page=True)

    page.goto(phone.page.url)
    page.set_viewport_size({"width": 360, "height": 740})
    assert fits(signed_in)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Take this over").click()
    expect(page.get_by_text("The plan was taken over")).to_be_visible()
    expect(page.get_by_label("Assignments per session")).to_have_value("12")
