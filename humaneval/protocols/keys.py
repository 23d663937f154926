"""Keys that a study sets for its answers: which may stand for an answer, and what is wrong with others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

NAMED = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
"""Keys of more than one character that may be set, as browsers name them; all characters may be, but "z"."""

ZOOM = "z"
"""Looks closer at the images, where the study lets raters do that."""


def problems_of_keys(keys: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Return what is wrong with a study's keys by answer; ``names`` are the answers there are."""
    known = ", ".join(names)
    found = [f"Keys: there is no answer “{name}”; there are {known}." for name in keys if name not in names]
    found += [
        f"Keys: “{key}” cannot stand for “{name}”: give one character (not “{ZOOM}”), or one of "
        f"{', '.join(NAMED)}."
        for name, key in keys.items()
        if not _is_settable(key)
    ]
    often = Counter(key.lower() for key in keys.values())
    return found + [
        f"Keys: “{key}” stands for {count} answers: give each its own."
        for key, count in often.items()
        if count > 1
    ]


def _is_settable(key: str) -> bool:
    return key in NAMED or (len(key) == 1 and key.isprintable() and key.lower() != ZOOM)
