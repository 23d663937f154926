"""A rater's side of the HTTP API, as a browser uses it, for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import urljoin

import numpy as np
import urllib3
from numpy.typing import NDArray
from PIL import Image

VIEWPORT = (1280, 800)


class Refused(RuntimeError):
    """An answer of the server that is not a success, with its status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"the server answered {status}: {text[:300]}")
        self.status = status


@dataclass(frozen=True)
class Arrival:
    """A session that began: its token, and the study as raters are told of it."""

    token: str
    study: dict[str, Any]


class RatingApi:
    """Calls of one server, shared by threads. Lost connections and 5xx answers are tried again."""

    def __init__(self, address: str, researcher_token: str) -> None:
        self._address = address
        self._researcher_token = researcher_token
        retry = urllib3.Retry(
            total=6, backoff_factor=0.3, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None
        )
        self._pool = urllib3.PoolManager(maxsize=8, retries=retry, timeout=urllib3.Timeout(30))
        self._images: dict[str, NDArray[np.uint8]] = {}
        self._lock = Lock()

    def arrive(self, study: str, client: str, consent_hash: str) -> Arrival:
        """Agree to the study's consent text as a simulated rater and begin."""
        body = {
            "study": study,
            "consent": True,
            "consent_hash": consent_hash,
            "client": client,
            "arrival": {},
            "device": {"viewport": list(VIEWPORT), "device_pixel_ratio": 1, "user_agent": "simulated"},
            "simulated": True,
        }
        answer = self._post("sessions/", body, f"Token {self._researcher_token}")
        return Arrival(answer["token"], answer["session"]["study"])

    def assignments(self, token: str) -> list[dict[str, Any]]:
        """Return the next block of assignments; an empty list when nothing is left."""
        found: list[dict[str, Any]] = self._post("session/assignments/", {}, f"Session {token}")[
            "assignments"
        ]
        return found

    def vote(self, token: str, votes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send votes; return the server's word on each. Safe to send again."""
        results: list[dict[str, Any]] = self._post("session/votes/", {"votes": votes}, f"Session {token}")[
            "results"
        ]
        return results

    def complete(self, token: str) -> dict[str, Any]:
        """End the session; return its completion code and address."""
        return self._post("session/complete/", {}, f"Session {token}")

    def image(self, url: str) -> NDArray[np.uint8]:
        """Return a stimulus as uint8 grey levels; each is fetched once."""
        with self._lock:
            known = self._images.get(url)
        if known is None:
            response = self._pool.request("GET", urljoin(self._address, url))
            if response.status != 200:
                raise Refused(response.status, f"{url} did not come")
            known = np.asarray(Image.open(BytesIO(response.data)).convert("L"))
            with self._lock:
                self._images[url] = known
        return known

    def _post(self, path: str, body: dict[str, Any], authorization: str) -> dict[str, Any]:
        response = self._pool.request(
            "POST",
            f"{self._address}/api/v1/rating/{path}",
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": authorization},
        )
        if response.status >= 300:
            raise Refused(response.status, response.data.decode(errors="replace"))
        answer: dict[str, Any] = json.loads(response.data)
        return answer
