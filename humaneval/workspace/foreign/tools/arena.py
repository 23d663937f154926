"""Arena battles: a ``winner`` in words, or one column for each outcome.

LMSYS's files say ``model_a``, ``model_b``, ``winner`` (``model_a``, ``model_b``, ``tie``, ``tie (bothbad)``).
Those of its Kaggle competition have ``winner_model_a``, ``winner_model_b`` and ``winner_tie`` instead, one of
which is 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row

_OUTCOMES = {"winner_model_a": "model_a", "winner_model_b": "model_b", "winner_tie": "tie"}


def flatten(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield one row a battle, its outcome in one column."""
    for row in rows:
        if "winner" in row.cells or not _OUTCOMES.keys() <= row.cells.keys():
            yield row
            continue
        kept = {name: cell for name, cell in row.cells.items() if name not in _OUTCOMES}
        yield Row(row.line, {**kept, **_winner(row.cells)})


def _winner(cells: Mapping[str, Any]) -> dict[str, Any]:
    marked = {name: str(cells[name]).strip().lower() for name in _OUTCOMES}
    won = [name for name, mark in marked.items() if mark in {"1", "1.0", "true"}]
    rest = [mark for mark in marked.values() if mark in {"0", "0.0", "false", ""}]
    if len(won) != 1 or len(rest) != len(_OUTCOMES) - 1:
        said = ", ".join(f"{name} {mark}" for name, mark in marked.items())
        return {"winner": None, WRONG_WIDTH: f"one outcome must be 1 and the others 0; it has {said}"}
    return {"winner": _OUTCOMES[won[0]]}
