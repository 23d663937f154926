"""Counts in place of votes: a row says how often a rater, or all of them, said yes, of how many times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from humaneval.workspace.foreign.answers import CORRECT, FOOLED, verdict_of
from humaneval.workspace.foreign.cells import text_of
from humaneval.workspace.foreign.problems import BadRow, ForeignRefused, listed
from humaneval.workspace.foreign.sources import Row

COUNTED = ("real_or_fake", "two_afc")
"""Protocols whose votes are told by counts: each is a yes or a no."""
MOST_OF_ONE_ROW = 1_000_000


def check_counted(protocol: str) -> None:
    """Raise :class:`ForeignRefused` for a protocol whose votes no counts can tell."""
    if protocol not in COUNTED:
        raise ForeignRefused(
            f"Aggregates are counts of yes and no, of the protocols {listed(COUNTED)}. Of “{protocol}” the "
            "votes themselves are needed: means, spreads and ranks do not say who answered what, which "
            "intervals rest on."
        )


def check_success(column: str, protocol: str) -> None:
    """Raise :class:`ForeignRefused` where a column's name says that it counts something else than successes.

    A success is an image judged real, in two-alternative choice a rater fooled.
    """
    verdict = verdict_of(column)
    if verdict == CORRECT or (verdict == FOOLED and protocol == "real_or_fake"):
        counted = "raters fooled" if protocol == "two_afc" else "images judged real, rightly or not"
        raise ForeignRefused(
            f"“{column}” seems to count something else than a success, which is one of the {counted}: "
            "give that number."
        )


def answers_of(row: Row, roles: Mapping[str, str], protocol: str) -> Iterator[int]:
    """Yield a row's successes and then its failures as canonical answers. Raises :class:`BadRow`."""
    trials = _whole(row, roles, "trials")
    successes = _whole(row, roles, "successes") if "successes" in roles else _of_share(row, roles, trials)
    if not 0 <= successes <= trials <= MOST_OF_ONE_ROW:
        raise BadRow(f"{successes} of {trials} cannot be: successes run from 0 to the number of trials")
    success = FOOLED if protocol == "two_afc" else 1
    yield from (success if number < successes else 1 - success for number in range(trials))


def _whole(row: Row, roles: Mapping[str, str], role: str) -> int:
    text = text_of(row, roles, role)
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if not number.is_integer():
        raise BadRow(f"{roles[role]} is “{text}”, which is no whole number")
    return int(number)


def _of_share(row: Row, roles: Mapping[str, str], trials: int) -> int:
    """Return the number that a share stands for: the one whose share, rounded likewise, is the same."""
    text = text_of(row, roles, "share")
    written = re.fullmatch(r"(\d*)(?:\.(\d*))?\s*(%?)", text)
    if written is None or not (written[1] or written[2]):
        raise BadRow(f"{roles['share']} is “{text}”: write a share such as 0.47, or 47%")
    scale = 100 if written[3] else 1
    share = float(f"{written[1] or 0}.{written[2] or 0}") / scale
    if share > 1:
        raise BadRow(f"{roles['share']} is “{text}”, which is more than all: write 0.47, or 47%")
    found = round(share * trials)
    precision = 0.5 * 10.0 ** -len(written[2] or "") / scale
    if trials < 1 or abs(found / trials - share) > precision * (1 + 1e-9):
        raise BadRow(f"{text} of {trials} is no whole number of answers")
    return found
