"""Files of votes for tests, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from humaneval.workspace.foreign.problems import ForeignRefused
from humaneval.workspace.foreign.reporting import Request, analyse


def csv_of(path: Path, header: str, rows: Iterable[Iterable[object]]) -> Path:
    """Write a CSV file of rows under a header."""
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def refusal(**fields: object) -> str:
    """Return why a request is refused."""
    with pytest.raises(ForeignRefused) as caught:
        analyse(Request(**fields))
    return str(caught.value)


def shares(found) -> dict[str, float]:
    """Return the estimate of each condition that has votes, by its name."""
    return {one.label: one.estimate for one in found.report.estimates if one.headline and one.votes}


def effects(found) -> dict[str, str]:
    """Return what the report says of each effect."""
    return {one.name: one.words for one in found.report.effects}
