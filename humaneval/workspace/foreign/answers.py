"""Cells as canonical answers, protocol by protocol: what a person wrote there, whatever the spelling."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from humaneval.protocols.base import BOTH_BAD, BOTH_GOOD, TIE
from humaneval.workspace.foreign.problems import BadRow, ForeignRefused, listed

SIDES: dict[str, int] = {
    **dict.fromkeys(("left", "left_better", "leftvote"), 0),
    **dict.fromkeys(("right", "right_better", "rightvote"), 1),
}
"""Words for one side of the screen: they say something only where it is known what stood there."""
LETTERS: dict[str, int] = {
    **dict.fromkeys(("a", "first", "model_a", "system_a", "slot_0", "1st", "a_wins"), 0),
    **dict.fromkeys(("b", "second", "model_b", "system_b", "slot_1", "2nd", "b_wins"), 1),
}
"""Words for the first and the second of two."""
PLACES = {**SIDES, **LETTERS}
PREFERENCES: dict[str, int] = {
    **PLACES,
    **dict.fromkeys(("tie", "draw", "equal", "same", "no_preference", "neither", "both", "tievote"), TIE),
    **dict.fromkeys(("tie_bothbad", "tie_both_bad", "both_bad", "bothbad", "bothbad_vote"), BOTH_BAD),
    **dict.fromkeys(("tie_bothgood", "tie_both_good", "both_good", "bothgood"), BOTH_GOOD),
}
JUDGED_REAL: dict[str, int] = {
    **dict.fromkeys(("real", "yes", "true", "1", "photo", "human"), 1),
    **dict.fromkeys(("fake", "generated", "no", "false", "0", "synthetic", "ai"), 0),
}
FOOLED, CORRECT = 0, 1
"""Canonical values of two-alternative choice: the slot that was judged real, the generated one's or the real
one's."""
VERDICTS: dict[str, int] = {
    **dict.fromkeys(("fooled", "wrong", "incorrect"), FOOLED),
    **dict.fromkeys(("correct", "right_answer", "not_fooled"), CORRECT),
}
WORDS: Mapping[str, Mapping[str, int]] = {
    "pairwise": PREFERENCES,
    "real_or_fake": JUDGED_REAL,
    "two_afc": {**VERDICTS, **PLACES},
    "likert": {},
}
"""What words are understood as, by protocol; names of the conditions shown are, too, where one is chosen."""
_YES, _NO = {"1", "true", "yes"}, {"0", "false", "no"}
_NOTHING = {"", "none", "null", "nan", "na", "n/a"}
_ABOUT_TRUTH = {"correct": CORRECT, "accuracy": CORRECT, "accurate": CORRECT, "fooled": FOOLED}


def is_nothing(cell: Any) -> bool:
    """Return whether a cell is empty, or says that there is nothing."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in _NOTHING)


def plain(cell: Any) -> str:
    """Return a cell's text, lower case, words joined by one underscore: “tie (bothbad)” is tie_bothbad.

    Numbers are alike however they are written: 1.0 is 1.
    """
    try:
        return f"{float(str(cell)):g}"
    except ValueError:
        pass
    return re.sub(r"[^\w.+-]+", "_", str(cell).strip().lower()).strip("_")


def verdict_of(column: str) -> int | None:
    """Return what “yes” means in a column that is called after how a vote came out, such as “correct”.

    None for the columns that are called otherwise.
    """
    tokens = [token.lower() for token in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", column)]
    return next((_ABOUT_TRUTH[token] for token in tokens if token in _ABOUT_TRUTH), None)


class Reader:
    """Reads the cells of one column as canonical answers of a protocol.

    ``values`` says what a cell's text stands for, before anything else is tried. ``real`` names the real
    conditions, which two-alternative choice is about. ``places`` gathers the words met that say where on
    screen the chosen one stood, ``numbers`` the bare 0 and 1 that were taken for fake and real, ``met`` the
    cells, as :func:`plain` has them, that ``values`` was asked about.
    """

    def __init__(
        self, protocol: str, values: Mapping[str, str], column: str, real: Collection[str] = ()
    ) -> None:
        self.column, self.places, self.numbers, self.met = column, set[str](), set[str](), set[str]()
        self._protocol, self._real = protocol, real
        self._said = {plain(cell): meaning for cell, meaning in values.items()}
        self._verdict = verdict_of(column)
        if protocol == "real_or_fake" and self._verdict is not None:
            raise ForeignRefused(
                f"“{column}” seems to say whether a rater was right. Real or fake needs what they said, "
                "real or fake: name that column with --columns answer=COLUMN."
            )

    def __call__(self, cell: Any, shown: tuple[str, ...]) -> int | None:
        """Return the canonical value of a cell, None for an empty one; raises BadRow.

        ``shown`` are the conditions that the row is about, in the order of the file's columns.
        """
        if cell is None:
            return None
        key = plain(cell)
        if key in self._said:
            self.met.add(key)
        text = self._said.get(key, str(cell).strip())
        if is_nothing(text):
            return None
        if self._protocol == "likert":
            return _point(text, self.column)
        if self._protocol == "two_afc":
            return self._judged_real(text, shown)
        chosen = self._chosen(text, shown)
        if chosen is not None:
            return chosen
        if self._protocol == "real_or_fake" and key in ("0", "1") and key not in self._said:
            self.numbers.add(key)
        return self._word(text, WORDS[self._protocol], shown)

    def _chosen(self, text: str, shown: tuple[str, ...]) -> int | None:
        """Return which of two conditions a text names, or the word for its place; None if neither."""
        if len(shown) < 2:
            return None
        if text in shown:
            return shown.index(text)
        word = plain(text)
        if word in PLACES:
            self.places.add(word)
        return PLACES.get(word)

    def _judged_real(self, text: str, shown: tuple[str, ...]) -> int:
        """Return the slot that was judged real: 1 for the real image, whichever column names it."""
        word = plain(text)
        if self._verdict is not None and word in _YES | _NO:
            return self._verdict if word in _YES else 1 - self._verdict
        if word in VERDICTS and text not in shown:
            return VERDICTS[word]
        chosen = self._chosen(text, shown)
        if chosen is not None:
            return CORRECT if shown[chosen] in self._real else FOOLED
        if text in shown:
            return FOOLED
        if word in PLACES:
            raise BadRow(
                f"{self.column} is “{text}”, but the row does not say what stood there: name the columns of "
                "both images with --columns condition=…,other=… and the real images with --real, or say with "
                "--values which answer is correct and which is fooled"
            )
        return self._word(text, VERDICTS, shown)

    def _word(self, text: str, words: Mapping[str, int], shown: tuple[str, ...]) -> int:
        found = words.get(plain(text))
        if found is None:
            known = [*(shown if len(shown) > 1 or words is VERDICTS else ()), *words]
            raise BadRow(
                f"{self.column} is “{text}”, which is none of {listed(known, 8)}: say with --values what it "
                "stands for"
            )
        return found


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
