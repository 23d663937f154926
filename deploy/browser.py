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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from humaneval.demo.panels.browsers import driver_runs, find_browser, playwrights_own

PACKAGES = ("chromium", "libatomic1")
"""What Debian calls the browser, and a library that Playwright's driver needs and minimal systems lack."""


def install_browser() -> None:
    """Try Playwright's download, then the system's package manager where root may use it."""
    if driver_runs():
        print("No Chromium found: downloading one ...", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=900)
        if playwrights_own():
            return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Installing the system's Chromium ...", flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", *PACKAGES)):
        subprocess.run(
            ["apt-get", "-qq", *command], check=False, timeout=900, env=quietly, stdout=subprocess.DEVNULL
        )
    driver_runs.cache_clear()


def main() -> int:
    """Return 0 when a browser is there in the end."""
    if find_browser():
        return 0
    install_browser()
    if find_browser():
        return 0
    print(
        "The browser tests need Chromium or Chrome and none could be installed. Install one "
        f"(Debian: apt install {' '.join(PACKAGES)}; macOS: brew install --cask google-chrome), "
        "or name one: CHROMIUM=/path make test",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
