"""From an answer to the next trial on screen, over a slow connection, beside jsPsych.

Chromium is held to 4 Mbit/s and 150 ms by its own network emulation. A trial shows two images of together
about 250 KB, and an answer is given each second. The time runs from the key's own time stamp to the end of
the frame in which the next two images were drawn, both decoded: when they were on screen.

The peer is what a laboratory would write instead: jsPsych with the same images, once loaded all together
beforehand (its preload plugin), once as they come. It is fetched from npm into a folder that is thrown away.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import django
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.browser import find_browser

TRIALS = 60
SIDE = 256
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 500_000, "uploadThroughput": 500_000}
"""4 Mbit/s each way; latency in milliseconds."""

PEERS = ("jspsych@8.3.0", "@jspsych/plugin-preload@2.1.0", "@jspsych/plugin-html-keyboard-response@2.2.0")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
SLUG = "bench-player"

WATCH = """addEventListener("keydown", (event) => {
  if (event.key !== "f" || event.repeat) return;
  window.delays ??= [];
  const images = () => [...document.querySelectorAll(".stage img, #jspsych-content img")];
  const sources = () => images().map(({ src }) => src).join();
  const before = sources();
  const painted = new MessageChannel(); // its message comes after the frame has been drawn
  const look = (frame) => {
    painted.port1.onmessage = () => {
      const there = images().every((image) => image.complete && image.naturalWidth > 0);
      if (images().length === 2 && sources() !== before && there) delays.push(frame - event.timeStamp);
      else requestAnimationFrame(look);
    };
    painted.port2.postMessage(0);
  };
  requestAnimationFrame(look);
}, { capture: true });"""

READY = """(() => {
  const images = [...document.querySelectorAll(".stage img, #jspsych-content img")];
  return images.length === 2 && images.every((image) => image.naturalWidth > 0);
})()"""

FRAME = """async () => {
  const times = [];
  for (let count = 0; count < 61; count += 1) times.push(await new Promise(requestAnimationFrame));
  return (times.at(-1) - times[0]) / 60;
}"""

PEER_PAGE = """<!doctype html><meta charset="utf-8"><title>Peer</title>
<link rel="stylesheet" href="jspsych/css/jspsych.css">
<script src="jspsych/dist/index.browser.min.js"></script>
<script src="@jspsych/plugin-preload/dist/index.browser.min.js"></script>
<script src="@jspsych/plugin-html-keyboard-response/dist/index.browser.min.js"></script>
<body><script>
const { preload, pairs } = SETTINGS;
const trials = pairs.map((pair) => ({
  type: jsPsychHtmlKeyboardResponse,
  stimulus: pair.map((name) => `<img src="${name}" width="256" height="256">`).join(" "),
  choices: ["f", "j"],
}));
const before = preload ? [{ type: jsPsychPreload, images: pairs.flat() }] : [];
initJsPsych().run([...before, ...trials]);
</script>"""


@contextmanager
def platform(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Serve an open study of so many trials; give its address and the files of its stimuli."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.core.management import call_command
    from django.test import override_settings

    from humaneval.jobs.services import run
    from humaneval.samples.importing import create_sample_set, import_folder
    from humaneval.samples.models import Stimulus
    from humaneval.studies import lifecycle
    from humaneval.studies.authoring import create_study
    from tests.browser.site import Site, serve, static_settings
    from tests.jobs.platform import Databases, Platform
    from tests.migrated import template
    from tests.ports import free_port

    with template(folder / "migrated") as name:
        databases = Databases(folder, name)
        address = databases.copy()
    place = Platform(folder, address, {"DJANGO_SETTINGS_MODULE": "tests.browser.site_settings"})
    site = Site(place, free_port())
    try:
        with site.rows():
            sets = []
            for kind in ("real", "generated"):
                pictures(folder / kind, TRIALS, seed=len(sets))
                sets.append(create_sample_set(name=f"Bench {kind}", kind=kind))
                import_folder(sample_set=sets[-1], folder=folder / kind)
            study = create_study(
                name="Bench", slug=SLUG, protocol="two_afc", conditions=sets, trial_count=TRIALS,
                votes_per_trial=3, assignments_per_session=TRIALS, display_width=SIDE,
            )  # fmt: skip
            job = run(lifecycle.launch(study).launch_job_id)
            assert not job.error, job.error
            files = [Path(stimulus.file.path) for stimulus in Stimulus.objects.order_by("pk")]
        with override_settings(**static_settings(place)):
            call_command("collectstatic", interactive=False, verbosity=0)
        serve(site)
        yield f"{site.url}/s/{SLUG}/", files
    finally:
        place.end()
        databases.drop()


def pictures(folder: Path, count: int, seed: int) -> None:
    """Write pictures of 32 shades of noise a channel: lossless, one takes about 125 KB."""
    folder.mkdir()
    random = np.random.default_rng(seed)
    for number in range(count):
        shades = random.integers(0, 32, (SIDE, SIDE, 3), dtype=np.uint8) * 8
        Image.fromarray(shades).save(folder / f"{seed}-{number:03}.png")


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def peer(folder: Path, files: list[Path]) -> Iterator[str]:
    """Serve jsPsych with these images; give its address. Raises CalledProcessError where npm fails."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(folder), *PEERS]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    root = folder / "node_modules"
    names = [f"{number:03}.webp" for number in range(len(files))]
    for name, file in zip(names, files, strict=True):
        shutil.copy(file, root / name)
    half = len(names) // 2
    pairs = [list(pair) for pair in zip(names[:half], names[half:], strict=True)]
    for preload in (True, False):
        settings = json.dumps({"preload": preload, "pairs": pairs})
        (root / f"{'preload' if preload else 'plain'}.html").write_text(
            PEER_PAGE.replace("SETTINGS", settings)
        )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def measure(browser: Browser, address: str, begin: Callable[[Page], None]) -> dict[str, Any]:
    """Answer all trials, one a second; return delays and a frame in ms, and seconds to the first trial."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.set_default_timeout(120_000)
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", NETWORK)
    started = time.monotonic()
    page.goto(address, wait_until="commit")
    begin(page)
    until(page, READY)
    first = time.monotonic() - started
    frame = page.evaluate(FRAME)
    for number in range(1, TRIALS):
        page.wait_for_timeout(1000)
        page.keyboard.press("f")
        until(page, f"(window.delays?.length ?? 0) >= {number}")
    delays = [start + frame for start in page.evaluate("delays")]
    context.close()
    return {"delays": delays, "frame": frame, "first": first}


def until(page: Page, condition: str) -> None:
    """Wait for a condition; the page's policy forbids Playwright's own way, which is to evaluate text."""
    deadline = time.monotonic() + 120
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited in vain for: {condition}")
        page.wait_for_timeout(20)


def agree_and_start(page: Page) -> None:
    """Go through the player's pages up to the first trial."""
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()


