"""What a session loads, to the byte: of each protocol the study that uses everything there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath

import pytest
from playwright.sync_api import expect

from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.page import LANGUAGES
from tests.browser.rater import REFLEX_MS, Rater
from tests.browser.recording import Recording
from tests.browser.site import STUDIES, Site

BUDGET = 60_000
"""Bytes of scripts and styles in one session, before compression."""

IMPORT = re.compile(r"""(?:\bfrom|\bimport\(|\bimport)\s*["'](\.[^"']+)["']""")
STYLES = ("base", "rater", "around", "zoom")

pytestmark = pytest.mark.usefixtures("_minified")


@pytest.fixture
def _minified() -> None:
    pytest.importorskip("minify", reason="the minifier has no build for this machine")


@dataclass(frozen=True)
class Collected:
    """The static files as the server sends them, by the name that they have in the sources."""

    root: Path
    sent: dict[str, str]

    @classmethod
    def of(cls, site: Site) -> Collected:
        """Return those of a running site."""
        root = site.platform.folder / "static"
        return cls(root, json.loads((root / "staticfiles.json").read_text())["paths"])

    def weight(self, name: str) -> int:
        """Return a file's bytes."""
        return (self.root / self.sent[name]).stat().st_size

    def imports(self, name: str) -> set[str]:
        """Return what a module imports, at once or later."""
        source = {sent: name for name, sent in self.sent.items()}
        folder = PurePosixPath(self.sent[name]).parent
        found = IMPORT.findall((self.root / self.sent[name]).read_text())
        return {source[normpath(str(folder / each))] for each in found}

    def everything(self, protocol: str, language: str) -> set[str]:
        """Return all that a study of this protocol can make a browser load in this language."""
        seen: set[str] = set()
        ahead = {"rater/main.js"}
        while ahead:
            name = ahead.pop()
            seen.add(name)
            found = {each for each in self.imports(name) if _is_used(name, each, protocol, language)}
            ahead |= found - seen
        styles = {f"styles/{name}.css" for name in (*STYLES, f"protocols/{protocol}")}
        return seen | (styles & set(self.sent))


def _is_used(importing: str, imported: str, protocol: str, language: str) -> bool:
    """Return whether this is not the part of another protocol or another language."""
    stem = PurePosixPath(imported).stem
    if importing.endswith("protocols/registry.js"):
        return stem == protocol
    if importing.endswith("words.js"):
        return stem == language
    return True


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_study_can_weigh_more_than_the_budget(protocol: str, language: str, site: Site) -> None:
    files = Collected.of(site)
    whole = files.everything(protocol, language)
    assert f"rater/protocols/{protocol}.js" in whole
    assert "rater/around/closing.js" in whole
    assert sum(map(files.weight, whole)) < BUDGET


@pytest.mark.parametrize("study", STUDIES)
def test_a_session_weighs_less_than_its_budget(study: str, recordings: Callable[[str], Recording]) -> None:
    code = recordings(study).code
    assert len(code) > 15
    assert sum(len(reply.body) for reply in code) < BUDGET - 10_000  # of the screens that it has not
    assert all(re.search(r"\.[0-9a-f]{12}\.(js|css)$", reply.url) for reply in code)
    assert not any("/around" in reply.url for reply in code)


def test_the_heaviest_session_loads_what_was_weighed(rater: Rater, site: Site) -> None:
    """Every screen and setting of a ranking, in German, loads just what the test above adds up."""
    go_through_everything(rater)
    urls = {response.url for response in rater.responses if response.url.endswith((".js", ".css"))}
    files = Collected.of(site)
    source = {sent: name for name, sent in files.sent.items()}
    loaded = {source[url.split("/static/")[1]] for url in urls}
    assert loaded == files.everything("ranking", "de")
    assert sum(map(files.weight, loaded)) < BUDGET


def go_through_everything(rater: Rater) -> None:
    """Go from the consent to the last screen of the study that has everything."""

    def press(name: str) -> None:
        rater.view.get_by_role("button", name=name).click()

    def answer() -> None:
        expect(rater.view.locator(".trial")).to_have_attribute("aria-busy", "false")
        rater.page.wait_for_timeout(REFLEX_MS)
        rater.press("z", "Escape", "a", "2", "Enter")

    rater.open("heavy", "?lang=de")
    press("Ich bin einverstanden")
    expect(rater.view.get_by_role("heading", name="Haben Sie eine Tastatur?")).to_be_visible()
    rater.press("Space")
    press("Start")
    rater.view.get_by_label("The real").check()
    rater.view.get_by_label("One", exact=True).check()
    press("Antworten prüfen")
    press("Weitermachen")
    answer()
    expect(rater.view.get_by_text(re.compile(r"^Richtig ist: \d > \d > \d$"))).to_be_visible()
    press("Weitermachen")
    press("Weitermachen")
    answer()
    press("Weitermachen")
    answer()
    rater.view.get_by_label("Nein").check()
    rater.view.get_by_label("Phone").check()
    press("Absenden")
    expect(rater.view.get_by_role("heading", name="Vielen Dank")).to_be_visible()
