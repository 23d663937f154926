"""A browser, a site to visit, and raters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from deploy.browser import find_browser
from tests.browser.rater import PATIENCE_MS, Rater
from tests.browser.recording import Recording, record
from tests.browser.site import Site, build_site
from tests.jobs.platform import Databases, Platform
from tests.needs import missing
from tests.ports import free_port

FLAGS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "The browser tests need Chromium or Chrome: install one (Debian: apt install chromium), run "
    "`playwright install chromium`, or name one with CHROMIUM=/path."
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Give a running Chromium; where there is none, skip, or fail on a CI machine.

    It ends with this folder's tests: Playwright's event loop would keep later ones from the database.
    """
    path = find_browser()
    if path is None:
        missing(MISSING)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=3 * PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases, django_db_blocker: Any
) -> Iterator[Site]:
    """Give a running server with an open study of each protocol."""
    folder = tmp_path_factory.mktemp("site")
    settings = {"DJANGO_SETTINGS_MODULE": "tests.browser.site_settings"}
    platform = Platform(folder, databases.copy(), settings)
    with django_db_blocker.unblock():
        try:
            yield build_site(platform, free_port())
        finally:
            platform.end()


@pytest.fixture(scope="package")
def recordings(site: Site, chromium: Browser) -> Callable[[str], Recording]:
    """Return a function that gives a session of a study by keyboard; each is gone through only once."""
    return functools.cache(lambda study: record(site, chromium, study))


@pytest.fixture
def new_rater(site: Site, chromium: Browser) -> Iterator[Callable[..., Rater]]:
    """Return a function that seats a new rater at a new browser profile.

    When the test ends, a console error of any of them fails it, unless the test has emptied
    ``complaints``: a policy violation is one.
    """
    seated: list[Rater] = []

    def seat(**options: Any) -> Rater:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(PATIENCE_MS)
        seated.append(Rater.at(site, context.new_page()))
        return seated[-1]

    yield seat
    complaints = [complaint for rater in seated for complaint in rater.complaints]
    for rater in seated:
        rater.page.context.close()
    assert not complaints


@pytest.fixture
def rater(new_rater: Callable[..., Rater]) -> Rater:
    """Give a rater at a desk."""
    return new_rater()


@pytest.fixture
def phone_rater(new_rater: Callable[..., Rater]) -> Rater:
    """Give a rater with a small phone, 360 pixels wide."""
    return new_rater(
        viewport={"width": 360, "height": 740}, device_scale_factor=3, is_mobile=True, has_touch=True
    )
