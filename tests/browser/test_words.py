"""Every word can be translated: with a made-up language in place of English nothing is left in English.

Its words are the English ones in brackets and two fifths longer, on a page that runs from right to left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.audit import fits, violations
from tests.browser.rater import REFLEX_MS, Rater

MADE_UP = """
const longer = (text) => `⟦${text}${"~".repeat(Math.ceil(0.4 * text.length))}⟧`;
const made = (said) => (typeof said === "function" ? (...given) => longer(said(...given)) : longer(said));
export const words = Object.fromEntries(Object.entries(english).map(([name, said]) => [name, made(said)]));
"""

READ = """() => {
  const found = [];
  const seen = (element) => element.checkVisibility() && !element.closest("kbd, .code");
  for (const element of document.querySelectorAll("#player, #player *")) {
    if (!seen(element)) continue;
    for (const name of ["aria-label", "aria-valuetext", "alt", "title", "placeholder"])
      if (element.getAttribute(name)) found.push(element.getAttribute(name));
    for (const node of element.childNodes)
      if (node.nodeType === Node.TEXT_NODE && node.data.trim()) found.push(node.data.trim());
  }
  return found;
}"""
"""All that is read or read out on a screen, but for keys and the code."""


def make_up(route: Route) -> None:
    """Answer with the catalogue of a made-up language in place of the English one."""
    response = route.fetch()
    english = response.text().replace("export const words=", "const english=", 1)
    route.fulfill(response=response, body=english + ";" + MADE_UP)


def texts_in(value: Any) -> Iterator[str]:
    """Give every text within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_in(each)


class Reader:
    """Reads a rater's screens, and knows what the study itself says: that comes with the server's answers."""

    def __init__(self, rater: Rater) -> None:
        self._rater = rater
        self._own: set[str] = set()

    def _learn(self) -> None:
        for response in self._rater.responses:
            if "/api/v1/rating/" in response.url and response.ok:
                self._own |= set(texts_in(response.json()))
        self._rater.responses.clear()

    def untranslated(self) -> list[str]:
        """Return what is on the screen in words that are neither made up nor the study's own."""
        self._learn()
        own = {part.strip() for text in self._own for part in [text, *text.split("\n\n")]}
        return [text for text in self._rater.page.evaluate(READ) if _has_words(text) and text not in own]

    def check(self) -> None:
        """Read this screen; it must fit a phone."""
        assert self.untranslated() == []
        assert fits(self._rater)


def _has_words(text: str) -> bool:
    """Return whether letters are left outside the brackets of the made-up language."""
    while "⟦" in text:
        shorter = re.sub(r"⟦[^⟦⟧]*⟧", "", text)
        if shorter == text:
            return True
        text = shorter
    return any(letter.isalpha() for letter in text)


def test_no_word_is_left_untranslated_on_any_screen_from_right_to_left(phone_rater: Rater) -> None:
    rater, page = phone_rater, phone_rater.page
    page.route(re.compile(r"/rater/(words|around)/en\.[0-9a-f]+\.js$"), make_up)
    reader = Reader(rater)

    def press(name: str) -> None:
        rater.view.get_by_role("button", name=name).tap()

    def answer() -> None:
        expect(rater.view.locator(".trial")).to_have_attribute("aria-busy", "false")
        page.wait_for_timeout(REFLEX_MS)
        reader.check()
        press("Look closer")
        reader.check()
        rater.press("Escape", "a", "2")
        reader.check()
        assert violations(rater) == []
        rater.press("Enter")

    rater.open("heavy", "?lang=ar")
    expect(rater.view.locator("html")).to_have_attribute("dir", "rtl")
    press("I agree")
    expect(rater.view.get_by_text("⟦Do you have a keyboard?")).to_be_visible()
    reader.check()
    rater.press("Space")
    expect(rater.view.get_by_role("button", name="⟦Start")).to_be_visible()
    reader.check()
    press("Start")
    rater.view.get_by_label("الصورة الواضحة").check()
    rater.view.get_by_label("واحدة").check()
    press("Check my answers")
    expect(rater.view.get_by_text("⟦This is not right yet")).to_be_visible()
    reader.check()
    assert violations(rater) == []
    rater.view.get_by_label("الصورة الحقيقية").check()
    press("Check my answers")
    expect(rater.view.get_by_role("heading", name="⟦Practice")).to_be_visible()
    reader.check()
    press("Go on")
    answer()
    expect(rater.view.locator(".shown")).to_be_visible()
    reader.check()
    press("Go on")
    reader.check()
    press("Go on")
    answer()
    expect(rater.view.get_by_role("heading", name="⟦Time for a break")).to_be_visible()
    reader.check()
    assert violations(rater) == []
    press("Go on")
    answer()
    expect(rater.view.get_by_role("heading", name="⟦A few last questions")).to_be_visible()
    reader.check()
    rater.view.get_by_label("نعم").check()
    rater.view.get_by_label("Phone").check()
    press("Send")
    expect(rater.view.get_by_role("heading", name="⟦Thank you")).to_be_visible()
    reader.check()


def test_the_words_of_every_protocol_can_be_translated(phone_rater: Rater) -> None:
    rater, page = phone_rater, phone_rater.page
    page.route(re.compile(r"/rater/words/en\.[0-9a-f]+\.js$"), make_up)
    reader = Reader(rater)
    for study in ("two_afc_many", "likert_slider", "pairwise_grids", "timed_real_or_fake", "duplicates"):
        page.goto("about:blank")
        rater.responses.clear()  # their bodies have gone with the page
        rater.open(study)
        rater.view.get_by_role("button", name="I agree").tap()
        rater.view.get_by_role("button", name="⟦Start").tap()
        expect(rater.view.locator(".trial")).to_have_attribute("aria-busy", "false")
        assert reader.untranslated() == []
        assert fits(rater)
