"""Images shown for a moment: whole frames, masks, what the server is told, and what stops a session."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from statistics import median

from playwright.sync_api import Page, Route, expect

from tests.browser.audit import fits, violations
from tests.browser.rater import Rater
from tests.browser.recording import EXPOSED, Recording
from tests.browser.site import ASSIGNMENTS, FIRST_MS, Site

STUDY = "timed_real_or_fake"


def alter(page: Page, address: str, change: Callable[[dict], None]) -> None:
    """Change what the server answers on its way to the page."""

    def handle(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        change(body)
        route.fulfill(response=response, body=json.dumps(body))

    page.route(address, handle)


def test_exposures_last_whole_frames(recordings: Callable[[str], Recording]) -> None:
    """To the frame wherever none was lost; where one was, the vote says so."""
    timings = [vote.timings for vote in recordings(STUDY).votes]
    assert len(timings) == ASSIGNMENTS
    errors = [abs(each["off_at_ms"] - each["frames"] * each["frame_ms"]) for each in timings]
    assert median(errors) < 1
    assert all(error < each["frame_ms"] for error, each in zip(errors, timings, strict=True))
    asked = round(FIRST_MS / timings[0]["frame_ms"])
    assert timings[0]["frames"] == asked or timings[0]["dropped"] > 0


def test_the_image_is_followed_by_masks_and_then_by_nothing(rater: Rater) -> None:
    rater.open(STUDY).agree()
    rater.page.evaluate(
        """() => {
          window.layers = [];
          let last = null;
          const look = () => {
            const all = [...document.querySelectorAll(".layers > *")];
            const shown = all.find((each) => each.style.visibility === "visible") ?? null;
            if (all.length && (shown !== last || !layers.length)) layers.push(shown?.localName ?? "nothing");
            last = shown;
            requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }"""
    )
    rater.start()
    rater.page.evaluate(EXPOSED)
    seen = rater.page.evaluate("layers")
    assert seen == ["span", "img", *["canvas"] * 4, "nothing"]


def test_the_rater_is_told_whether_the_answer_was_right(rater: Rater) -> None:
    rater.open(STUDY).agree().start()
    rater.press("ArrowLeft")
    verdict = re.compile("Correct|Wrong")
    expect(rater.view.get_by_role("status").filter(has_text=verdict)).to_be_visible()
    assert violations(rater) == []
    rater.see(2)


def test_a_break_between_blocks(phone_rater: Rater) -> None:
    rater = phone_rater
    alter(rater.page, "**/votes/", lambda body: [each.update(block=1) for each in body["next"].values()])
    rater.open(STUDY).agree().start()
    rater.press("ArrowLeft")
    expect(rater.view.get_by_role("heading", name="Time for a break")).to_be_visible()
    assert violations(rater) == []
    assert fits(rater)
    rater.press("Enter")
    rater.see(2)


def test_a_display_too_slow_for_the_exposure_is_refused_politely(rater: Rater, site: Site) -> None:
    def shorten(body: dict) -> None:
        for each in body["assignments"]:
            each["parameters"] = each["parameters"] and {**each["parameters"], "exposure_ms": 20}

    alter(rater.page, "**/assignments/", shorten)
    rater.open(STUDY).agree()
    rater.press("Enter")
    expect(rater.view.get_by_role("heading", name="This display is too slow")).to_be_visible()
    assert violations(rater) == []
    assert site.votes(STUDY) == []
