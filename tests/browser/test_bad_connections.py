"""Servers in trouble, dead connections, broken images: no vote is lost, none is doubled, nobody is blamed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.audit import violations
from tests.browser.rater import Rater
from tests.browser.recording import KEYS, few_fast
from tests.browser.site import ASSIGNMENTS, Site

VOTES = "**/api/v1/rating/session/votes/"


def each_assignment_has_one_answer(site: Site, study: str) -> bool:
    """Return whether the newest session has exactly its votes, all answered."""
    votes = site.votes(study)
    return [vote.outcome for vote in votes] == ["answered"] * ASSIGNMENTS


@pytest.fixture(autouse=True)
def _network_errors_are_expected(rater: Rater) -> Iterator[None]:
    yield
    rater.complaints[:] = [text for text in rater.complaints if "Failed to load resource" not in text]


@pytest.mark.parametrize("study", few_fast("two_afc", "timed_real_or_fake", "ranking"))
def test_every_protocol_through_503_a_dead_connection_and_a_reload(
    study: str, rater: Rater, site: Site
) -> None:
    tries = count()

    def in_trouble(route: Route) -> None:
        if next(tries) < 2:
            route.fulfill(status=503, json={"detail": "The database does not answer just now."})
        else:
            route.continue_()

    rater.page.route(VOTES, in_trouble)
    rater.open(study).agree().start().press(*KEYS[study])
    rater.see(2)
    rater.page.context.set_offline(True)
    rater.press(*KEYS[study])
    expect(rater.view.get_by_role("status").filter(has_text="to be sent")).to_be_visible()
    rater.page.context.set_offline(False)
    shown = rater.see(3).view.locator(".stage img").first.get_attribute("src")
    rater.page.reload()
    assert rater.see(3).view.locator(".stage img").first.get_attribute("src") == shown
    rater.answer_all(lambda: rater.press(*KEYS[study]), first=3).finish()
    assert next(tries) > 2
    assert each_assignment_has_one_answer(site, study)


def test_a_lost_answer_makes_no_second_vote(rater: Rater, site: Site) -> None:
    """The server stores the vote, but the rater's browser never hears of it."""
    tries = count()

    def lossy(route: Route) -> None:
        if next(tries) < 2:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    rater.page.route(VOTES, lossy)
    rater.open("real_or_fake").agree().start().answer_all(lambda: rater.press("r")).finish()
    assert each_assignment_has_one_answer(site, "real_or_fake")


def test_offline_for_a_while_votes_wait_and_a_calm_sign_says_so(rater: Rater, site: Site) -> None:
    context: BrowserContext = rater.page.context
    rater.open("likert").agree().start()
    context.set_offline(True)
    rater.answer_all(lambda: rater.press("3"), last=3)
    sign = rater.view.get_by_role("status").filter(has_text="answers wait to be sent")
    expect(sign).to_contain_text("You can go on")
    rater.see(4)
    context.set_offline(False)
    expect(sign).to_be_hidden()
    rater.answer_all(lambda: rater.press("3"), first=4).finish()
    assert each_assignment_has_one_answer(site, "likert")


def test_votes_given_offline_survive_a_closed_page(rater: Rater, site: Site) -> None:
    context = rater.page.context
    rater.open("two_afc").agree().start()
    context.route(VOTES, lambda route: route.abort())
    rater.answer_all(lambda: rater.press("f"), last=3)
    expect(rater.view.get_by_role("status").filter(has_text="3 answers wait")).to_be_visible()
    rater.page.close()
    context.unroute(VOTES)
    back = Rater.at(site, context.new_page()).open("two_afc")
    back.answer_all(lambda: back.press("f"), first=4).finish()
    assert not back.complaints
    assert each_assignment_has_one_answer(site, "two_afc")


WARNS = """() => !dispatchEvent(new Event("beforeunload", { cancelable: true }))"""
"""Whether the page would ask its rater to stay."""


def test_leaving_is_warned_of_only_while_something_is_unsent(rater: Rater) -> None:
    asked: list[str] = []
    rater.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    rater.open("two_afc").agree().start()
    rater.press("f")
    rater.see(2)
    rater.press("f")
    rater.see(3)
    rater.until(lambda: not rater.page.evaluate(WARNS))
    rater.page.reload()
    assert asked == []
    rater.page.route(VOTES, lambda route: route.abort())
    rater.see(3)
    rater.press("f")
    for _again in range(5):  # Chromium leaves a page unasked that takes a second to answer it
        rater.see(4)
        rater.press("Tab")  # only a page that somebody uses may ask
        rater.until(lambda: rater.page.evaluate(WARNS))
        rater.page.reload()
        if asked:
            break
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("study", few_fast("ranking"))
def test_an_image_that_cannot_be_had_is_its_own_outcome(study: str, rater: Rater, site: Site) -> None:
    broken: list[str] = []

    def break_one(route: Route) -> None:
        if not broken or route.request.url in broken:
            broken[:] = [route.request.url]
            route.fulfill(status=404)
        else:
            route.continue_()

    rater.page.route("**/i/*", break_one)
    rater.open(study).agree()
    rater.press("Enter")
    expect(rater.view.get_by_text("An image did not load")).to_be_visible()
    assert violations(rater.see(2)) == []
    rater.answer_all(lambda: rater.press(*KEYS[study]), first=2).finish()
    outcomes = [vote.outcome for vote in site.votes(study)]
    assert sorted(outcomes) == ["answered"] * (ASSIGNMENTS - 1) + ["not_shown"]


def test_an_image_that_fails_at_first_is_tried_again(rater: Rater, site: Site) -> None:
    tried: set[str] = set()

    def fail_first(route: Route) -> None:
        if route.request.url in tried:
            route.continue_()
        else:
            tried.add(route.request.url)
            route.abort()

    rater.page.route("**/i/*", fail_first)
    rater.open("pairwise").agree().start().answer_all(lambda: rater.press("f")).finish()
    assert each_assignment_has_one_answer(site, "pairwise")


def test_a_session_the_server_does_not_know_begins_anew(rater: Rater, site: Site) -> None:
    rater.page.goto(f"{site.entry('two_afc')}#session=made-up")
    expect(rater.view.get_by_role("button", name="I agree")).to_be_enabled()
    rater.agree().start()
    assert "made-up" not in rater.page.url
