"""What stands before, between and after the trials: every screen, its refusals, reloads, languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from humaneval.rating.models import Session, Vote
from tests.browser.audit import fits, violations
from tests.browser.rater import REFLEX_MS, Rater
from tests.browser.site import Site

STUDY = "all-around"
AFTERWARDS = "afterwards"
PROLIFIC = "?PROLIFIC_PID={person}&STUDY_ID=p-{study}&SESSION_ID=s-{person}"
TRIALS = 4
PRACTICE = 3


def heading(rater: Rater, name: str) -> Locator:
    """Return the screen's heading."""
    return rater.view.get_by_role("heading", name=name, exact=True)


def button(rater: Rater, name: str) -> Locator:
    """Return one of the screen's buttons."""
    return rater.view.get_by_role("button", name=name)


WATCH = """(trial) => {
  window.isTaken = false;
  new MutationObserver((_changes, watch) => {
    if (trial.getAttribute("aria-busy") !== "true") return;
    watch.disconnect();
    window.isTaken = true;
  }).observe(trial, { attributes: true });
}"""
"""Notes when the answer to a trial is taken: a finger's click comes a moment after the touch."""


def trial(rater: Rater, answer: Callable[[], None]) -> None:
    """Answer the trial on screen, and wait until it is."""
    screen = rater.view.locator(".trial")
    expect(screen).to_have_attribute("aria-busy", "false")
    rater.page.wait_for_timeout(REFLEX_MS)
    screen.evaluate(WATCH)
    answer()
    rater.until(lambda: rater.page.evaluate("isTaken"))


def kept(site: Site, study: str = STUDY) -> tuple[Session, int]:
    """Return the newest session and how many votes it has."""
    with site.rows():
        session = site.newest_session(study)
        return session, Vote.objects.filter(assignment__session=session).count()


def to_practice(rater: Rater) -> None:
    """Come from the consent to the practice trials."""
    rater.agree()
    button(rater, "Start").click()
    rater.view.get_by_label("The real").check()
    rater.view.get_by_label("One", exact=True).check()
    button(rater, "Check my answers").click()
    expect(heading(rater, "Practice")).to_be_visible()


def to_trials(rater: Rater) -> None:
    """Come from the consent to the first trial that counts."""
    to_practice(rater)
    button(rater, "Go on").click()
    for _ in range(PRACTICE):
        trial(rater, lambda: rater.press("f"))
        button(rater, "Go on").click()
    expect(heading(rater, "Now it counts")).to_be_visible()
    button(rater, "Go on").click()


def to_closing(rater: Rater) -> None:
    """Come from the consent of the study with little before them to the closing questions."""
    rater.agree()
    button(rater, "Start").click()
    trial(rater, lambda: rater.press("f"))
    button(rater, "Go on").click()
    trial(rater, lambda: rater.press("f"))
    expect(heading(rater, "A few last questions")).to_be_visible()


def test_every_screen_by_keyboard_alone_with_a_reload_at_each(rater: Rater, site: Site) -> None:
    rater.open(STUDY)
    expect(button(rater, "I agree")).to_be_enabled()
    rater.press("Tab", "Tab", "Enter")
    expect(rater.view.get_by_role("img", name="This one is real.")).to_be_visible()
    assert violations(rater) == []
    rater.press("Enter")
    expect(heading(rater, "Have you understood?")).to_be_visible()
    assert violations(rater) == []
    rater.press("Tab", "Tab", "ArrowDown", "Tab", "ArrowDown", "Enter")  # the second of each: half right
    expect(rater.view.get_by_text("This is not right yet")).to_be_visible()
    expect(rater.view.get_by_text("1 try left")).to_be_visible()
    assert violations(rater) == []
    rater.page.reload()
    expect(rater.view.get_by_text("1 try left")).to_be_visible()
    expect(rater.view.get_by_label("The sharp")).to_be_checked()
    rater.press("Tab", "Tab", "ArrowUp", "Enter")
    expect(heading(rater, "Practice")).to_be_visible()
    button(rater, "Go on").focus()
    rater.press("Enter")
    for number in range(1, PRACTICE + 1):
        expect(rater.view.get_by_text("this does not count")).to_be_visible()
        expect(rater.view.locator(".count")).to_have_text(f"{number} of {PRACTICE}")
        trial(rater, lambda: rater.press("f"))
        expect(rater.view.locator(".shown")).to_be_visible()
        assert violations(rater) == []
        if number == 1:
            expect(heading(rater, "Not quite")).to_be_visible()
            expect(rater.view.get_by_text("Correct answer: Right")).to_be_visible()
            expect(rater.view.get_by_text("Look at the corners.")).to_be_visible()
            rater.page.reload()
        else:
            rater.press("Enter")
    button(rater, "Go on").focus()
    rater.press("Enter")
    for _ in range(2):
        trial(rater, lambda: rater.press("f"))
    expect(rater.view.get_by_text(f"answered 2 of {TRIALS}")).to_be_visible()
    assert violations(rater) == []
    rater.page.reload()
    expect(heading(rater, "Time for a break")).to_be_visible()
    rater.press("Enter")
    for _ in range(2):
        trial(rater, lambda: rater.press("f"))
    expect(heading(rater, "A few last questions")).to_be_visible()
    assert violations(rater) == []
    rater.press("Tab", "ArrowDown", "Tab", "Space", "Tab", "Tab", "Tab")
    rater.page.keyboard.type("44")
    rater.page.reload()
    expect(rater.view.get_by_label("Your age?")).to_have_value("44")
    rater.view.get_by_label("Your age?").focus()
    rater.press("Enter")
    rater.finish()
    expect(rater.view.get_by_text("It was about computer-made images.")).to_be_visible()
    assert violations(rater) == []
    rater.page.reload()
    rater.finish()
    session, votes = kept(site)
    assert session.closing == {"eyes": 1, "devices": [0], "age": 44}
    assert [row["trial"] for row in session.practice] == [0, 1, 2]
    assert (session.state, votes, session.comprehension_tries) == ("completed", TRIALS, 2)


