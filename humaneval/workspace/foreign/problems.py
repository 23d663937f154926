"""What can be wrong with votes from elsewhere, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class ForeignRefused(ValueError):
    """A file that no report can be made of; the message says why and what to do."""


class BadRow(ValueError):
    """A row that is no vote; the message says what is wrong with which cell."""


@dataclass(frozen=True)
class RowProblem:
    """A row that was left out, by the line on which it stands."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.reason}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """Return names in quotes, the first ones of many."""
    found = list(dict.fromkeys(map(str, names)))
    rest = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(f"“{name}”" for name in found[:most]) + rest


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at what is spelt nearly so, or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean “{near[0]}”?" if near else ""
