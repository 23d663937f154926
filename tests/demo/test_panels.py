"""The demo's panels: which browser plays people, and what is said where there is none."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from humaneval.demo.console import Console
from humaneval.demo.management.commands import demo
from humaneval.demo.panels import browsers
from humaneval.demo.panels.stand_ins import NAMES, start_stand_in


def test_a_browser_can_be_named_by_hand(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    assert browsers.find_browser() == "/opt/chromium"


def test_without_playwright_no_browser_can_be_driven(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    monkeypatch.setattr(browsers, "find_spec", lambda name: None)
    assert browsers.find_browser() is None


@pytest.mark.parametrize(("found", "sentences"), [(None, 1), ("/usr/bin/chromium", 0)])
def test_where_no_browser_is_found_it_says_so_and_what_to_do(monkeypatch, found, sentences):
    asked = []
    monkeypatch.setattr(demo, "find_browser", lambda: found)
    monkeypatch.setattr(demo, "recruit", lambda *_rows, browser, **_words: asked.append(browser))
    monkeypatch.setattr(demo, "take_snapshot", lambda **_words: None)
    out = io.StringIO()
    stand_in, login = SimpleNamespace(name=NAMES[1]), SimpleNamespace(user=None)
    demo.recruit_from(Console(out), stand_in, ["one", "two"], login)
    assert asked == [found]
    assert out.getvalue().count("No Chromium or Chrome was found") == sentences
    assert out.getvalue().count("CHROMIUM=/path make demo PANEL=") == sentences


def test_there_is_no_stand_in_for_other_panels():
    with pytest.raises(ValueError, match="choose one of mturk, prolific"):
        start_stand_in("clickworker")
