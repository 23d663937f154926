"""Raters as the worst networks and machines make them: wrong clocks, requests doubled, out of order, late."""

from __future__ import annotations

import http.client
import json
import random
import threading
from typing import Any

from tests.faults.voters import Log, VotingClient

__all__ = ["Log", "UnrulyClient"]


class UnrulyClient(VotingClient):
    """Answers in any order, with timings from a clock years off, and never sends a batch just once for sure.

    Some batches go out twice at the same moment, over two connections, and old ones again after newer ones.
    """

    def __init__(self, port: int, arrival: dict[str, Any], log: Log, seed: int) -> None:
        super().__init__(port, arrival, log, seed)
        self._moods = random.Random(-seed)
        self._clock_ms = self._moods.choice((0, 4.1e12, -9e11)) + 1.76e12
        self._earlier: dict[str, list[dict[str, Any]]] = {}

    def _answer(self, token: str, block: list[dict[str, Any]]) -> int:
        """Answer a block from anywhere in it."""
        return super()._answer(token, self._moods.sample(block, len(block)))

    def _send(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        if path != "session/votes/":
            return super()._send(path, body, token)
        for vote in body["votes"]:
            vote.setdefault("timings", {"shown_at": self._clock_ms, "hidden_ms": 0})
        twin = threading.Thread(target=self._send_again, args=(body["votes"], token))
        if doubled := self._moods.random() < 0.15:
            twin.start()
        answer = super()._send(path, body, token)
        if doubled:
            twin.join()
        if (earlier := self._earlier.get(token)) and self._moods.random() < 0.3:
            self._send_again(earlier, token)
        self._earlier = {token: body["votes"]}
        return answer

    def _send_again(self, votes: list[dict[str, Any]], token: str) -> None:
        """Send votes once more, and note what became of them, or why it could not be learnt."""
        try:
            self._log.add(super()._send("session/votes/", {"votes": votes}, token)["results"])
        except BaseException as failure:
            self._log.failures.append(failure)

    def _post(self, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        """Return the answer; one that was cut within its head looks whole to http.client, but has no body."""
        try:
            return super()._post(path, body, token)
        except json.JSONDecodeError as cut:
            raise http.client.IncompleteRead(b"") from cut
