"""The real browser on this machine, for programs that act as people do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def find_browser() -> str | None:
    """Return the path of a Chromium-family browser that Playwright can drive, or None.

    ``CHROMIUM`` in the environment names one by hand. None too where Playwright is not installed or its
    driver does not run.
    """
    if find_spec("playwright") is None or not driver_runs():
        return None
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return (
        found or next((path for path in MAC_APPLICATIONS if Path(path).exists()), None) or playwrights_own()
    )


@cache
def driver_runs() -> bool:
    """Return whether Playwright's driver starts: it needs a library that a bare Debian lacks."""
    from playwright._impl._driver import compute_driver_executable

    program = compute_driver_executable()[0]
    done = subprocess.run([program, "--version"], capture_output=True, timeout=60)  # noqa: S603
    return done.returncode == 0


def playwrights_own() -> str | None:
    """Return the path of the Chromium that Playwright downloaded earlier, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def in_a_browser(path: str, act: Callable[[Any], None]) -> None:
    """Call ``act`` with a page of a fresh browser.

    In a thread of its own: Playwright runs an event loop in its thread, beside which Django's database
    connections are others.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="browser") as threads:
        threads.submit(_open, path, act).result()


def _open(path: str, act: Callable[[Any], None]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            act(browser.new_page(viewport={"width": 1280, "height": 900}))
        finally:
            browser.close()
