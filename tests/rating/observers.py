"""Simulated observers with known thresholds and sensitivities, who rate through the API as browsers do.

They know the truth by looking it up; the API never tells it.
"""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np

from humaneval.rating.models import Assignment
from humaneval.samples.models import SampleKind
from tests.rating.conftest import ApiRater

FRAME_MS = 1000 / 60


def timed_vote(shown: dict[str, Any], answer: str, **timings: Any) -> dict[str, Any]:
    """Return a vote on a timed trial from a 60 Hz display that showed it as asked."""
    frames = round(shown["parameters"]["exposure_ms"] / FRAME_MS)
    told = {"frames": frames, "frame_ms": FRAME_MS, "dropped": 0, "hidden_ms": 0, "input": "key", **timings}
    return {
        "assignment": shown["id"],
        "key": str(uuid.uuid4()),
        "answers": {"real": answer},
        "response_ms": 700,
        "timings": told,
    }


def is_real(assignment: str) -> bool:
    """Return whether an assignment shows a real image."""
    kind = Assignment.objects.values_list("trial__condition__sample_set__kind", flat=True)
    return kind.get(pk=assignment) == SampleKind.REAL


class TimedObserver:
    """Right by guessing half the time, and more the longer an image stands (a logistic in log time)."""

    def __init__(self, threshold_ms: float, slope: float, seed: int) -> None:
        self._threshold, self._slope = threshold_ms, slope
        self._random = np.random.default_rng(seed)

    def answer(self, exposure_ms: float, real: bool) -> str:
        """Return "real" or "fake" after a look of so many milliseconds."""
        seen = 1 / (1 + np.exp(-self._slope * np.log(exposure_ms / self._threshold)))
        right = self._random.random() < 0.5 + 0.5 * seen
        return "real" if right == real else "fake"

    def rate_everything(self, rater: ApiRater) -> int:
        """Vote on whatever has its exposure, until nothing is left; return the number of votes."""
        count = 0
        while block := rater.block():
            waiting = {shown["id"]: shown for shown in block}
            while ready := [shown for shown in waiting.values() if shown["parameters"]]:
                told = rater.send(*(self._vote(shown) for shown in ready)).json()
                assert {result["status"] for result in told["results"]} == {"stored"}, told
                count += len(ready)
                waiting = {
                    key: {**shown, "parameters": told["next"].get(key)}
                    for key, shown in waiting.items()
                    if shown not in ready
                }
        return count

    def _vote(self, shown: dict[str, Any]) -> dict[str, Any]:
        answer = self.answer(shown["parameters"]["exposure_ms"], is_real(shown["id"]))
        return timed_vote(shown, answer)
