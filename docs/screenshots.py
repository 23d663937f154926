"""Make the README's pictures from the real pages of a running demo: `make screenshots`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "deploy"))
from browser import find_browser  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
MARGIN = 8
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 360, "height": 740}


def addresses(process: subprocess.Popen[str]) -> dict[str, list[str]]:
    """Read the demo's lines until READY; return word -> the rest of its first line."""
    found: dict[str, list[str]] = {}
    for line in process.stdout or ():
        print(line, end="")
        word, *rest = line.split()
        found.setdefault(f"{word} {rest[0]}" if word in {"RATE", "REPORT"} else word, rest)
        if word == "READY":
            return found
    raise SystemExit("the demo ended before it was ready")


def log_in(page: Page, address: str, user: str, password: str) -> None:
    """Log in to the admin."""
    page.goto(f"{address}login/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


def shoot(page: Page, name: str, *, selector: str | None = None) -> None:
    """Store a picture of the window, or of one element."""
    page.wait_for_load_state("networkidle")
    target = page.locator(selector).first if selector else page
    target.screenshot(path=IMAGES / f"{name}.png")


def shoot_between(page: Page, name: str, first: str, last: str) -> None:
    """Store a picture of the page from the top of one element to the bottom of another, all across."""
    page.wait_for_load_state("networkidle")
    above, below = (page.locator(selector).first.bounding_box() for selector in (first, last))
    if above is None or below is None:
        raise SystemExit(f"{page.url} shows no {first} or no {last}")
    top, bottom = max(above["y"] - MARGIN, 0), below["y"] + below["height"] + MARGIN
    width = page.evaluate("document.body.clientWidth")  # without the room that is kept for a scroll bar
    clip: FloatRect = {"x": 0, "y": top, "width": width, "height": bottom - top}
    page.screenshot(path=IMAGES / f"{name}.png", full_page=True, clip=clip)


def rate(browser: Browser, url: str, name: str, viewport: dict[str, int]) -> None:
    """Agree, begin, and store a picture of the first trial."""
    page = browser.new_context(viewport=viewport, device_scale_factor=1).new_page()
    page.goto(url)
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector(".trial[aria-busy=false]")
    shoot(page, name)


def shoot_all(browser: Browser, found: dict[str, list[str]]) -> None:
    """Store every picture of the README."""
    page = browser.new_context(viewport={"width": 1040, "height": 900}).new_page()
    admin, user, password = found["ADMIN"]
    log_in(page, admin, user, password)
    page.goto(found["REPORT which-is-real"][1])
    shoot_between(page, "report", "section.question", "section.question .ranking")
    shoot_between(page, "report-in-short", "header.site", "section.cautions")
    page.set_viewport_size(DESKTOP)
    page.goto(f"{admin}studies/study/")
    page.get_by_role("link", name="Which digit is real?").first.click()
    while not page.get_by_text("The whole audit").count():  # the check for leaks goes on after READY
        page.wait_for_timeout(1000)
        page.reload()
    shoot(page, "study")
    rate(browser, found["RATE which-is-better"][1], "rater", DESKTOP)
    rate(browser, found["RATE diversity"][1], "rater-phone", PHONE)


def main() -> None:
    """Run the demo, take the pictures, stop the demo."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DATA_DIR": str(ROOT / "var" / "demo"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "manage.py", "demo", "--port", "8641", "--no-open"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = addresses(process)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
                shoot_all(browser, found)
                browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


if __name__ == "__main__":
    main()
