"""Tables of pairs as people bring them: as a file, pasted from a spreadsheet, or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from humaneval.studies.pairs import COLUMNS, DISTANCE
from humaneval.studies.tables import Line, Table, read_table


def pairs_of_text(text: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a table of pairs; raises ValidationError where it cannot be read."""
    table = read_table(text, name="pairs", columns=", ".join(COLUMNS))
    if not table.divider:
        return table.rows
    _check_columns([name.lower() for name in table.columns])
    return table.rows if table.divider == "," else _with_points(table)


def _check_columns(names: list[str]) -> None:
    """Raise ValidationError where a column is missing, or would be left unread."""
    words = {"all": ", ".join(COLUMNS)}
    if missing := [name for name in COLUMNS if name not in names]:
        text = _("The table has no column %(names)s. It needs %(all)s, and may have distance.")
        raise ValidationError(text % {"names": ", ".join(missing), **words})
    if unknown := [name for name in names if name not in (*COLUMNS, DISTANCE)]:
        text = _("No column is called %(names)s. There are %(all)s, and distance: take others out.")
        raise ValidationError(text % {"names": ", ".join(unknown), **words})


def _with_points(table: Table) -> list[Mapping[str, Any]]:
    """Return rows with points in distances: where commas do not divide cells, they may divide numbers."""
    found: list[Mapping[str, Any]] = []
    for row in table.rows:
        cells = {
            name: cell.replace(",", ".") if name.lower() == DISTANCE else cell for name, cell in row.items()
        }
        found.append(Line(cells, row.number) if isinstance(row, Line) else cells)
    return found
