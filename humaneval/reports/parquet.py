"""Tables as Parquet, typed: what a notebook reads without guessing."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from humaneval.reports.tables import Table

CHUNK = 50_000


def table_parquet(table: Table) -> bytes:
    """Return a table as the bytes of a Parquet file; a column without any value is text."""
    return rows_parquet(table.columns, table.rows)


def rows_parquet(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as the bytes of a Parquet file, made a chunk at a time.

    A column has the type of its first chunk; whole numbers and fractions together are fractions.
    """
    target, left = io.BytesIO(), iter(rows)
    first = _chunk(columns, list(islice(left, CHUNK)))
    schema = pa.schema([(one.name, _settled(one.type)) for one in first.schema])
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        writer.write_table(first.cast(schema))
        while part := list(islice(left, CHUNK)):
            writer.write_table(_chunk(columns, part).cast(schema))
    return target.getvalue()


def _chunk(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pa.table({name: _array(column) for name, column in zip(columns, cells, strict=True)})


def _array(column: Sequence[Any]) -> Any:
    """Return one column; an empty text beside numbers is a missing one, other mixtures become text."""
    values = [None if value == "" else value for value in column]
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and float in kinds:
        return pa.array(values, pa.float64())
    if len(kinds) > 1:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values)


def _settled(kind: Any) -> Any:
    return pa.string() if pa.types.is_null(kind) else kind
