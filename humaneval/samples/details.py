"""What a table says of a sample besides its prompt: seed, ids, labels, a prompt list's Challenge."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from humaneval.samples.sources import showable

LONGEST = 500
"""Characters of one value; the rest is cut off."""


def as_details(row: Mapping[str, Any], *, but: Collection[str]) -> dict[str, Any]:
    """Return a row's columns as JSON without those named, empty ones and ones that have no name."""
    return {
        _text(key): plain(value)
        for key, value in row.items()
        if key and key not in but and value is not None and value != ""
    }


def plain(value: Any) -> Any:
    """Return a value as JSON that every database takes: numbers as such, all else as text."""
    item = value.item() if hasattr(value, "item") else value
    if isinstance(item, bool | int) or (isinstance(item, float) and math.isfinite(item)):
        return item
    return _text(item)


def _text(item: object) -> str:
    return showable(str(item)[:LONGEST])