def test_every_screen_by_touch_on_a_phone(phone_rater: Rater, site: Site) -> None:
    rater = phone_rater.open(STUDY)

    def tap(name: str) -> None:
        target = rater.view.get_by_role("button", name=name)
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert fits(rater)
        target.tap()

    def choose(name: str) -> None:
        rater.view.get_by_text(name, exact=True).tap()

    tap("I agree")
    tap("Start")
    choose("The real")
    choose("One")
    tap("Check my answers")
    tap("Go on")
    for _ in range(PRACTICE):
        trial(rater, lambda: tap("Top"))
        tap("Go on")
    tap("Go on")
    for number in range(TRIALS):
        trial(rater, lambda: tap("Bottom"))
        if number == 1:
            tap("Go on")
    tap("Send")
    assert rater.view.get_by_label("Yes").evaluate("input => !input.validity.valid")
    choose("Yes")
    tap("Send")
    box = rater.view.get_by_label("Phone")
    assert box.evaluate("input => input.validationMessage") == "Please choose at least one."
    choose("Tablet")
    tap("Send")
    rater.finish()
    assert fits(rater)
    assert kept(site)[0].closing == {"eyes": 0, "devices": [2]}


def test_who_does_not_understand_is_parted_from_politely(rater: Rater, site: Site) -> None:
    rater.open(STUDY).agree()
    button(rater, "Start").click()
    for _ in range(2):
        rater.view.get_by_label("The sharp").check()
        rater.view.get_by_label("None").check()
        button(rater, "Check my answers").click()
    expect(heading(rater, "Thank you for your time")).to_be_visible()
    expect(rater.view.locator("output.code")).to_have_count(0)
    assert violations(rater) == []
    rater.page.reload()
    expect(heading(rater, "Thank you for your time")).to_be_visible()
    session, votes = kept(site)
    assert (session.state, votes) == ("screened_out", 0)


def test_who_does_not_understand_goes_back_to_the_panel_with_a_code(rater: Rater, site: Site) -> None:
    rater.open(STUDY, PROLIFIC.format(person="ann", study=STUDY)).agree()
    button(rater, "Start").click()
    for _ in range(2):
        rater.view.get_by_label("The sharp").check()
        rater.view.get_by_label("None").check()
        button(rater, "Check my answers").click()
    back = rater.view.get_by_role("link", name="Return and confirm")
    code = rater.view.locator("output.code").inner_text()
    assert code.startswith("S")
    assert back.get_attribute("href") == f"https://app.prolific.com/submissions/complete?cc={code}"


def test_a_break_says_what_was_earned_where_the_panel_pays(rater: Rater) -> None:
    rater.open(AFTERWARDS, PROLIFIC.format(person="bea", study=AFTERWARDS)).agree()
    button(rater, "Start").click()
    trial(rater, lambda: rater.press("f"))
    expect(rater.view.get_by_text("Earned so far: $1.20 of $2.40.")).to_be_visible()


