"""CSV that spreadsheets open without running anything."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence

Cell = str | int | float | bool | None
"""What a table has in one place."""

_STARTS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def protected(cell: Cell) -> str | int | float:
    """Return a cell fit for CSV: text that a spreadsheet would run as a formula gets an apostrophe.

    Numbers stay numbers (a negative one is no formula), ``None`` and what is not finite become empty,
    booleans ``true`` and ``false``. See OWASP, "CSV Injection".
    """
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" ").startswith(_STARTS_A_FORMULA) else cell
    return cell


class _Echo:
    """A file whose ``write`` hands the text back, so that :mod:`csv` can feed a stream."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield the lines of a CSV file, header first, as they are made."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([protected(cell) for cell in row])
