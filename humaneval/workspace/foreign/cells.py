"""Single cells of a row, by what they are for: texts, numbers, moments, how long an answer took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from humaneval.recruitment.mturk.batch_files import parse_time
from humaneval.workspace.foreign.answers import is_nothing
from humaneval.workspace.foreign.problems import BadRow
from humaneval.workspace.foreign.sources import Row

Roles = Mapping[str, str]


def text_of(row: Row, roles: Roles, role: str) -> str:
    """Return a cell's text; raises BadRow where it is empty."""
    cell = row.cells.get(roles[role])
    if is_nothing(cell):
        raise BadRow(f"{roles[role]} is empty")
    return str(cell).strip()


def optional(row: Row, roles: Roles, role: str) -> str:
    """Return a cell's text, empty where the file or the row has none."""
    cell = row.cells.get(roles[role]) if role in roles else None
    return "" if cell is None else str(cell).strip()


def response_ms(row: Row, roles: Roles) -> float:
    """Return how long an answer took, in milliseconds; not a number where the row does not say."""
    for role, factor in (("response_ms", 1.0), ("response_s", 1000.0)):
        if text := _told(row, roles, role):
            found = _number(text, roles[role]) * factor
            if not math.isfinite(found) or found < 0:
                raise BadRow(f"{roles[role]} is “{text}”, which is no time that a person took")
            return found
    return math.nan


def sequence(row: Row, roles: Roles) -> float:
    """Return the vote's number in its rater's sitting; not a number where the row does not say."""
    text = _told(row, roles, "sequence")
    return _number(text, roles["sequence"]) if text else math.nan


def moment(row: Row, roles: Roles) -> int:
    """Return when a vote was given, in microseconds since 1970; 0 where the row does not say."""
    text = _told(row, roles, "time")
    if not text:
        return 0
    try:
        return round(_as_moment(text).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        raise BadRow(f"{roles['time']} is “{text}”, which is no time") from error


def _told(row: Row, roles: Roles, role: str) -> str:
    """Return a cell's text; empty, too, where the cell says in a word that there is nothing."""
    text = optional(row, roles, role)
    return "" if is_nothing(text) else text


def _number(text: str, column: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadRow(f"{column} is “{text}”, which is no number") from error


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
