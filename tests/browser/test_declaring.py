"""What a draft is given on pages of its own: exclusion rules and pairs, by keyboard, wide and on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from humaneval.rating.exclusions import declared_before_launch
from humaneval.samples.models import SampleSet
from humaneval.studies.authoring import create_study
from humaneval.studies.models import Study
from tests.browser.audit import fits, violations
from tests.browser.rater import Rater
from tests.browser.researcher import sign_in
from tests.browser.site import SET_NAMES, Site

PHONE = {"width": 360, "height": 740}


def draft(site: Site, name: str, protocol: str) -> Study:
    """Make a draft of the site's sets."""
    with site.rows():
        sets = [SampleSet.objects.get(name=one) for one in SET_NAMES]
        return create_study(name=name, protocol=protocol, conditions=sets)


def test_rules_are_declared_by_keyboard(rater: Rater, site: Site) -> None:
    study = draft(site, "To be ruled", "two_afc")
    page = sign_in(rater, f"/admin/studies/study/{study.pk}/change/").page
    assert fits(rater)
    page.get_by_role("link", name="Exclusion rules").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.set_viewport_size(PHONE)
    assert fits(rater)
    assert violations(rater) == []

    page.get_by_label("Name").focus()
    page.keyboard.type("As registered")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Simulated raters")).to_be_focused()
    page.keyboard.press("Space")
    page.get_by_label("Limit (%)").fill("500")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing was declared")).to_be_visible()
    expect(page.get_by_text("less than or equal to 100")).to_be_visible()
    expect(page.get_by_label("Simulated raters")).not_to_be_checked()
    assert fits(rater)
    assert violations(rater) == []

    page.get_by_label("Limit (%)").fill("20")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 1 was declared.")).to_be_visible()
    expect(page.get_by_text("Too fast (Limit (%): 20, Fewest votes: 30)")).to_be_visible()
    assert violations(rater) == []
    with site.rows():
        declared = declared_before_launch(study)
        assert declared is not None
        assert "simulated" not in declared.rules


def test_pairs_are_pasted(rater: Rater, site: Site) -> None:
    study = draft(site, "To be paired", "duplicates")
    page = sign_in(rater, f"/admin/studies/study/{study.pk}/pairs/").page
    page.set_viewport_size(PHONE)
    example = page.get_by_label("An example").inner_text()
    page.get_by_label("Or paste it").fill(example + "\nnone,0,a,b")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Line 4: the study does not compare the set “none”")).to_be_visible()
    assert fits(rater)
    page.get_by_label("Or paste it").fill(example)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("The study has 2 pairs, and as many trials.")).to_be_visible()
    assert fits(rater)
