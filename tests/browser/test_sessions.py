"""Whole sessions: by keyboard at a desk, by touch on a phone, with a reload, with two tabs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from humaneval.protocols.orders import code_of
from tests.browser.audit import fits
from tests.browser.rater import REFLEX_MS, Rater
from tests.browser.recording import KEYS, Recording, few_fast
from tests.browser.site import ASSIGNMENTS, PROMPT, Site

TAPS = {
    "two_afc": ("Bottom",),
    "real_or_fake": ("Fake",),
    "likert": ("3",),
    "likert_grid": ("1: not at all", "5: all different", "Next"),
    "pairwise": ("No difference",),
    "timed_real_or_fake": ("Fake",),
    "ranking": ("Image 2 of 3", "Image 3 of 3", "Next"),
    "ranking_best_worst": ("Image 2 of 3", "Image 3 of 3", "Next"),
    "duplicates": ("The same",),
    "two_afc_many": ("Image 3 of 4",),
    "pairwise_grids": ("Both good", "Both good", "Next"),
    "two_afc_own_keys": ("I cannot tell", "Next"),
}

LAYOUTS = (
    *("two_afc", "two_afc_many", "likert_grid", "pairwise_grids"),
    *("ranking", "duplicates", "timed_real_or_fake"),
)
"""Studies of which no two have the same things on their screens; the others repeat one of them."""

WHOLE = {
    "two_afc": 2,
    "pairwise": 2,
    "likert_grid": 16,
    "two_afc_many": 4,
    "pairwise_grids": 8,
    "ranking": 3,
    "ranking_best_worst": 3,
    "duplicates": 2,
    "two_afc_own_keys": 2,
}
"""Images in one trial, where they are more than one."""


@pytest.mark.parametrize("study", KEYS)
def test_a_session_by_keyboard_alone(study: str, recordings: Callable[[str], Recording]) -> None:
    recording = recordings(study)
    assert [vote.outcome for vote in recording.votes] == ["answered"] * ASSIGNMENTS
    assert {vote.timings["input"] for vote in recording.votes} == {"key"}
    assert all(vote.response_ms >= 120 for vote in recording.votes)
    assert recording.complaints == []


@pytest.mark.parametrize("study", KEYS)
def test_all_images_of_a_trial_appear_in_one_frame(
    study: str, recordings: Callable[[str], Recording]
) -> None:
    whole = WHOLE.get(study, 1)
    assert recordings(study).frames == {(0, True), (whole, True)}


def test_answers_mean_what_was_on_screen(recordings: Callable[[str], Recording]) -> None:
    """Left is the slot at the first place, whichever that was."""
    votes = recordings("two_afc").votes
    assert [vote.values for vote in votes] == [[vote.order[0]] for vote in votes]
    assert [vote.values for vote in recordings("likert_grid").votes] == [[7, 2]] * ASSIGNMENTS
    assert [vote.values for vote in recordings("pairwise").votes] == [[-1]] * ASSIGNMENTS
    assert [vote.values for vote in recordings("likert_slider").votes] == [[71]] * ASSIGNMENTS
    assert [vote.values for vote in recordings("pairwise_grids").votes] == [
        [-2, vote.order[1]] for vote in recordings("pairwise_grids").votes
    ]
    many = recordings("two_afc_many").votes
    assert [vote.values for vote in many] == [[vote.order[3]] for vote in many]


def test_a_ranking_is_stored_best_first(recordings: Callable[[str], Recording]) -> None:
    """Third place best, first place second: the one left over falls into place."""
    for vote in recordings("ranking").votes:
        best_first = [vote.order[place] for place in (2, 0, 1)]
        assert vote.values == [code_of(best_first)]


def test_the_best_and_the_worst_are_stored_alone(recordings: Callable[[str], Recording]) -> None:
    """The third place is the best, the first the worst, of three."""
    for vote in recordings("ranking_best_worst").votes:
        assert vote.values == [vote.order[2] * 3 + vote.order[0]]


def test_the_best_and_the_worst_can_be_dragged_and_taken_back(rater: Rater, site: Site) -> None:
    rater.open("ranking_best_worst").agree().start()
    chip = rater.view.get_by_role("button", name="Image 1 of 3")
    give = rater.view.get_by_role("button", name="Next")
    chip.drag_to(rater.view.get_by_role("listitem").filter(has_text="Best"))
    expect(chip).to_have_accessible_name("Image 1 of 3: Best")
    chip.drag_to(rater.view.get_by_role("listitem").filter(has_text="Worst"))
    expect(chip).to_have_accessible_name("Image 1 of 3: Worst")
    expect(give).to_be_disabled()
    rater.press("Backspace")
    expect(chip).to_have_accessible_name("Image 1 of 3: no rank yet")
    rater.press("2", "1", "Enter")
    rater.answer_all(lambda: rater.press("2", "1", "Enter"), first=2).finish()
    assert [vote.values for vote in site.votes("ranking_best_worst")] == [
        [vote.order[1] * 3 + vote.order[0]] for vote in site.votes("ranking_best_worst")
    ]


def test_images_can_be_tapped_and_dragged_into_order(new_rater: Callable[..., Rater], site: Site) -> None:
    rater = new_rater().open("ranking").agree().start()
    for number in range(1, ASSIGNMENTS + 1):
        rater.see(number)
        chip = rater.view.get_by_role("button", name="Image 2 of 3")
        chip.drag_to(rater.view.get_by_role("listitem").filter(has_text="Worst"))
        expect(chip).to_have_accessible_name("Image 2 of 3: Worst")
        rater.view.get_by_alt_text("Image 3 of 3").click()
        expect(rater.view.get_by_role("button", name="Image 1 of 3")).to_have_accessible_name(
            "Image 1 of 3: 2"
        )
        rater.view.get_by_role("button", name="Next").click()
    rater.finish()
    for vote in site.votes("ranking"):
        assert vote.values == [code_of([vote.order[place] for place in (2, 0, 1)])]


def test_a_slider_stands_nowhere_until_it_is_touched(phone_rater: Rater, site: Site) -> None:
    rater = phone_rater.open("likert_slider").agree().start()
    slider, give = rater.view.get_by_role("slider"), rater.view.get_by_role("button", name="Next")
    for _ in range(ASSIGNMENTS):
        expect(slider).to_have_attribute("aria-valuetext", "not answered yet")
        expect(give).to_be_disabled()
        rater.page.wait_for_timeout(REFLEX_MS)
        slider.tap()
        give.tap()
    assert all(vote.values == [50] for vote in rater.finish().site.votes("likert_slider"))


def test_not_being_able_to_tell_is_an_outcome_of_its_own(rater: Rater, site: Site) -> None:
    rater.open("two_afc_many").agree().start()
    rater.view.get_by_role("button", name="I cannot tell").click()
    rater.see(2).view.get_by_role("button", name="An image is missing").click()
    rater.answer_all(lambda: rater.press("1"), first=3).finish()
    outcomes = [vote.outcome for vote in site.votes("two_afc_many")]
    assert outcomes == ["cannot_tell", "not_shown", *["answered"] * (ASSIGNMENTS - 2)]


@pytest.mark.parametrize("study", few_fast(*LAYOUTS, of=TAPS))
def test_a_session_on_a_phone_by_touch(study: str, phone_rater: Rater, site: Site) -> None:
    rater = phone_rater.open(study)
    rater.tap("I agree: begin")
    rater.view.get_by_role("button", name="Start").tap()
    assert fits(rater.see(1))

    def tap() -> None:
        for step, name in enumerate(TAPS[study]):
            before = TAPS[study][:step].count(name)  # of another question
            button = rater.view.get_by_role("button", name=name, exact=False).nth(before)
            box = button.bounding_box()
            assert box is not None
            assert box["width"] >= 48
            assert box["height"] >= 48
            button.tap()

    rater.answer_all(tap).finish()
    assert {vote.timings["input"] for vote in site.votes(study)} == {"touch"}
    assert {tuple(vote.timings["viewport"]) for vote in site.votes(study)} == {(360, 740)}


def test_an_image_is_an_answer_when_touched(rater: Rater, site: Site) -> None:
    rater.open("pairwise").agree().start()
    rater.answer_all(lambda: rater.view.get_by_alt_text("Image 2 of 2").click()).finish()
    for vote in site.votes("pairwise"):
        assert vote.values == [vote.order[1]]
        assert vote.timings["input"] == "mouse"


def test_several_questions_can_be_corrected_before_they_are_given(rater: Rater, site: Site) -> None:
    rater.open("likert_grid").agree().start()
    rater.press("7", "2")
    rater.view.get_by_role("button", name="3", exact=True).first.click()
    rater.press("Enter")
    rater.answer_all(lambda: rater.press("1", "1", "Enter"), first=2).finish()
    assert site.votes("likert_grid")[0].values == [3, 2]


def test_a_reload_goes_on_at_the_same_question(rater: Rater, site: Site) -> None:
    rater.open("two_afc").agree().start().answer_all(lambda: rater.press("f"), last=2)
    rater.see(3)
    before = rater.view.locator(".stage img").first.get_attribute("src")
    rater.page.reload()
    rater.see(3)
    assert rater.view.locator(".stage img").first.get_attribute("src") == before
    rater.answer_all(lambda: rater.press("f"), first=3).finish()
    rater.page.reload()
    rater.finish()
    assert len(site.votes("two_afc")) == ASSIGNMENTS


def test_the_same_link_in_another_profile_is_another_rater(
    new_rater: Callable[..., Rater], site: Site
) -> None:
    before = site.sessions("likert")
    for _ in range(2):
        new_rater().open("likert").agree()
    assert site.sessions("likert") == before + 2


def test_a_key_held_down_answers_once(rater: Rater, site: Site) -> None:
    rater.open("real_or_fake").agree().start()
    for _ in range(12):  # down again without up: what auto-repeat sends
        rater.page.keyboard.down("ArrowLeft")
        rater.page.wait_for_timeout(30)
    rater.page.keyboard.up("ArrowLeft")
    rater.see(2)


CLICKS = """(button) => new Promise((resolve) => {
  const trial = document.querySelector(".trial");
  const watch = new MutationObserver(() => {
    if (trial.getAttribute("aria-busy") !== "false") return;
    watch.disconnect();
    button.click();
    resolve();
  });
  watch.observe(trial, { attributes: true });
  button.click();
  button.click();
})"""
"""Clicks twice, and once more in the very moment in which the next trial can be answered."""


def test_a_double_click_answers_once(rater: Rater) -> None:
    """In the page, since a busy machine lets a mouse's second click come late enough to be another answer."""
    rater.open("real_or_fake").agree().start()
    rater.view.get_by_role("button", name="Real").evaluate(CLICKS)
    rater.see(2)


