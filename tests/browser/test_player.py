"""What the player loads, how it hurries, and what it says when there is nothing to rate."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.page import MODULES
from tests.browser.audit import violations
from tests.browser.rater import Rater
from tests.browser.recording import KEYS, Recording, few_fast
from tests.browser.site import ASSIGNMENTS, STUDIES, Site, protocol_of

RATER = Path(__file__).resolve().parents[2] / "frontend" / "rater"


def builds_on(protocol: str) -> set[str]:
    """Return the protocols whose page part this protocol's page part uses."""
    source = (RATER / "protocols" / f"{protocol}.js").read_text()
    return set(PROTOCOLS) & set(re.findall(r'^import .*? from "\./(.*?)\.js";$', source, re.MULTILINE))


@pytest.mark.parametrize("study", STUDIES)
def test_only_the_protocol_in_use_is_loaded(study: str, recordings: Callable[[str], Recording]) -> None:
    names = {reply.url.rsplit("/", 1)[1].split(".")[0] for reply in recordings(study).code}
    assert names & set(PROTOCOLS) == {protocol_of(study), *builds_on(protocol_of(study))}


def imports_of(module: str) -> set[str]:
    """Return what a module imports statically, and what those import."""
    found = re.findall(
        r'^import .*? from "\./(.*?)\.js";$', (RATER / f"{module}.js").read_text(), re.MULTILINE
    )
    return set(found).union(*(imports_of(name) for name in found))


def test_the_page_names_every_module_so_that_none_waits_for_another() -> None:
    assert set(MODULES) == imports_of("main")


LOADED = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/i/')).length"
"""How many images have come."""


def test_the_next_trial_is_there_within_two_frames(rater: Rater) -> None:
    """Once images are loaded ahead: from the key to new ones two animation frames at most in the median."""
    rater.open("two_afc").agree().start()
    rater.until(lambda: rater.page.evaluate(LOADED) == 2 * ASSIGNMENTS)
    rater.page.evaluate(
        """() => {
          window.frames_until_change = [];
          document.addEventListener("keydown", () => {
            const before = document.querySelector(".stage img")?.src;
            let frames = 0;
            const look = () => {
              frames += 1;
              const image = document.querySelector(".stage img");
              if (image && image.src !== before) window.frames_until_change.push(frames);
              else if (frames < 100) requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
          }, { capture: true });
        }"""
    )
    rater.answer_all(lambda: rater.press("f"), last=3).see(4)
    frames = sorted(rater.page.evaluate("window.frames_until_change"))
    assert len(frames) == 3
    assert frames[1] <= 2


def test_the_controls_do_not_move_from_trial_to_trial(rater: Rater) -> None:
    rater.open("pairwise").agree().start()
    places = []
    for number in range(1, 5):
        places.append(rater.see(number).view.locator(".questions").bounding_box())
        rater.press("f")
    assert all(place == places[0] for place in places)


def test_a_paused_and_a_closed_study_say_so_politely(rater: Rater, site: Site) -> None:
    rater.open("likert").agree().start()
    site.move("likert", "pause")
    try:
        rater.answer_all(lambda: rater.press("3"))
        expect(rater.view.get_by_role("heading", name="Thank you")).to_be_visible()
        rater.page.context.clear_cookies()
        rater.open("likert", "?PROLIFIC_PID=somebody-else")
        expect(rater.view.get_by_text("has been paused")).to_be_visible()
        expect(rater.view.get_by_role("button")).to_have_count(0)
        assert violations(rater) == []
    finally:
        site.move("likert", "resume")


@pytest.mark.parametrize("study", few_fast("timed_real_or_fake", "ranking"))
def test_the_preview_shows_every_screen_and_stores_nothing(study: str, rater: Rater, site: Site) -> None:
    page = rater.page
    before = site.sessions(study)
    page.goto(f"{site.entry(study)}preview/?trial={site.trials(study) - 2}")
    page.get_by_label("Username").fill("researcher")
    page.get_by_label("Password").fill("look-at-images")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is stored.")).to_be_visible()
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()
    for number in range(1, 4):
        rater.see(number, total=3).press(*KEYS[study])
        expect(page.get_by_text("Nothing is stored.")).to_be_visible()
    expect(page.locator("output.code")).to_have_text("PREVIEW")
    expect(page.get_by_text("Nothing is stored.")).to_be_visible()
    assert site.sessions(study) == before
    assert not any("/rating/" in response.url for response in rater.responses)


def test_the_preview_of_timed_trials_shows_their_rest_and_their_refusal_too(rater: Rater, site: Site) -> None:
    page = rater.page
    page.goto(f"{site.entry('timed_real_or_fake')}preview/?screen=slow")
    page.get_by_label("Username").fill("researcher")
    page.get_by_label("Password").fill("look-at-images")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="This display is too slow")).to_be_visible()
    page.get_by_label("Screen").select_option("Break")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Time for a break")).to_be_visible()
    rater.press("Enter")
    rater.see(151, total=160)


def test_a_draft_has_no_page(rater: Rater, site: Site) -> None:
    response = rater.page.goto(f"{site.url}/s/no-such-study/")
    assert response is not None
    assert response.status == 404
    expect(rater.page.get_by_role("heading", name="There is no such page")).to_be_visible()
    rater.complaints.clear()
