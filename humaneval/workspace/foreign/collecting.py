"""From rows to votes; rows that are none are left out and told, with line and reason."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from humaneval.protocols.orders import MOST
from humaneval.workspace.foreign import cells, counts
from humaneval.workspace.foreign.answers import Reader
from humaneval.workspace.foreign.mapping import Columns
from humaneval.workspace.foreign.problems import BadRow, ForeignRefused, RowProblem
from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row


class ForeignVote(NamedTuple):
    """One vote as the file has it: names where ours have numbers, ``conditions`` in order of its columns.

    ``answers`` go with the questions; None is a question that was not answered. ``received_at`` is in
    microseconds since 1970, 0 where the file does not say; ``sequence`` (the vote's number in its rater's
    sitting) and ``response_ms`` are not numbers there.
    """

    line: int
    rater: str
    session: str
    conditions: tuple[str, ...]
    item: str
    answers: tuple[int | None, ...]
    category: str
    stratum: str
    received_at: int
    sequence: float
    response_ms: float
    simulated: bool


@dataclass
class Collected:
    """The votes of a file, and the rows that are none, of so many.

    ``places`` are the words met in answers that say where the chosen one stood, ``numbers`` the bare 0 and 1
    that were taken for fake and real, ``met`` the cells that ``values`` gave a meaning.
    """

    questions: tuple[str, ...]
    votes: list[ForeignVote] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    rows: int = 0
    places: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Asked:
    """How votes were asked for: what a row's cells mean follows from it."""

    protocol: str
    values: Mapping[str, str] = field(default_factory=dict)
    real: Collection[str] = ()
    aggregates: bool = False


def collect(rows: Iterable[Row], columns: Columns, asked: Asked) -> Collected:
    """Return the votes in rows, in their order. Raises :class:`ForeignRefused` for columns that cannot be."""
    _check(columns, asked)
    answered = columns.questions or {"answer": columns.roles.get("answer", "")}
    readers = [
        Reader(asked.protocol, asked.values, column, asked.real) for column in answered.values() if column
    ]
    found = Collected(tuple(answered))
    for row in rows:
        found.rows += 1
        try:
            found.votes += _votes(row, columns.roles, readers, asked)
        except BadRow as error:
            found.problems.append(RowProblem(row.line, str(error)))
    for reader in readers:
        found.places |= reader.places
        found.numbers |= reader.numbers
        found.met |= reader.met
    return found


def _check(columns: Columns, asked: Asked) -> None:
    if asked.protocol == "two_afc" and "other" in columns.roles and not asked.real:
        pair = f"“{columns.roles['condition']}” and “{columns.roles['other']}”"
        raise ForeignRefused(
            f"Of the two images in {pair}, which is real? Say --real with the names of the real conditions."
        )
    if asked.aggregates and "successes" in columns.roles:
        counts.check_success(columns.roles["successes"], asked.protocol)


def _votes(
    row: Row, roles: Mapping[str, str], readers: Sequence[Reader], asked: Asked
) -> Iterator[ForeignVote]:
    if WRONG_WIDTH in row.cells:
        raise BadRow(row.cells[WRONG_WIDTH])
    conditions = _conditions(row, roles, asked)
    if asked.aggregates:
        # Who sums up votes has forgotten their order and times.
        vote = _vote(row, roles, conditions, ())._replace(received_at=0, sequence=math.nan)
        return (vote._replace(answers=(one,)) for one in counts.answers_of(row, roles, asked.protocol))
    if asked.protocol == "ranking":
        return iter([_vote(row, roles, conditions, (0,))])
    answers = tuple(read(row.cells.get(read.column), conditions) for read in readers)
    if not any(answer is not None for answer in answers):
        raise BadRow(_nothing_said(row, [read.column for read in readers]))
    return iter([_vote(row, roles, conditions, answers)])


def _nothing_said(row: Row, columns: Sequence[str]) -> str:
    said = str(row.cells.get(columns[0]) or "").strip()
    if len(columns) == 1 and said:
        return f"{columns[0]} is “{said}”, taken for no answer: if it is one, say with --values which"
    return f"{' and '.join(columns)} is empty"


def _vote(
    row: Row, roles: Mapping[str, str], conditions: tuple[str, ...], answers: tuple[int | None, ...]
) -> ForeignVote:
    rater = cells.text_of(row, roles, "rater") if "rater" in roles else f"row {row.line}"
    return ForeignVote(
        line=row.line,
        rater=rater,
        session=cells.optional(row, roles, "session") or rater,
        conditions=conditions,
        item=cells.optional(row, roles, "item"),
        answers=answers,
        category=cells.optional(row, roles, "category"),
        stratum=cells.optional(row, roles, "stratum"),
        received_at=cells.moment(row, roles),
        sequence=cells.sequence(row, roles),
        response_ms=cells.response_ms(row, roles),
        simulated=cells.optional(row, roles, "simulated").lower() in {"1", "true", "yes"},
    )


def _conditions(row: Row, roles: Mapping[str, str], asked: Asked) -> tuple[str, ...]:
    if asked.protocol == "ranking":
        return _ranked(cells.text_of(row, roles, "ranking"), roles["ranking"])
    first = cells.text_of(row, roles, "condition")
    second = cells.optional(row, roles, "other")
    if asked.protocol == "pairwise" and first == second:
        raise BadRow(f"“{first}” is compared with itself")
    shown = (first, second) if second else (first,)
    if asked.protocol == "two_afc":
        _check_real(shown, asked.real)
    return shown


def _check_real(shown: tuple[str, ...], real: Collection[str]) -> None:
    """Raise BadRow unless just one of the two shown is real, or the only one named is generated."""
    kinds = [name in real for name in shown]
    if len(shown) == 1 and kinds[0]:
        raise BadRow(f"“{shown[0]}” is real, and the row does not say which generated image stood beside it")
    if len(shown) == 2 and sum(kinds) != 1:
        both = f"“{shown[0]}” and “{shown[1]}”"
        raise BadRow(f"of {both} just one must be real; --real says {'both' if kinds[0] else 'neither'}")


def _ranked(text: str, column: str) -> tuple[str, ...]:
    """Return the conditions of an order such as “a > b > c”, best first."""
    names = tuple(name.strip() for name in text.split(">"))
    if not 2 <= len(names) <= MOST or "" in names or len(set(names)) < len(names):
        raise BadRow(f"{column} is “{text}”, which is no order of 2 to {MOST}: write best > next > worst")
    return names
