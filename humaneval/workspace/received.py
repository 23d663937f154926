"""What the Python client receives: tables as frames, archives as files.

Needs nothing of Django, as the client does.
"""

from __future__ import annotations

import copy
import io
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

_STARTS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def table_of(content: bytes) -> pd.DataFrame:
    """Return a CSV file of the platform's as a frame: what is empty is missing, text is as it was given."""
    try:
        table = pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""])
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    for name, column in table.items():
        if not pd.api.types.is_numeric_dtype(column):
            table[name] = column.map(_bare, na_action="ignore")
    return table


def _bare(cell: Any) -> Any:
    """Return text without the apostrophe that keeps spreadsheets from running it as a formula."""
    if isinstance(cell, str) and cell[:1] == "'" and cell[1:].lstrip(" ").startswith(_STARTS_A_FORMULA):
        return cell[1:]
    return cell


def unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write an archive's files into a folder, without the one folder that they all lie in there."""
    for member in archive.infolist():
        inside = copy.copy(member)
        inside.filename = member.filename.partition("/")[2]
        archive.extract(inside, folder)  # which never leaves the folder
