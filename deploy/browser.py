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
from humaneval.demo.panels.browsers import find_browser, playwrights_own


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