OTHERWISE = {
    "two_afc": ("j",),
    "real_or_fake": ("r",),
    "likert": ("2",),
    "pairwise": ("f",),
    "timed_real_or_fake": ("r",),
    "duplicates": ("d",),
    "ranking": ("1", "2", "Enter"),
}
"""What gives another answer than the keys of a recording."""


@pytest.mark.parametrize("study", few_fast("two_afc", "timed_real_or_fake"))
def test_two_tabs_of_one_rater_make_no_vote_twice(study: str, rater: Rater, site: Site) -> None:
    rater.open(study).agree().start()
    second = Rater.at(site, rater.page.context.new_page()).open(study)
    second.start()
    rater.page.bring_to_front()  # a tab behind another draws a frame a second
    rater.answer_all(lambda: rater.press(*KEYS[study]), last=3).see(4)
    rater.until(lambda: len(site.votes(study)) == 3)
    second.page.bring_to_front()
    first = [vote.values for vote in site.votes(study)]
    thanks = second.view.get_by_role("heading", name="Thank you")
    ready = second.view.locator('.trial[aria-busy="false"]')
    while True:  # the first three are refused, or not shown at all, so its count leaps
        expect(ready.or_(thanks)).to_be_visible()
        if thanks.is_visible():
            break
        second.page.wait_for_timeout(REFLEX_MS)
        second.press(*OTHERWISE[study])
    second.finish()
    votes = site.votes(study)
    assert len(votes) == ASSIGNMENTS
    assert [vote.values for vote in votes[:3]] == first
    rater.complaints.clear()
    second.complaints.clear()  # a refused second vote is a warning on the console


