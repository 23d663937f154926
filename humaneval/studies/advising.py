"""Advice before a launch that rests on what this app does not know: who knows is registered from above."""

from __future__ import annotations

from collections.abc import Callable

from humaneval.studies.models import Study

Adviser = Callable[[Study], list[str]]
_advisers: dict[str, Adviser] = {}


def register(name: str, adviser: Adviser) -> None:
    """Make an adviser known; one registered later under the same name takes its place."""
    _advisers[name] = adviser


def advice_from_above(study: Study) -> list[str]:
    """Return what advisers say of a draft, as sentences."""
    return [sentence for adviser in _advisers.values() for sentence in adviser(study)]
