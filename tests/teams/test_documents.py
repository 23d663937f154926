"""What the documents say of roles and threats is what the code does and the tests hold."""

from __future__ import annotations

import re
from pathlib import Path

from tests.teams import table

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (table.VIEWER, table.ANALYST, table.MANAGER, table.OWNER)


def cell(action: table.Action, role: str) -> str:
    """Return what the document's table shows for a role: ``yes``, nothing, or that payment must be given."""
    if role == table.MANAGER and role not in action.roles and table.PAYER in action.roles:
        return "if given"
    return "yes" if role in action.roles else ""


def test_the_table_in_the_document_is_the_one_that_the_tests_hold() -> None:
    text = (ROOT / "docs" / "roles.md").read_text()
    rows = re.findall(r"^\| ([A-Z][^|]*) \|(.*)\|$", text, re.MULTILINE)
    written = {words.strip(): tuple(cell.strip() for cell in cells.split("|")) for words, cells in rows}
    wanted = {one.words: tuple(cell(one, role) for role in COLUMNS) for one in table.ACTIONS}
    assert written == wanted
