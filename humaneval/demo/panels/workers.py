"""People of a stand-in panel, played by programs: in a real browser where there is one, else over HTTP."""

from __future__ import annotations

import json
import random
import re
import uuid
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import urllib3

from humaneval.demo.panels.browsers import in_a_browser
from humaneval.demo.panels.mturk import FakeMTurk
from humaneval.demo.panels.prolific import FakeProlific

REFLEX_MS = 160
"""The player takes faster answers for double clicks."""

BROWSER_KEYS = {"two_afc": "ArrowLeft", "pairwise": "ArrowLeft", "likert": "3", "real_or_fake": "ArrowLeft"}
PATIENCE_MS = 60_000


class Worker(Protocol):
    """Somebody who takes part: from the panel's page to the panel's page."""

    def take_part_on_mturk(self, panel: FakeMTurk, hit: str, worker: str) -> None:
        """Accept, rate, hand in."""

    def take_part_on_prolific(self, panel: FakeProlific, study: str) -> None:
        """Take a place, rate, come back with the code."""


class HttpWorker:
    """Rates by the same requests that the player sends, choosing at random."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(30), retries=urllib3.Retry(3, redirect=False)
        )

    def take_part_on_mturk(self, panel: FakeMTurk, hit: str, worker: str) -> None:
        """Accept, follow our entrance, rate, and send the form of our hand-in page."""
        with panel.lock:
            address = panel.page_address(panel.accept(hit, worker))
        entrance = self._http.request("GET", address, redirect=False)
        ending = self._rate(urljoin(address, entrance.headers["Location"]))
        page = self._http.request("GET", ending["url"]).data.decode()
        action = re.search(r'action="([^"]+/mturk/externalSubmit)"', page)
        fields = dict(re.findall(r'name="(assignmentId|code)" value="([^"]*)"', page))
        if action is None:
            raise RuntimeError("The hand-in page names no place to hand in.")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self._http.request("POST", action[1], body=urlencode(fields), headers=form)

    def take_part_on_prolific(self, panel: FakeProlific, study: str) -> None:
        """Take a place, rate, and come back with the code of the last page."""
        row = panel.take_part(study)
        ending = self._rate(row["url"])
        panel.complete(row["id"], ending["code"])

    def _rate(self, address: str) -> dict[str, Any]:
        parts = urlsplit(address)
        page = self._http.request("GET", address).data.decode()
        consent = re.search(r'data-consent="([0-9a-f]{64})"', page)
        body = {
            "study": parts.path.strip("/").split("/")[-1],
            "consent": True,
            "consent_hash": consent[1] if consent else "",
            "client": str(uuid.uuid4()),
            "arrival": dict(parse_qsl(parts.query)),
            "device": {"viewport": [1280, 800]},
        }
        base = f"{parts.scheme}://{parts.netloc}/api/v1/rating/"
        opened = self._send(f"{base}sessions/", body)
        token, study = opened["token"], opened["session"]["study"]
        while block := self._send(f"{base}session/assignments/", {}, token)["assignments"]:
            self._send(f"{base}session/votes/", {"votes": [self._vote(study, one) for one in block]}, token)
        ending: dict[str, Any] = self._send(f"{base}session/complete/", {}, token)["completion"]
        return ending

    def _vote(self, study: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
        """Return a vote at random."""
        return {
            "assignment": shown["id"],
            "key": str(uuid.uuid4()),
            "outcome": "answered",
            "answers": {one["key"]: self._answer(study, one, shown) for one in study["questions"]},
            "response_ms": 900 + self._random.random() * 800,
        }

    def _answer(self, study: dict[str, Any], question: dict[str, Any], shown: dict[str, Any]) -> int | str:
        if study["protocol"] == "likert":
            return self._random.randint(1, question["points"])
        if study["protocol"] == "real_or_fake":
            return self._random.choice(("real", "fake"))
        return self._random.randrange(len(shown["places"]))

    def _send(self, address: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Session {token}"
        answer = self._http.request("POST", address, body=json.dumps(body), headers=headers)
        if answer.status >= 300:
            raise RuntimeError(f"The server answered {answer.status}: {answer.data.decode()[:300]}")
        found: dict[str, Any] = json.loads(answer.data)
        return found


class BrowserWorker:
    """Rates in a real browser: on MTurk inside the frame of the workers' site, another origin than ours.

    ``browser`` is the path of a Chromium.
    """

    def __init__(self, browser: str, protocol: str) -> None:
        self._browser = browser
        self._key = BROWSER_KEYS[protocol]

    def take_part_on_mturk(self, panel: FakeMTurk, hit: str, worker: str) -> None:
        """Accept, rate in the frame, and press the button that hands in."""
        site = panel.url.replace("127.0.0.1", "localhost")  # another site than ours, as MTurk's is
        address = f"{site}/accept?{urlencode({'hit': hit, 'worker': worker})}"
        in_a_browser(self._browser, lambda page: self._rate_in_frame(page, address))

    def _rate_in_frame(self, page: Any, address: str) -> None:
        page.goto(address)
        frame = page.frame(name="hit")
        self._rate(page, frame)
        frame.get_by_role("link", name="Return and confirm").click()
        frame.get_by_role("button", name="Hand in").click()
        frame.get_by_role("heading", name="Submitted").wait_for(timeout=PATIENCE_MS)

    def take_part_on_prolific(self, panel: FakeProlific, study: str) -> None:
        """Take a place, rate, and come back with the code that the last page links to."""
        row = panel.take_part(study)
        found: list[str] = []
        in_a_browser(self._browser, lambda page: found.append(self._rate_page(page, row["url"])))
        panel.complete(row["id"], dict(parse_qsl(urlsplit(found[0]).query))["cc"])

    def _rate_page(self, page: Any, address: str) -> str:
        """Return the address that the last page links to."""
        page.goto(address)
        self._rate(page, page)
        return str(page.get_by_role("link", name="Return and confirm").get_attribute("href"))

    def _rate(self, page: Any, view: Any) -> None:
        """Answer all questions in a view of the page: the page itself, or a frame of it."""
        view.get_by_role("button", name="I agree").click()
        start = view.get_by_role("button", name="Start")
        start.wait_for(timeout=PATIENCE_MS)
        start.click()
        thanks = view.get_by_role("heading", name=re.compile("Thank you|Nothing is left"))
        count = view.locator(".count")
        for _ in range(1000):
            ready = view.locator('.trial[aria-busy="false"]')
            ready.or_(thanks).first.wait_for(timeout=PATIENCE_MS)
            if thanks.count():
                return
            before = count.inner_text()
            page.wait_for_timeout(REFLEX_MS)
            page.keyboard.press(self._key)
            self._wait_for_the_next(page, view, before)
        raise RuntimeError("The study has no end.")

    def _wait_for_the_next(self, page: Any, view: Any, before: str) -> None:
        """Return once another question or the thanks are on screen."""
        for _ in range(PATIENCE_MS // 50):
            counts = view.locator(".count").all_inner_texts()
            if not counts or counts[0] != before:
                return
            page.wait_for_timeout(50)
        raise RuntimeError("The answer was not taken.")
