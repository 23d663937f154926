"""A rater at their browser: what they do, in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Error, Frame, Page, Response, expect

from tests.browser.site import ASSIGNMENTS, Site

REFLEX_MS = 140
"""The player takes faster answers for double clicks."""

PATIENCE_MS = 60_000
"""How long to wait for what must come; test machines are slow at times."""

READY = """([count, reflex, patience]) => new Promise((resolve) => {
  const deadline = performance.now() + patience;
  const look = () => {
    const text = document.querySelector(".count")?.textContent ?? "";
    const ready = text === count && document.querySelector(".trial")?.getAttribute("aria-busy") === "false";
    if (ready) setTimeout(() => resolve(text), reflex);
    else if (performance.now() > deadline) resolve(`${text} ${document.querySelector("h1")?.textContent}`);
    else requestAnimationFrame(look);
  };
  look();
})"""
"""Resolves a moment after the trial that is counted so can be answered."""


@dataclass
class Rater:
    """Somebody with a page open; ``view`` is the page, or the frame that the study stands in."""

    site: Site
    page: Page
    view: Page | Frame
    complaints: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    @classmethod
    def at(cls, site: Site, page: Page) -> Rater:
        """Return a rater at a page, who notes errors on its console and every response."""
        rater = cls(site, page, page)
        page.on("console", rater._note)
        page.on("pageerror", lambda error: rater.complaints.append(str(error)))
        page.on("response", lambda response: rater.responses.append(response))
        return rater

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, study: str, query: str = "") -> Rater:
        """Go to a study's page."""
        self.page.goto(self.site.entry(study) + query)
        return self

    def agree(self) -> Rater:
        """Agree to the consent text."""
        self.view.get_by_role("button", name="I agree").click()
        expect(self.view.get_by_role("button", name="Start")).to_be_visible()
        return self

    def start(self) -> Rater:
        """Begin after the instructions, with the keyboard."""
        expect(self.view.get_by_role("button", name="Start")).to_be_visible()
        self.page.keyboard.press("Enter")
        return self.see(1)

    def see(self, number: int, total: int = ASSIGNMENTS) -> Rater:
        """Wait until question ``number`` is on screen and can be answered."""
        self._wait_for(f"{number} of {total}")
        return self

    def _wait_for(self, count: str) -> None:
        """Wait within the page, which is quicker than to ask again and again from here."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while True:
            try:
                seen = self.view.evaluate(READY, [count, REFLEX_MS, PATIENCE_MS])
            except Error:  # the page was just being left for another
                if time.monotonic() > deadline:
                    raise
                self.page.wait_for_timeout(50)
                continue
            assert seen == count, f"waited in vain for “{count}”: the page says “{seen}”"
            return

    def until(self, so: Callable[[], object]) -> None:
        """Wait until something is so; what the browser tells is heard meanwhile."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not so():
            assert time.monotonic() < deadline, "waited in vain"
            self.page.wait_for_timeout(50)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def answer_all(self, answer: Callable[[], None], first: int = 1, last: int = ASSIGNMENTS) -> Rater:
        """Answer questions ``first`` to ``last``."""
        for number in range(first, last + 1):
            self.see(number)
            answer()
        return self

    def finish(self) -> Rater:
        """Wait for the thanks and the code."""
        expect(self.view.get_by_role("heading", name="Thank you")).to_be_visible()
        expect(self.view.locator("output.code")).to_have_text("LOOKED42")
        return self

    def tap(self, name: str) -> None:
        """Touch a button."""
        self.view.get_by_role("button", name=name, exact=True).tap()
