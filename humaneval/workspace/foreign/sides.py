"""Which of a pair stood where on screen, as far as a file tells: two columns need not be two sides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from humaneval.workspace.foreign.answers import SIDES
from humaneval.workspace.foreign.collecting import Asked, Collected
from humaneval.workspace.foreign.problems import ForeignRefused, listed

OFTEN = 0.1
"""How much more often a condition may come in one column than in the other, as a share of its pairs, ..."""
CHANCE = 3.0
"""... and by how many standard deviations of a fair coin, before sides are said to lean."""
_SIDES = {("left", "right"), ("l", "r")}
_LETTERS = {("a", "b"), ("1", "2"), ("0", "1"), ("first", "second")}


@dataclass(frozen=True)
class Sides:
    """Whether the columns are sides of the screen that tell of a lean, and what a reader must know of it."""

    known: bool
    notes: tuple[str, ...] = ()


def sides_of(collected: Collected, roles: Mapping[str, str], asked: Asked) -> Sides:
    """Return what is known of sides. Raises :class:`ForeignRefused` where answers rest on unknown ones."""
    pairs: Counter[tuple[str, ...]] = Counter(
        vote.conditions for vote in collected.votes if len(vote.conditions) == 2
    )
    if asked.protocol not in {"pairwise", "two_afc"} or not pairs:
        return Sides(known=False)
    columns = (roles["condition"], roles["other"])
    called = f"“{columns[0]}” and “{columns[1]}”"
    if asked.protocol == "two_afc":
        both_ways = len({pair[0] in asked.real for pair in pairs}) == 2
    else:
        both_ways = any(pair[::-1] in pairs for pair in pairs)
    if not both_ways and collected.places and not _clear(columns, collected.places):
        return _unclear(collected, called, asked.protocol)
    leaning = [name for name in dict.fromkeys(name for pair in pairs for name in pair) if _leans(name, pairs)]
    if leaning and (both_ways or _named(columns, _SIDES)):
        note = (
            f"Sides were not balanced: {listed(leaning, 4)} came far more often in one of the columns "
            f"{called} than in the other. Whether raters lean to a side cannot be told from what they "
            "prefer; if they do, the estimates lean with them."
        )
        return Sides(known=False, notes=(note,))
    return Sides(known=both_ways and not leaning)


def _unclear(collected: Collected, called: str, protocol: str) -> Sides:
    """Return, or raise, what follows where the same one always comes first, in columns that are no sides."""
    words = listed(sorted(collected.places))
    if protocol == "two_afc":
        raise ForeignRefused(
            f"Answers say {words}, but in {called} the real image always comes in the same one, so that "
            "these seem not to be what stood there. Give columns of what stood left and right, or say with "
            "--values which answer is correct and which is fooled."
        )
    return Sides(
        known=False,
        notes=(
            f"Answers say {words}, and of {called} the first was taken for what stood there. The same one of "
            "each pair always comes first: if their places changed on screen, the results are wrong.",
        ),
    )


def _clear(columns: tuple[str, str], places: set[str]) -> bool:
    """Return whether two columns are called as the places are that answers speak of."""
    if _named(columns, _SIDES):
        return True
    return _named(columns, _LETTERS) and not any(word in SIDES for word in places)


def _named(columns: tuple[str, str], names: set[tuple[str, str]]) -> bool:
    """Return whether two columns' names differ in just such a pair of words: model_a and model_b do."""
    first, second = (_tokens(column) for column in columns)
    return (" ".join(sorted(first - second)), " ".join(sorted(second - first))) in names


def _tokens(column: str) -> set[str]:
    found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", column)
    return {token.lower() for token in found}


def _leans(name: str, pairs: Counter[tuple[str, ...]]) -> bool:
    """Return whether a condition comes more often in one column than chance and small numbers explain."""
    first = sum(count for pair, count in pairs.items() if pair[0] == name)
    both = sum(count for pair, count in pairs.items() if name in pair)
    apart = abs(2 * first - both)
    return apart > OFTEN * both and apart > CHANCE * both**0.5
