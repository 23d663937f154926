"""axe-core finds nothing on any screen, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.audit import fits, violations
from tests.browser.rater import Rater
from tests.browser.recording import KEYS, Recording
from tests.browser.site import STUDIES, Site


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("screen", ["consent", "instructions", "trial", "end"])
def test_every_screen_of_a_session(screen: str, study: str, recordings: Callable[[str], Recording]) -> None:
    assert recordings(study).violations[screen] == []


def test_a_trial_on_a_phone_with_a_sign_up(phone_rater: Rater) -> None:
    rater = phone_rater.open("likert_grid").agree().start()
    rater.page.route("**/votes/", lambda route: route.abort())
    rater.press(*KEYS["likert_grid"])
    expect(rater.view.get_by_role("status").filter(has_text="answer waits")).to_be_visible()
    assert violations(rater) == []
    assert fits(rater)
    rater.complaints.clear()


def test_at_200_percent_nothing_is_cut_off_that_cannot_be_scrolled_to(
    new_rater: Callable[..., Rater],
) -> None:
    """A desktop of 1280 by 800 at 200% has 640 by 400 CSS pixels."""
    rater = new_rater(viewport={"width": 640, "height": 400}).open("pairwise_grids").agree().start()
    top = "document.querySelector('.stage').getBoundingClientRect().top"
    below = "document.querySelector('.above').getBoundingClientRect().bottom"
    assert rater.page.evaluate(f"{top} >= {below}")
    rater.view.get_by_role("button", name="Next").scroll_into_view_if_needed()
    expect(rater.view.get_by_role("button", name="Next")).to_be_in_viewport()
    assert fits(rater)


@pytest.mark.parametrize("address", ["/", "/no-such-page/"])
@pytest.mark.parametrize("width", [1280, 360])
def test_other_pages(address: str, width: int, new_rater: Callable[..., Rater], site: Site) -> None:
    rater = new_rater(viewport={"width": width, "height": 740})
    rater.page.goto(site.url + address)
    assert violations(rater) == []
    assert fits(rater)
    rater.complaints[:] = [text for text in rater.complaints if "404" not in text]
