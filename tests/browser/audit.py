"""What axe-core finds wrong with a page, and whether the page fits its window."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults

from tests.browser.rater import Rater

EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = {**EVERYTHING, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules that a colour scheme can break: the document is the same in both."""

MISSING = "typeof axe === 'undefined'"
RUN = "options => axe.run({ exclude: ['svg.chart > *'] }, options)"
"""A chart is one image with words of its own to axe: it would look at thousands of lines in it, in vain."""


def violations(rater: Rater) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now, in light and in dark."""
    page = rater.page
    if page.evaluate(MISSING):
        page.evaluate(AXE_SCRIPT)
    found = []
    for scheme, options in (("dark", COLOURS), ("light", EVERYTHING)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        results = AxeResults(page.evaluate(RUN, options))
        found += [f"{scheme}: {results.generate_report()}"] * bool(results.violations_count)
    return found


def fits(rater: Rater) -> bool:
    """Return whether the page needs no scrolling sideways."""
    return bool(rater.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
