"""Tables as Parquet, typed: what a notebook reads without guessing."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from humaneval.reports.table import Table

GROUP = 50_000
"""Rows written at a time."""
_TYPES = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def table_parquet(table: Table) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    return rows_parquet(table.kinds, table.rows)


def rows_parquet(kinds: Mapping[str, type], rows: Iterable[Sequence[Any]], *, group: int = GROUP) -> bytes:
    """Return rows as the bytes of a Parquet file, made ``group`` rows at a time.

    ``kinds`` declares each column's type (str, bool, int, float, or datetime for
    moments in ISO 8601), for rows that are still to come cannot
    be asked. A cell that is not of its column's type is its text where the column is text, else missing:
    one odd value among a million must not cost the file.
    """
    target = io.BytesIO()
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in kinds.items()])
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for part in _groups(rows, group):
            columns = zip(*part, strict=True)
            cells = [
                [_cell(value, kind) for value in column]
                for column, kind in zip(columns, kinds.values(), strict=True)
            ]
            writer.write_table(pa.table(cells, schema=schema))
    return target.getvalue()


def _groups(rows: Iterable[Sequence[Any]], size: int) -> Iterator[list[Sequence[Any]]]:
    left = iter(rows)
    while part := list(islice(left, size)):
        yield part


def _cell(value: Any, kind: type) -> Any:
    """Return a value as a column of that type holds it; empty text is a missing value."""
    if value is None or value == "":
        return None
    if kind is str:
        return value if isinstance(value, str) else str(value)
    if kind is datetime:
        return _moment(value)
    if isinstance(value, bool) or kind is bool:
        return value if type(value) is kind else None
    return _number(value, kind)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def _number(value: Any, kind: type) -> int | float | None:
    if not isinstance(value, int | float):
        return None
    if kind is float:
        try:
            return float(value)
        except OverflowError:  # JSON's whole numbers have no end
            return None
    return int(value) if value // 1 == value and -(2**63) <= value < 2**63 else None
