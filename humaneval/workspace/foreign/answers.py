"""Cells as canonical answers, protocol by protocol: what a person wrote there, whatever the spelling."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from humaneval.protocols.base import BOTH_BAD, BOTH_GOOD, TIE
from humaneval.workspace.foreign.problems import BadRow, listed

_FIRST = ("a", "left", "first", "model_a", "system_a", "slot_0", "1st", "a_wins", "left_better")
_SECOND = ("b", "right", "second", "model_b", "system_b", "slot_1", "2nd", "b_wins", "right_better")
PREFERENCES: dict[str, int] = {
    **dict.fromkeys(_FIRST, 0),
    **dict.fromkeys(_SECOND, 1),
    **dict.fromkeys(("tie", "draw", "equal", "same", "no_preference", "neither", "both"), TIE),
    **dict.fromkeys(("tie_bothbad", "tie_both_bad", "both_bad", "bothbad"), BOTH_BAD),
    **dict.fromkeys(("tie_bothgood", "tie_both_good", "both_good", "bothgood"), BOTH_GOOD),
}
JUDGED_REAL: dict[str, int] = {
    **dict.fromkeys(("real", "yes", "true", "1", "photo", "human"), 1),
    **dict.fromkeys(("fake", "generated", "no", "false", "0", "synthetic", "ai"), 0),
}
REAL_OF_TWO: dict[str, int] = {
    **dict.fromkeys((*_FIRST, "fooled", "wrong", "incorrect"), 0),
    **dict.fromkeys((*_SECOND, "correct", "right_answer", "not_fooled"), 1),
}
WORDS: Mapping[str, Mapping[str, int]] = {
    "pairwise": PREFERENCES,
    "real_or_fake": JUDGED_REAL,
    "two_afc": REAL_OF_TWO,
    "likert": {},
}
"""What words are understood as, by protocol; names of the conditions shown are, too, where one is chosen."""


def plain(cell: Any) -> str:
    """Return a cell's text, lower case, words joined by one underscore: “tie (bothbad)” is tie_bothbad.

    Numbers are alike however they are written: 1.0 is 1.
    """
    try:
        return f"{float(str(cell)):g}"
    except ValueError:
        pass
    return re.sub(r"[^\w.+-]+", "_", str(cell).strip().lower()).strip("_")


def reader_for(
    protocol: str, values: Mapping[str, str], column: str
) -> Callable[[Any, tuple[str, ...]], int]:
    """Return a function from a cell, and the conditions shown, to a canonical value; it raises BadRow.

    ``values`` says what a cell's text stands for, before anything else is tried.
    """
    said = {plain(cell): meaning for cell, meaning in values.items()}

    def read(cell: Any, shown: tuple[str, ...]) -> int:
        text = said.get(plain(cell), str(cell).strip())
        if protocol == "likert":
            return _point(text, column)
        if len(shown) > 1 and text in shown:
            return shown.index(text)
        found = WORDS[protocol].get(plain(text))
        if found is None:
            raise BadRow(_unknown(column, text, protocol, shown))
        return found

    return read


def _point(text: str, column: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if not number.is_integer() or not -10_000 <= number <= 10_000:
        raise BadRow(
            f"{column} is “{text}”, which is no whole number: say with --values which point each value is, "
            "such as --values 0=1,0.5=2,1=3"
        )
    return int(number)


def _unknown(column: str, text: str, protocol: str, shown: tuple[str, ...]) -> str:
    known = [*(shown if len(shown) > 1 else ()), *WORDS[protocol]]
    return f"{column} is “{text}”, which is none of {listed(known, 8)}: say with --values what it stands for"
