"""The report and the live page: for every reader, on every screen, and on paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from humaneval.reports.templatetags.paper import ROWS
from tests.browser.audit import fits, violations
from tests.browser.paper import Paper
from tests.browser.rater import PATIENCE_MS, Rater
from tests.browser.reported import MODELS, SCORES, report_forced_choice, report_preferences, report_scales
from tests.browser.researcher import sign_in
from tests.browser.site import Site

A4 = {"width": 210 - 2 * 12, "height": 297 - 2 * 14}
"""A page without its margins, in millimetres."""

PIXELS = 96 / 25.4

TOO_WIDE = """() => [...document.querySelectorAll("td, th, caption, summary, svg.chart")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => {
    const box = one.getBoundingClientRect();
    const column = one.closest(".pair, main").getBoundingClientRect();
    return box.left < column.left - 1 || box.right > column.right + 1;
  })
  .map((one) => one.textContent.trim().slice(0, 60))"""
"""Words that stand over the edge of the page, or of their column."""

FOR_FILES = ".beyond, .more-pairs, .caption-on-paper"
"""What is left to the exported files on paper: later rows of long tables, further charts, scores in full."""

HIDDEN = f"""() => [...document.querySelectorAll("main td, main th")]
  .filter((one) => !one.closest("{FOR_FILES}"))
  .filter((one) => !one.checkVisibility({{ contentVisibilityAuto: true }}) || !one.getClientRects().length)
  .map((one) => one.textContent.trim())"""

CELLS = f"""() => [...document.querySelectorAll("main td")]
  .filter((one) => !one.closest("{FOR_FILES}")).map((one) => one.innerText)"""

PAIRS = SCORES * (SCORES - 1) // 2
"""Tests of every two scores."""


@pytest.fixture(scope="module")
def pages(site: Site) -> dict[str, str]:
    """Give the addresses of reports and of a live page."""
    slug = report_forced_choice(site)
    return {
        "forced choice": f"/studies/{slug}/report/",
        "preferences": f"/studies/{report_preferences(site)}/report/",
        "scales": f"/studies/{report_scales(site)}/report/",
        "live": f"/studies/{slug}/live/?still=1",
    }


@pytest.fixture(scope="module")
def signed_in(site: Site, chromium: Browser) -> Any:
    """Give what a browser keeps of having signed in."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    sign_in(Rater.at(site, context.new_page()))
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def look(new_rater: Callable[..., Rater], signed_in: Any, pages: dict[str, str]) -> Callable[..., Rater]:
    """Return a function that opens one of the pages as a researcher in a window so wide."""

    def open_page(name: str, width: int = 1280) -> Rater:
        researcher = new_rater(viewport={"width": width, "height": 800}, storage_state=signed_in)
        response = researcher.page.goto(f"{researcher.site.url}{pages[name]}")
        assert response is not None
        assert response.status == 200
        return researcher

    return open_page


@pytest.mark.parametrize("name", ["forced choice", "preferences", "scales", "live"])
def test_nothing_is_wrong_with_the_page_wide_and_narrow_in_light_and_in_dark(
    name: str, look: Callable[..., Rater]
) -> None:
    researcher = look(name, 360)
    assert fits(researcher)
    assert violations(researcher) == []
    unfold(researcher.page)
    assert fits(researcher)
    researcher.page.set_viewport_size({"width": 1280, "height": 800})
    assert fits(researcher)
    assert violations(researcher) == []


def unfold(page: Page) -> None:
    """Open whatever is folded."""
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")


@pytest.mark.parametrize("name", ["forced choice", "preferences", "scales", "live"])
def test_on_paper_the_page_shows_every_table_unfolded_within_its_width(
    name: str, look: Callable[..., Rater]
) -> None:
    page = look(name, round(A4["width"] * PIXELS)).page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(HIDDEN) == []
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 34, 48)"


def test_a_pdf_of_the_page_and_one_of_the_file_have_the_numbers_of_every_table(
    look: Callable[..., Rater], chromium: Browser, tmp_path: Path
) -> None:
    page = look("forced choice").page
    with page.expect_download() as download:
        page.get_by_role("link", name="One HTML file").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    check_on_paper(page)
    offline = chromium.new_context(offline=True, color_scheme="dark")
    try:
        kept = offline.new_page()
        kept.goto(file.as_uri())
        check_on_paper(kept)
    finally:
        offline.close()


def check_on_paper(page: Page) -> None:
    """Print a report and look for the numbers of its tables, those that were folded away above all.

    Of long tables the first rows are printed, and which file has the others; on the screen all are there.
    """
    assert page.locator("details.behind:not([open])").count() > SCORES
    paper = Paper(page.pdf(format="A4"))
    assert not paper.shrunk
    unfold(page)
    words = bare(paper.text)
    tests = page.locator("table.contests tbody tr")
    assert [row.is_visible() for row in tests.all()] == [True] * PAIRS
    assert bare(tests.nth(ROWS - 1).inner_text()) in words
    assert bare(tests.nth(ROWS).inner_text()) not in words
    for line in (f"the first {ROWS} of {PAIRS} rows; all of them stand in comparisons.csv", "in scores.csv"):
        assert bare(line) in words
        assert not page.get_by_text(line).is_visible()
    cells = {bare(cell) for cell in page.evaluate(CELLS)}
    assert len(cells) > 200
    assert {cell for cell in cells if cell not in words} == set()
    for heading in ("Numbers behind the chart", "Settings and versions of each run", *MODELS):
        assert bare(heading) in words
    assert 6 < paper.pages < 13


def bare(text: str) -> str:
    """Return a text without spaces and ligatures."""
    return "".join(unicodedata.normalize("NFKC", text).split())