def test_time_that_the_page_was_hidden_is_kept_with_the_vote(rater: Rater, site: Site) -> None:
    hide = """hidden => { Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                          document.dispatchEvent(new Event("visibilitychange")); }"""
    rater.open("real_or_fake").agree().start()
    rater.view.evaluate(hide, True)
    rater.page.wait_for_timeout(300)
    rater.view.evaluate(hide, False)
    rater.answer_all(lambda: rater.press("r")).finish()
    first, *others = site.votes("real_or_fake")
    assert 250 < first.timings["hidden_ms"] <= first.response_ms
    assert {vote.timings["hidden_ms"] for vote in others} == {0}


def test_small_images_are_enlarged_without_smoothing_to_the_set_width(rater: Rater) -> None:
    rater.open("two_afc").agree().start()
    for image in rater.view.locator(".stage img").all():
        box = image.bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (200, 200)
        expect(image).to_have_css("image-rendering", "pixelated")


def test_the_prompt_that_two_images_share_is_shown_above_them(rater: Rater) -> None:
    rater.open("pairwise").agree().start()
    expect(rater.view.get_by_text(PROMPT)).to_be_visible()
    rater.open("two_afc").agree().start()  # no prompt there: it would tell which image is the generated one
    expect(rater.view.get_by_text(PROMPT)).to_be_hidden()


def test_the_code_can_be_copied(rater: Rater) -> None:
    rater.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    rater.open("real_or_fake").agree().start().answer_all(lambda: rater.press("r")).finish()
    rater.view.get_by_role("button", name="Copy").click()
    expect(rater.view.get_by_text("Copied")).to_be_visible()
    assert rater.page.evaluate("navigator.clipboard.readText()") == "LOOKED42"


def test_a_session_in_german(rater: Rater, site: Site) -> None:
    rater.open("two_afc_many", "?lang=de")
    expect(rater.view.locator("html")).to_have_attribute("lang", "de")
    rater.view.get_by_role("button", name="Ich bin einverstanden").click()
    expect(rater.view.get_by_text("Es gibt 4 Fragen.")).to_be_visible()
    rater.view.get_by_role("button", name="Start").click()
    for number in range(1, ASSIGNMENTS + 1):
        expect(rater.view.locator(".count")).to_have_text(f"{number} von {ASSIGNMENTS}")
        expect(rater.view.locator(".trial")).to_have_attribute("aria-busy", "false")
        rater.page.wait_for_timeout(REFLEX_MS)
        rater.press("2")
    expect(rater.view.get_by_role("heading", name="Vielen Dank")).to_be_visible()
