"""Clients that vote over real HTTP, come what may, and keep a log of what was acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 180.0
"""Seconds for which a request is sent again before a client gives up."""


@dataclass
class Log:
    """What clients tried and what they were told, over all threads."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    """Assignment by key, of every vote that was answered stored or duplicate."""
    tried: set[str] = field(default_factory=set)
    """Keys of all votes that were ever sent."""
    stored: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    retries: int = 0
    failures: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, results: list[dict[str, Any]]) -> None:
        """Note the results of a batch."""
        with self._lock:
            for result in results:
                if result["status"] == "rejected":
                    self.rejected.append(result)
                    continue
                self.acknowledged[result["key"]] = result["assignment"]
                self.stored += result["status"] == "stored"
                self.duplicates += result["status"] == "duplicate"

    def note_tries(self, votes: list[dict[str, Any]]) -> None:
        """Note votes that are about to be sent."""
        with self._lock:
            self.tried.update(vote["key"] for vote in votes)

    def note_retry(self) -> None:
        """Note that a request got no answer."""
        with self._lock:
            self.retries += 1


class VotingClient(threading.Thread):
    """Rates as one person after another until a newcomer is handed nothing."""

    timeout = 10.0
    """Seconds that an answer may take."""

    def __init__(self, port: int, arrival: dict[str, Any], log: Log, seed: int) -> None:
        super().__init__(daemon=True)
        self._port, self._arrival, self._log = port, arrival, log
        self._random = random.Random(seed)

    def run(self) -> None:
        """Vote; a failure is kept for the test to see."""
        try:
            while self._rate_as_somebody():
                pass
        except BaseException as failure:
            self._log.failures.append(failure)

    def _rate_as_somebody(self) -> int:
        """Arrive as a new person and answer all there is; return how much that was."""
        arrival = {**self._arrival, "client": str(uuid.uuid4())}
        token = self._send("sessions/", arrival)["token"]
        given = 0
        while block := self._send("session/assignments/", {}, token)["assignments"]:
            given += self._answer(token, block)
        self._send("session/complete/", {}, token)
        return given

    def _answer(self, token: str, block: list[dict[str, Any]]) -> int:
        """Answer a block, three assignments at a time; return how many they are."""
        return sum(self._vote(token, block[first : first + 3]) for first in range(0, len(block), 3))

    def _vote(self, token: str, assignments: list[dict[str, Any]]) -> int:
        """Send votes in any order, now and then twice."""
        votes = [
            {
                "assignment": shown["id"],
                "key": str(uuid.uuid4()),
                "answers": {"real": self._random.randrange(2)},
                "response_ms": 700,
            }
            for shown in assignments
        ]
        self._random.shuffle(votes)
        self._log.note_tries(votes)
        for _ in range(1 + (self._random.random() < 0.2)):
            self._log.add(self._send("session/votes/", {"votes": votes}, token)["results"])
        return len(votes)

    def _send(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        """Return the answer to a request that is sent until there is one."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                status, answer = self._post(path, body, token)
            except (OSError, http.client.HTTPException):
                status, answer = 0, None
            if status in (200, 201):
                return answer
            assert not 400 <= status < 500, f"{path}: {status} {answer}"
            assert time.monotonic() < give_up, f"{path}: no answer, at last {status}"
            self._log.note_retry()
            time.sleep(0.1)

    def _post(self, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self.timeout)
        try:
            headers = {"Content-Type": "application/json"}
            if token:
                headers["Authorization"] = f"Session {token}"
            connection.request("POST", f"/api/v1/rating/{path}", json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        return response.status, json.loads(text) if response.status < 500 else None


class UntiringClient(VotingClient):
    """Rates as one person after another, with a breath between votes, until it is told to stop."""

    timeout = 60.0  # this machine may be slow; that is no error

    def __init__(self, port: int, arrival: dict[str, Any], log: Log, seed: int) -> None:
        super().__init__(port, arrival, log, seed)
        self.enough = threading.Event()
        self.errors: list[str] = []
        """Everything but success that this person met; the page would have tried again, and said so."""

    @property
    def log(self) -> Log:
        """What this person tried and was told."""
        return self._log

    def finish(self) -> None:
        """Let this person end their session, and wait for it; raises what they died of."""
        self.enough.set()
        self.join(180)
        assert not self.is_alive()
        for failure in self._log.failures:
            raise failure

    def _rate_as_somebody(self) -> int:
        return 0 if self.enough.is_set() else super()._rate_as_somebody()

    def _vote(self, token: str, assignments: list[dict[str, Any]]) -> int:
        self.enough.wait(0.05)
        return super()._vote(token, assignments)

    def _post(self, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        try:
            status, answer = super()._post(path, body, token)
        except (OSError, http.client.HTTPException) as error:
            self.errors.append(f"{path}: {error!r}")
            raise
        if status not in (200, 201):
            self.errors.append(f"{path}: {status} {answer}")
        return status, answer


def status_of(url: str) -> int:
    """Return the status of a page, 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
