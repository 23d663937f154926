"""From rows to votes; rows that are none are left out and told, with line and reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from humaneval.protocols.orders import MOST
from humaneval.recruitment.mturk.batch_files import parse_time
from humaneval.workspace.foreign.answers import reader_for
from humaneval.workspace.foreign.mapping import Columns
from humaneval.workspace.foreign.problems import BadRow, RowProblem
from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row

MOST_OF_ONE_ROW = 1_000_000
_NOTHING = {"", "none", "null", "nan", "na", "n/a"}


class ForeignVote(NamedTuple):
    """One vote as the file has it: names where ours have numbers, ``conditions`` in order of the screen.

    ``answers`` go with the questions; None is a question that was not answered. ``received_at`` is in
    microseconds since 1970, 0 where the file does not say; ``response_ms`` is not a number there.
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
    response_ms: float
    simulated: bool


@dataclass
class Collected:
    """The votes of a file, and the rows that are none, of so many."""

    questions: tuple[str, ...]
    votes: list[ForeignVote] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    rows: int = 0


def collect(
    rows: Iterable[Row],
    columns: Columns,
    *,
    protocol: str,
    values: Mapping[str, str],
    aggregates: bool = False,
) -> Collected:
    """Return the votes in rows, in their order."""
    asked = columns.questions or {"answer": columns.roles.get("answer", "")}
    readers = [(column, reader_for(protocol, values, column)) for column in asked.values()]
    found = Collected(tuple(asked))
    for row in rows:
        found.rows += 1
        try:
            found.votes += _votes(row, columns.roles, readers, protocol, aggregates)
        except BadRow as error:
            found.problems.append(RowProblem(row.line, str(error)))
    return found


def _votes(
    row: Row, roles: Mapping[str, str], readers: Sequence[Any], protocol: str, aggregates: bool
) -> Iterator[ForeignVote]:
    if WRONG_WIDTH in row.cells:
        raise BadRow(row.cells[WRONG_WIDTH])
    if aggregates:
        return _expanded(row, roles, protocol)
    conditions = _conditions(row, roles, protocol)
    if protocol == "ranking":
        return iter([_vote(row, roles, conditions, (0,))])
    answers = tuple(
        None if _is_nothing(row.cells.get(column)) else read(row.cells[column], conditions)
        for column, read in readers
    )
    if not any(answer is not None for answer in answers):
        raise BadRow(f"{' and '.join(column for column, _ in readers)} is empty")
    return iter([_vote(row, roles, conditions, answers)])


def _vote(
    row: Row, roles: Mapping[str, str], conditions: tuple[str, ...], answers: tuple[int | None, ...]
) -> ForeignVote:
    rater = _text(row, roles, "rater") if "rater" in roles else f"row {row.line}"
    return ForeignVote(
        line=row.line,
        rater=rater,
        session=_optional(row, roles, "session") or rater,
        conditions=conditions,
        item=_optional(row, roles, "item"),
        answers=answers,
        category=_optional(row, roles, "category"),
        stratum=_optional(row, roles, "stratum"),
        received_at=_moment(row, roles),
        response_ms=_response_ms(row, roles),
        simulated=_optional(row, roles, "simulated").lower() in {"1", "true", "yes"},
    )


def _conditions(row: Row, roles: Mapping[str, str], protocol: str) -> tuple[str, ...]:
    if protocol == "ranking":
        return _ranked(_text(row, roles, "ranking"), roles["ranking"])
    first = _text(row, roles, "condition")
    second = _optional(row, roles, "other") if protocol in {"pairwise", "two_afc"} else ""
    if protocol == "pairwise" and first == second:
        raise BadRow(f"“{first}” is compared with itself")
    return (first, second) if second else (first,)


def _ranked(text: str, column: str) -> tuple[str, ...]:
    """Return the conditions of an order such as “a > b > c”, best first."""
    names = tuple(name.strip() for name in text.split(">"))
    if not 2 <= len(names) <= MOST or "" in names or len(set(names)) < len(names):
        raise BadRow(f"{column} is “{text}”, which is no order of 2 to {MOST}: write best > next > worst")
    return names


def _expanded(row: Row, roles: Mapping[str, str], protocol: str) -> Iterator[ForeignVote]:
    """Yield a rater's successes and failures as votes. In two-alternative choice a success is one fooled."""
    counts = [_count(row, roles, role) for role in ("successes", "trials")]
    if not 0 <= counts[0] <= counts[1] <= MOST_OF_ONE_ROW:
        raise BadRow(f"{counts[0]} of {counts[1]} cannot be: successes run from 0 to the number of trials")
    conditions = _conditions(row, roles, protocol)
    success = 0 if protocol == "two_afc" else 1
    for number in range(counts[1]):
        value = success if number < counts[0] else 1 - success
        yield _vote(row, roles, conditions, (value,))


def _count(row: Row, roles: Mapping[str, str], role: str) -> int:
    text = _text(row, roles, role)
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if not number.is_integer():
        raise BadRow(f"{roles[role]} is “{text}”, which is no whole number")
    return int(number)


def _text(row: Row, roles: Mapping[str, str], role: str) -> str:
    cell = row.cells.get(roles[role])
    if _is_nothing(cell):
        raise BadRow(f"{roles[role]} is empty")
    return str(cell).strip()


def _optional(row: Row, roles: Mapping[str, str], role: str) -> str:
    cell = row.cells.get(roles[role]) if role in roles else None
    return "" if cell is None else str(cell).strip()


def _is_nothing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in _NOTHING)


def _response_ms(row: Row, roles: Mapping[str, str]) -> float:
    for role, factor in (("response_ms", 1.0), ("response_s", 1000.0)):
        if text := _optional(row, roles, role):
            try:
                found = float(text) * factor
            except ValueError as error:
                raise BadRow(f"{roles[role]} is “{text}”, which is no number") from error
            if not math.isfinite(found) or found < 0:
                raise BadRow(f"{roles[role]} is “{text}”, which is no time that a person took")
            return found
    return math.nan


def _moment(row: Row, roles: Mapping[str, str]) -> int:
    text = _optional(row, roles, "time")
    if not text:
        return 0
    try:
        return round(_as_moment(text).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        raise BadRow(f"{roles['time']} is “{text}”, which is no time") from error


def _as_moment(text: str) -> datetime:
    """Return a time as tools write it: ISO 8601, seconds since 1970, or MTurk's way; UTC without a zone."""
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return parse_time(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
