"""What a study may set of its trials: keys, confirmation, a closer look, a fixed scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.audit import fits, violations
from tests.browser.rater import Rater
from tests.browser.recording import Recording
from tests.browser.site import ASSIGNMENTS, Site
from tests.browser.test_exposures import alter

STUDY = "two_afc_own_keys"


def with_flow(rater: Rater, **flow: Any) -> Rater:
    """Have the server tell this rater's page another flow than the study's."""
    alter(rater.page, "**/rating/sessions/", lambda body: body["session"]["study"]["flow"].update(flow))
    return rater


def test_a_studys_own_keys_answer_and_stand_on_the_buttons(
    recordings: Callable[[str], Recording], rater: Rater
) -> None:
    assert [vote.values for vote in recordings(STUDY).votes] == [
        [vote.order[1]] for vote in recordings(STUDY).votes
    ]
    rater.open(STUDY).agree().start()
    for name, key in (("Left", "A"), ("Right", "J"), ("I cannot tell", "C")):
        expect(rater.view.get_by_role("button", name=name).locator("kbd")).to_have_text(key)


def test_keys_that_a_study_has_replaced_no_longer_answer(rater: Rater) -> None:
    rater.open(STUDY).agree().start()
    rater.press("ArrowLeft", "1", "f")
    expect(rater.view.get_by_role("button", name="Next")).to_be_disabled()
    rater.press("a")
    expect(rater.view.get_by_role("button", name="Left")).to_have_attribute("aria-pressed", "true")


def test_an_answer_is_no_vote_before_it_is_confirmed(rater: Rater, site: Site) -> None:
    rater.open(STUDY).agree().start()
    rater.press("a", "j", "c")
    unsure = rater.view.get_by_role("button", name="I cannot tell")
    expect(unsure).to_have_attribute("aria-pressed", "true")
    assert violations(rater) == []
    rater.press("a")
    expect(unsure).to_have_attribute("aria-pressed", "false")
    rater.view.get_by_alt_text("Image 2 of 2").click()
    assert site.votes(STUDY) == []
    rater.press("Enter")
    rater.see(2).press("c", "Enter")
    rater.see(3).press("j")
    rater.view.get_by_role("button", name="Next").click()
    rater.answer_all(lambda: rater.press("a", "Enter"), first=4).finish()
    votes = site.votes(STUDY)
    assert [vote.outcome for vote in votes] == ["answered", "cannot_tell", *["answered"] * (ASSIGNMENTS - 2)]
    assert votes[0].values == [votes[0].order[1]]


def test_ranking_by_a_studys_own_keys(rater: Rater) -> None:
    with_flow(rater, keys={"1": "a", "2": "s", "3": "d"}).open("ranking").agree().start()
    rater.press("d", "a")
    chips = rater.view.locator(".chip")
    expect(chips.filter(has_text="3")).to_have_accessible_name("Image 3 of 3: Best")
    expect(chips.filter(has_text="3").locator("kbd")).to_have_text("D")
    expect(chips.filter(has_text="2")).to_have_accessible_name("Image 2 of 3: Worst")


def test_a_closer_look_enlarges_both_images_alike_and_is_kept_with_the_vote(rater: Rater, site: Site) -> None:
    rater.open(STUDY).agree().start()
    rater.press("z")
    dialog = rater.view.get_by_role("dialog", name="Look closer")
    expect(dialog).to_be_visible()
    assert violations(rater) == []
    rater.press("+", "ArrowRight")
    places = dialog.locator(".place")
    expect(places).to_have_count(2)
    for place in places.all():
        expect(place).to_have_css("scale", "4")
    origins = [place.evaluate("each => each.style.transformOrigin") for place in places.all()]
    assert origins == ["60% 50%"] * 2
    rater.press("a")  # means nothing in here
    rater.press("z")
    expect(dialog).to_be_hidden()
    expect(rater.view.get_by_role("button", name="Next")).to_be_disabled()
    rater.view.get_by_role("button", name="Look closer").click()
    rater.press("Escape")
    rater.press("a", "Enter")
    rater.answer_all(lambda: rater.press("a", "Enter"), first=2).finish()
    zooms = [vote.timings["zooms"] for vote in site.votes(STUDY)]
    assert zooms == [2, *[0] * (ASSIGNMENTS - 1)]
    assert site.votes(STUDY)[0].timings["zoom_ms"] > 0


def test_a_closer_look_on_a_phone_is_dragged(phone_rater: Rater) -> None:
    rater = phone_rater.open(STUDY).agree().start()
    rater.tap("Look closer")
    pane = rater.view.locator(".panes")
    expect(pane).to_be_visible()
    box = pane.bounding_box()
    assert box is not None
    mouse = rater.page.mouse
    mouse.move(box["x"] + 100, box["y"] + 100)
    mouse.down()
    mouse.move(box["x"] + 60, box["y"] + 100)
    mouse.up()
    moved = rater.view.locator(".pane .place").first
    assert float(moved.evaluate("each => parseFloat(each.style.transformOrigin)")) > 50
    assert fits(rater)
    assert violations(rater) == []


def test_nothing_looks_closer_where_the_study_does_not_allow_it(rater: Rater) -> None:
    rater.open("two_afc").agree().start()
    rater.press("z")
    expect(rater.view.get_by_role("dialog")).to_have_count(0)
    expect(rater.view.get_by_role("button", name="Look closer")).to_have_count(0)


def test_images_of_a_fixed_scale_wait_for_a_window_with_room(rater: Rater, site: Site) -> None:
    with_flow(rater, scale="fixed").open("two_afc").agree()
    rater.page.set_viewport_size({"width": 320, "height": 420})
    rater.press("Enter")
    expect(rater.view.get_by_text("Please make the window larger")).to_be_visible()
    image = rater.view.get_by_alt_text("Image 1 of 2")
    expect(image).to_be_hidden()
    rater.press("f")
    assert violations(rater) == []
    rater.page.set_viewport_size({"width": 1280, "height": 800})
    rater.see(1)
    expect(image).to_be_visible()
    rater.answer_all(lambda: rater.press("f")).finish()
    assert {vote.timings["image_width"] for vote in site.votes("two_afc")} == {200}


def test_images_can_be_shown_pixel_for_pixel(new_rater: Callable[..., Rater]) -> None:
    rater = with_flow(new_rater(device_scale_factor=2), scale="pixels").open("two_afc").agree().start()
    box = rater.view.get_by_alt_text("Image 1 of 2").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (14, 14)


def test_another_scale_in_the_middle_of_a_trial_is_kept_with_the_vote(rater: Rater, site: Site) -> None:
    rater.open("two_afc").agree().start()
    rater.page.set_viewport_size({"width": 400, "height": 500})
    expect(rater.view.get_by_alt_text("Image 1 of 2")).not_to_have_css("width", "200px")
    rater.answer_all(lambda: rater.press("f")).finish()
    first, *others = site.votes("two_afc")
    assert first.timings["image_width"] == 200
    assert 16 <= first.timings["rescaled_width"] < 200
    assert len(others) == ASSIGNMENTS - 1
    assert all("rescaled_width" not in vote.timings for vote in others)