def show(name: str, found: dict[str, Any]) -> tuple[float, float]:
    """Print what was measured; return median and 95th percentile."""
    delays = found["delays"]
    median, p95 = statistics.median(delays), statistics.quantiles(delays, n=20)[18]
    print(
        f"{name:34} answer to next trial: median {median:6.1f} ms ({median / found['frame']:.1f} frames), "
        f"p95 {p95:6.1f} ms, largest {max(delays):6.1f} ms; first trial after {found['first']:.1f} s",
        flush=True,
    )
    return median, p95


def main() -> int:
    """Measure the player, then the peer both ways; return 1 where the player misses its targets."""
    browser_path = find_browser()
    if browser_path is None:
        print("This benchmark needs Chromium or Chrome.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, platform(Path(name)) as (address, files):
        weight = 2 * statistics.mean(file.stat().st_size for file in files)
        print(f"{TRIALS} trials of {weight / 1000:.0f} KB, 4 Mbit/s and 150 ms, one answer a second")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            ours = measure(browser, address, agree_and_start)
            median, p95 = show("the player", ours)
            with tempfile.TemporaryDirectory() as other, peer(Path(other), files) as url:
                for page in ("preload", "plain"):
                    show(f"jsPsych, {page}", measure(browser, f"{url}/{page}.html", lambda page: None))
            browser.close()
    limit = 2 * ours["frame"]
    met = median <= limit and p95 < 50
    print(f"asked: median within two frames ({limit:.1f} ms), p95 under 50 ms: {'ok' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
