"""Find or install the real browser that the tests drive.

Order: a Chromium or Chrome that is installed, Playwright's own download, the system's package manager
where this user may use it. Otherwise say what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find_browser() -> str | None:
    """Return the path of a Chromium-family browser, or None. CHROMIUM names one by hand."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return (
        found or next((path for path in MAC_APPLICATIONS if Path(path).exists()), None) or playwrights_own()
    )


def playwrights_own() -> str | None:
    """Return the path of the Chromium that Playwright downloaded earlier, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_browser() -> None:
    """Try Playwright's download, then the system's package manager where root may use it."""
    print("No Chromium found: downloading one ...", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=900)
    if playwrights_own() or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("That did not work: installing the system's package ...", flush=True)
    subprocess.run(["apt-get", "update", "-qq"], check=False, timeout=900)
    subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False, timeout=900)


def main() -> int:
    """Return 0 when a browser is there in the end."""
    if find_browser():
        return 0
    install_browser()
    if find_browser():
        return 0
    print(
        "The browser tests need Chromium or Chrome and none could be installed. Install one "
        "(Debian: apt install chromium; macOS: brew install --cask google-chrome), "
        "or name one: CHROMIUM=/path make test",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