def test_a_small_window_is_refused_politely_and_may_grow(rater: Rater, site: Site) -> None:
    before = site.sessions("large-screens")
    rater.page.set_viewport_size({"width": 700, "height": 700})
    rater.open("large-screens")
    button(rater, "I agree").click()
    expect(rater.view.get_by_text("at least 1000")).to_be_visible()
    expect(rater.view.locator("output.code")).to_have_count(0)
    assert violations(rater) == []
    assert site.sessions("large-screens") == before
    rater.page.set_viewport_size({"width": 1200, "height": 700})
    button(rater, "Check again").click()
    rater.agree()
    rater.complaints.clear()  # the refusal is a 409 on the console


def test_a_small_window_pays_whom_a_panel_sent(phone_rater: Rater, site: Site) -> None:
    before = site.sessions("large-screens")
    rater = phone_rater.open("large-screens", PROLIFIC.format(person="cem", study="large-screens"))
    rater.tap("I agree: begin")
    expect(rater.view.get_by_role("link", name="Return and confirm")).to_be_visible()
    expect(button(rater, "Check again")).to_be_visible()
    assert rater.view.locator("output.code").inner_text().startswith("S")
    assert fits(rater)
    assert violations(rater) == []
    assert site.sessions("large-screens") == before
    rater.complaints.clear()


def test_a_display_is_measured_and_a_keyboard_is_asked_for(rater: Rater, site: Site) -> None:
    rater.open("choosy")
    button(rater, "I agree").click()
    expect(heading(rater, "Do you have a keyboard?")).to_be_visible()
    assert violations(rater) == []
    rater.press("Space")
    expect(button(rater, "Start")).to_be_visible()
    with site.rows():
        device = site.newest_session("choosy").device
    assert device["keyboard"] is True
    assert device["refresh_hz"] >= 1


def test_who_has_no_keyboard_is_told_so(phone_rater: Rater) -> None:
    phone_rater.open("choosy").tap("I agree: begin")
    phone_rater.tap("I have no keyboard")
    expect(phone_rater.view.get_by_text("answered with a keyboard")).to_be_visible()
    assert fits(phone_rater)
    phone_rater.complaints.clear()


CLOSING = "**/api/v1/rating/session/closing/"


def test_closing_answers_wait_for_a_connection_and_outlast_the_page(rater: Rater, site: Site) -> None:
    context = rater.page.context
    rater.open(AFTERWARDS)
    to_closing(rater)
    context.route(CLOSING, lambda route: route.abort())
    rater.view.get_by_label("No", exact=True).check()
    rater.view.get_by_label("Phone").check()
    button(rater, "Send").click()
    expect(rater.view.get_by_text("your answers wait to be sent")).to_be_visible()
    assert violations(rater) == []
    rater.page.close()
    context.unroute(CLOSING)
    back = Rater.at(site, context.new_page()).open(AFTERWARDS)
    back.finish()
    assert kept(site, AFTERWARDS)[0].closing == {"eyes": 1, "devices": [0]}
    rater.complaints.clear()


@pytest.mark.parametrize("lost", [False, True])
def test_a_server_in_trouble_keeps_no_closing_answer_twice(lost: bool, rater: Rater, site: Site) -> None:
    tries: list[int] = []

    def trouble(route: Route) -> None:
        tries.append(1)
        if len(tries) > 2:
            route.continue_()
        elif lost:
            route.fetch()
            route.abort()
        else:
            route.fulfill(status=503, json={"detail": "not now"})

    rater.open(AFTERWARDS)
    to_closing(rater)
    rater.page.route(CLOSING, trouble)
    rater.view.get_by_label("Yes").check()
    rater.view.get_by_label("Laptop").check()
    button(rater, "Send").click()
    rater.finish()
    assert kept(site, AFTERWARDS)[0].closing == {"eyes": 0, "devices": [1]}
    rater.complaints.clear()


