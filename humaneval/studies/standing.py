"""How far a study has come. Votes live above this app, so who counts them is registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from humaneval.studies.models import Study


@dataclass(frozen=True)
class Standing:
    """Votes that count (no repeats, no gold trials), of how many wanted, and the path of the live page."""

    given: int
    wanted: int
    path: str


_counters: list[Callable[[Study], Standing]] = []


def register(count: Callable[[Study], Standing]) -> None:
    """Make known who counts a study's votes; one registered later takes its place."""
    _counters[:] = [count]


def standing_of(study: Study) -> Standing | None:
    """Return how far a study has come, or None where nobody counts."""
    return _counters[0](study) if _counters else None
