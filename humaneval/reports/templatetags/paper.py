"""What a report leaves to its exported files when it is printed: the later rows of long tables.

The page in the browser shows every row. Styles hide the class ``beyond`` on paper, ``paper-only`` elsewhere.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

ROWS = 12
"""Rows of a table that are printed, where it has many more."""
SLACK = 3
"""A table with so few rows more is printed whole: the line about them would save nothing."""

register = template.Library()


def _is_long(rows: Sized) -> bool:
    return len(rows) > ROWS + SLACK


@register.simple_tag
def beyond(rows: Sized, number: int) -> SafeString:
    """Return the class of a table's row of that number (from 1), where it is not printed."""
    return mark_safe(' class="beyond"') if _is_long(rows) and number > ROWS else SafeString("")


@register.inclusion_tag("reports/more_rows.html")
def more_rows(rows: Sized, file: str) -> dict[str, Any]:
    """Return what the line under a printed table says: how many rows it has, and where they all are."""
    return {"long": _is_long(rows), "printed": ROWS, "total": len(rows), "file": file}