def test_comprehension_and_practice_wait_for_a_connection(rater: Rater) -> None:
    rater.open(STUDY).agree()
    button(rater, "Start").click()
    rater.view.get_by_label("The real").check()
    rater.view.get_by_label("One", exact=True).check()
    rater.page.context.set_offline(True)
    button(rater, "Check my answers").click()
    expect(rater.view.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    rater.page.context.set_offline(False)
    button(rater, "Go on").click()
    expect(rater.view.locator(".trial")).to_have_attribute("aria-busy", "false")
    rater.page.context.set_offline(True)
    trial(rater, lambda: rater.press("f"))
    expect(rater.view.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    rater.page.context.set_offline(False)
    expect(rater.view.locator(".shown")).to_be_visible()
    rater.complaints.clear()


def test_the_browser_chooses_the_language_and_the_study_has_its_own_words(
    new_rater: Callable[..., Rater], site: Site
) -> None:
    rater = new_rater(locale="de-AT").open(STUDY)
    expect(heading(rater, "Welches Bild ist echt?")).to_be_visible()
    expect(rater.view.get_by_text("Die Teilnahme ist freiwillig.")).to_be_visible()
    button(rater, "Ich bin einverstanden").click()
    button(rater, "Start").click()
    expect(heading(rater, "Ist alles klar?")).to_be_visible()
    assert kept(site)[0].language == "de"


def test_right_to_left(new_rater: Callable[..., Rater]) -> None:
    rater = new_rater(locale="ar", viewport={"width": 360, "height": 740}).open(STUDY)
    expect(rater.view.locator("html")).to_have_attribute("dir", "rtl")
    expect(rater.view.get_by_text("المشاركة طوعية")).to_be_visible()
    button(rater, "I agree").click()  # the player's own words fall back to English
    button(rater, "Start").click()
    option = rater.view.get_by_label("الصورة الحقيقية")
    text = rater.view.get_by_text("الصورة الحقيقية", exact=True)
    dot, words = option.bounding_box(), text.bounding_box()
    assert dot is not None
    assert words is not None
    assert dot["x"] > words["x"]
    assert fits(rater)
    assert violations(rater) == []
    option.check()
    rater.view.get_by_label("واحدة").check()
    button(rater, "Check my answers").click()
    button(rater, "Go on").click()
    trial(rater, lambda: rater.press("f"))
    expect(rater.view.get_by_text("انظر إلى الزوايا.")).to_be_visible()
    assert fits(rater)


@pytest.fixture
def researcher(rater: Rater, site: Site) -> Rater:
    """Give somebody signed in, at the preview of the study that uses everything."""
    rater.page.goto(f"{site.url}/s/{STUDY}/preview/")
    rater.page.get_by_label("Username").fill("researcher")
    rater.page.get_by_label("Password").fill("look-at-images")
    rater.page.keyboard.press("Enter")
    expect(rater.page.get_by_text("Nothing is stored.")).to_be_visible()
    return rater


SCREENS = {
    "Device": "This device does not do for this study",
    "Instructions": "Image rating",
    "Comprehension": "Have you understood?",
    "Screened out": "Thank you for your time",
    "Practice": "Practice",
    "Break": "Time for a break",
    "Closing questions": "A few last questions",
    "End": "Thank you",
}


def test_the_preview_shows_any_screen_and_any_trial_and_stores_nothing(researcher: Rater, site: Site) -> None:
    before = site.sessions(STUDY)
    page = researcher.page
    for name, title in SCREENS.items():
        page.get_by_label("Screen").select_option(name)
        page.get_by_role("button", name="Show").click()
        expect(heading(researcher, title)).to_be_visible()
        expect(page.get_by_text("Nothing is stored.")).to_be_visible()
        assert violations(researcher) == []
    page.get_by_label("Screen").select_option("Trials")
    page.get_by_label("Trial", exact=True).fill("3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".count")).to_have_text("1 of 2")
    assert site.sessions(STUDY) == before
    assert not any("/rating/" in response.url for response in researcher.responses)


def test_the_preview_goes_on_from_where_it_began(researcher: Rater) -> None:
    page = researcher.page
    page.goto(f"{page.url}?screen=comprehension")
    page.get_by_label("The sharp").check()
    page.get_by_label("One", exact=True).check()
    button(researcher, "Check my answers").click()
    expect(page.get_by_text("1 try left")).to_be_visible()
    page.get_by_label("The real").check()
    button(researcher, "Check my answers").click()
    button(researcher, "Go on").click()
    trial(researcher, lambda: researcher.press("j"))
    expect(heading(researcher, "Correct")).to_be_visible()


def test_nothing_tells_the_truth_before_the_answer(rater: Rater) -> None:
    """The page of practice trials holds no answer, and no file's or set's name."""
    told: list[Any] = []
    rater.page.on("response", lambda response: told.append(response) if "/rating/" in response.url else None)
    rater.open(STUDY)
    to_practice(rater)
    button(rater, "Go on").click()
    expect(rater.view.locator(".trial")).to_have_attribute("aria-busy", "false")
    for response in told:
        body = response.text().lower()
        assert not any(
            word in body for word in ('"correct"', '"right"', "quagga", "zebrafield", "crownjewel")
        )
