"""Parquet files of strangers, read in bounded memory: a kilobyte of it can stand for terabytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from humaneval.samples.prompts import PromptsError

LONGEST_TEXT = 2**20
"""Bytes."""
_ROWS_AT_ONCE = 1_000


def columns_of(file: IO[bytes], name: str) -> list[str]:
    """Return the names of the columns that hold one number or text a row; bytes and lists are left out.

    Raises PromptsError for what is no Parquet file, and for one that is larger than an import may be.
    """
    with _said(name):
        parquet = pq.ParquetFile(file)
        _check_extent(parquet.metadata, name)
        return [field.name for field in parquet.schema_arrow if _is_plain(field.type)]


def rows_of(file: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    """Yield each row's values by column; texts stay with their dictionary until their length is known."""
    with _said(name):
        schema = pq.ParquetFile(file).schema_arrow
        texts = [field.name for field in schema if _is_text(field.type)]
        plain = [field.name for field in schema if _is_plain(field.type)]
        parquet = pq.ParquetFile(file, read_dictionary=texts)
        for batch in parquet.iter_batches(batch_size=_ROWS_AT_ONCE, columns=plain):
            for column in batch.columns:
                _check_texts(column, name)
            yield from batch.to_pylist()


def _check_extent(metadata: pq.FileMetaData, name: str) -> None:
    """Refuse by what the file says of itself, before anything in it is unpacked."""
    if metadata.num_rows > settings.IMPORT_MAX_FILES:
        raise PromptsError(
            f"{name} has {metadata.num_rows:,} rows; the limit is {settings.IMPORT_MAX_FILES:,} "
            "(IMPORT_MAX_FILES)."
        )
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    if size > settings.IMPORT_MAX_FILE_BYTES:
        raise PromptsError(
            f"{name} unpacks to {size:,} bytes; the limit is {settings.IMPORT_MAX_FILE_BYTES:,} "
            "(IMPORT_MAX_FILE_BYTES). Leave out columns that no sample needs."
        )


def _check_texts(column: pa.Array, name: str) -> None:
    texts = column.dictionary if isinstance(column, pa.DictionaryArray) else column
    if not _is_text(texts.type) or not len(texts):
        return
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest > LONGEST_TEXT:
        raise PromptsError(f"{name} holds a text of {longest:,} bytes; the limit is {LONGEST_TEXT:,}.")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_plain(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(value) or pa.types.is_binary(value) or pa.types.is_large_binary(value))


@contextmanager
def _said(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise PromptsError(f"{name} cannot be read as Parquet: {line}.") from error
