"""What axe-core finds wrong with a page, and whether the page fits its window."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults

from tests.browser.rater import Rater

EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = {**EVERYTHING, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules that a colour scheme can break: the document is the same in both."""

MISSING = "typeof axe === 'undefined'"
RUN = "options => axe.run({ exclude: ['svg.chart > *'] }, options)"
"""A chart is one image with words of its own to axe: it would look at thousands of lines in it, in vain."""


def violations(rater: Rater, *, but: Collection[str] = (), reload: bool = False) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now, in light and in dark.

    Rules in ``but`` are left out. ``reload`` is for pages that ask for the colour scheme only when they load.
    """
    page = rater.page
    found = []
    for scheme, options in (("dark", COLOURS), ("light", EVERYTHING)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if reload:
            page.reload()
        if page.evaluate(MISSING):
            page.evaluate(AXE_SCRIPT)
        left_out = {"rules": {rule: {"enabled": False} for rule in but}} if but else {}
        results = AxeResults(page.evaluate(RUN, {**options, **left_out}))
        found += [f"{scheme}: {results.generate_report()}"] * bool(results.violations_count)
    return found


def fits(rater: Rater) -> bool:
    """Return whether the page needs no scrolling sideways."""
    return bool(rater.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
