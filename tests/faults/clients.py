"""Raters as the worst networks and machines make them: clocks that are wrong, requests doubled and late."""

from __future__ import annotations

import http.client
import json
import random
from typing import Any

from tests.rating.clients import Log, VotingClient

__all__ = ["Log", "UnrulyClient"]


class UnrulyClient(VotingClient):
    """Sends some batches twice, old ones again after newer ones, and timings from a clock years off."""

    def __init__(self, port: int, arrival: dict[str, Any], log: Log, seed: int) -> None:
        super().__init__(port, arrival, log, seed)
        self._moods = random.Random(-seed)
        self._clock_ms = self._moods.choice((0, 4.1e12, -9e11)) + 1.76e12
        self._earlier: dict[str, list[dict[str, Any]]] = {}

    def _send(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        if path != "session/votes/":
            return super()._send(path, body, token)
        for vote in body["votes"]:
            vote.setdefault("timings", {"shown_at": self._clock_ms, "hidden_ms": 0})
        answer = super()._send(path, body, token)
        if (earlier := self._earlier.get(token)) and self._moods.random() < 0.3:
            self._log.add(super()._send(path, {"votes": earlier}, token)["results"])
        self._earlier = {token: body["votes"]}
        return answer

    def _post(self, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        """Return the answer; one that was cut within its head looks whole to http.client, but has no body."""
        try:
            return super()._post(path, body, token)
        except json.JSONDecodeError as cut:
            raise http.client.IncompleteRead(b"") from cut
