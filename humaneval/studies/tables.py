"""Tables as people bring them: CSV with any usual divider, or JSON as the API takes it.

Names of columns and cells lose the blanks around them. A row of a CSV table knows its line, so that what is
wrong is found again in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

DIVIDERS = ",;\t"
"""What spreadsheets put between the cells of a line."""
MOST_NAMED = 5
"""Wrong rows named in one refusal at most."""


class Line(dict[str, str]):
    """A row of a CSV table, and which line of the file it stands in."""

    def __init__(self, cells: Mapping[str, str], number: int) -> None:
        super().__init__(cells)
        self.number = number


@dataclass(frozen=True)
class Table:
    """What was read: rows, and of CSV the names of its columns and what divides its cells."""

    rows: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...] = ()
    divider: str = ""


def read_table(text: str, *, name: str, columns: str) -> Table:
    """Return a table; raises ValidationError where the text is none.

    Text that begins with a bracket or a brace is JSON: a list of rows, or an object that has it under
    ``name``. All else is CSV, divided by what its first line is divided by. ``columns`` says in words what
    rows have.
    """
    text = text.lstrip("\ufeff")
    return _of_json(text, name, columns) if text.lstrip()[:1] in ("[", "{") else _of_csv(text)


def placed(row: Mapping[str, Any], number: int, reason: object) -> str:
    """Return what is wrong with a row, with its line in the file or, where there is none, its number."""
    if isinstance(row, Line):
        return _("Line %(number)d: %(reason)s") % {"number": row.number, "reason": reason}
    return _("Row %(number)d: %(reason)s") % {"number": number, "reason": reason}


def first_of(wrong: Sequence[str]) -> list[str]:
    """Return the first sentences on wrong rows, and how many more rows are wrong."""
    more = len(wrong) - MOST_NAMED
    if more <= 0:
        return list(wrong)
    text = ngettext("%(more)d more row is wrong.", "%(more)d more rows are wrong.", more)
    return [*wrong[:MOST_NAMED], text % {"more": more}]


def _of_json(text: str, name: str, columns: str) -> Table:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(_("This is not JSON: %(reason)s.") % {"reason": error}) from error
    rows = found.get(name) if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        words = _("JSON is a list of objects with %(all)s, or an object whose “%(name)s” is such a list.")
        raise ValidationError(words % {"all": columns, "name": name})
    return Table(rows)


def _of_csv(text: str) -> Table:
    head = text.strip("\r\n").partition("\n")[0]
    divider = max(DIVIDERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider)
    try:
        lines = [
            (reader.line_num, [cell.strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise ValidationError(_("This is not CSV: %(reason)s.") % {"reason": error}) from error
    if not lines:
        return Table([], (), divider)
    (_number, names), *rest = lines
    lower = [name.lower() for name in names]
    if twice := next((name for name in lower if name and lower.count(name) > 1), ""):
        raise ValidationError(_("The table has the column %(name)s twice.") % {"name": twice})
    rows = [_line(number, names, cells) for number, cells in rest]
    return Table(rows, tuple(name for name in names if name), divider)


def _line(number: int, names: list[str], cells: list[str]) -> Line:
    """Return a row; cells without a name above them have to be empty, as those that spreadsheets add are."""
    padded = [*cells, *[""] * (len(names) - len(cells))]
    over = [cell for place, cell in enumerate(padded) if cell and (place >= len(names) or not names[place])]
    if over:
        text = _("Line %(number)d: the first line has no name for the cell “%(cell)s”.")
        raise ValidationError(text % {"number": number, "cell": over[0]})
    return Line({name: cell for name, cell in zip(names, padded, strict=False) if name}, number)
