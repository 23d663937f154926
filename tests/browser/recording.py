"""Whole sessions by keyboard, one of each study, kept with everything that went over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Response, expect

from humaneval.protocols.registry import PROTOCOLS
from tests.browser.audit import violations
from tests.browser.rater import PATIENCE_MS, Rater
from tests.browser.site import Site, StoredVote

KEYS = {
    "two_afc": ("ArrowLeft",),
    "real_or_fake": ("ArrowRight",),
    "likert": ("4",),
    "likert_grid": ("7", "2", "Enter"),
    "pairwise": ("ArrowDown",),
    "timed_real_or_fake": ("ArrowRight",),
    "duplicates": ("s",),
    "ranking": ("3", "1", "Enter"),
    "ranking_best_worst": ("3", "1", "Enter"),
    "two_afc_many": ("4",),
    "likert_slider": ("7", "ArrowRight", "Enter"),
    "pairwise_grids": ("g", "ArrowRight", "Enter"),
    "two_afc_own_keys": ("j", "Enter"),
}
"""What answers one question of each study."""


def few_fast(*fast: str, of: Iterable[str] = PROTOCOLS) -> list[object]:
    """Return every protocol, or all ``of`` others, as parameters; those not named run with the long tests."""
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in of]


WATCH_FRAMES = """addEventListener("DOMContentLoaded", () => {
  window.seen = [];
  const look = () => {
    const images = [...document.querySelectorAll(".stage img")];
    seen.push([images.length, images.every((image) => image.complete && image.naturalWidth > 0)]);
    requestAnimationFrame(look);
  };
  look();
});"""


EXPOSED = """() => new Promise((done) => {
  const resolve = () => done();
  const look = () => {
    const layers = [...document.querySelectorAll(".layers > *")];
    if (layers.every((each) => each.style.visibility === "hidden")) requestAnimationFrame(resolve);
    else requestAnimationFrame(look);
  };
  look();
})"""
"""Resolves when an image that is shown only for a moment is gone, and its masks too: axe-core takes long."""


@dataclass(frozen=True)
class Reply:
    """A response as the browser got it."""

    url: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, response: Response) -> Reply:
        """Return a response's content, to be read when its page is gone."""
        return cls(response.url, response.all_headers(), response.body())


@dataclass(frozen=True)
class Recording:
    """``frames``: in every animation frame how many images stood on the stage, and whether all were there.

    ``violations``: what axe-core found, by screen; of the trial with several questions, one unanswered.
    """

    votes: list[StoredVote]
    replies: list[Reply]
    frames: set[tuple[int, bool]]
    cookies: list[object]
    complaints: list[str]
    violations: dict[str, list[str]]

    @property
    def code(self) -> list[Reply]:
        """The scripts and styles."""
        return [reply for reply in self.replies if reply.url.endswith((".js", ".css"))]

    @property
    def images(self) -> list[Reply]:
        """The stimuli."""
        return [reply for reply in self.replies if "/i/" in reply.url]


def record(site: Site, browser: Browser, study: str) -> Recording:
    """Go through one study with the keyboard alone, from consent to code."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    rater = Rater.at(site, context.new_page())
    rater.page.add_init_script(WATCH_FRAMES)
    rater.open(study)
    expect(rater.view.get_by_role("button", name="I agree")).to_be_enabled()
    found = {"consent": violations(rater)}
    rater.press("Tab", "Tab", "Enter")  # past the link that skips to the content, to the agreement
    expect(rater.view.get_by_role("button", name="Start")).to_be_visible()
    found["instructions"] = violations(rater)
    rater.start()
    rater.page.evaluate(EXPOSED)
    rater.press(*KEYS[study][:-1])
    found["trial"] = violations(rater)
    rater.press(KEYS[study][-1])
    rater.answer_all(lambda: rater.press(*KEYS[study]), first=2).finish()
    found["end"] = violations(rater)
    frames = {(count, whole) for count, whole in rater.page.evaluate("window.seen")}
    replies = [Reply.of(response) for response in rater.responses]
    cookies = [*context.cookies()]
    recording = Recording(site.votes(study), replies, frames, cookies, rater.complaints, found)
    context.close()
    return recording
