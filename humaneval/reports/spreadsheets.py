"""Tables as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from humaneval.reports.table import Table
from humaneval.ui.spreadsheets import csv_lines


def table_lines(table: Table) -> Iterator[str]:
    """Yield the lines of a table as CSV."""
    return csv_lines(table.columns, table.rows)
