"""Ready tables of counts, as textbooks print them, checked and (where small) turned back into votes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.columns import IntArray
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.results import FloatArray


def counts_table(counts: ArrayLike, what: str, shape: tuple[int | None, ...]) -> FloatArray:
    """Return a table of whole counts, or raise, naming ``what`` it is; None in ``shape`` is any size."""
    try:
        table = np.asarray(counts, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"counts must be {what}: {error}") from error
    fits = table.ndim == len(shape) and all(
        wanted is None or wanted == size for wanted, size in zip(shape, table.shape, strict=True)
    )
    if not fits:
        raise InputError(f"counts must be {what}, not of shape {table.shape}.")
    if not np.isfinite(table).all() or (table < 0).any() or (table % 1 > 0).any():
        raise InputError(f"counts must be {what}: whole numbers from 0.")
    if not table.sum():
        raise NotEstimableError("There are no votes to estimate from.")
    return table


def only_counts(**others: object) -> None:
    """Raise InputError where something is given that a table of counts leaves no room for."""
    given = [f"{name}=" for name, value in others.items() if value is not None]
    if given:
        raise InputError(f"Give either a table of counts= or {', '.join(given)}, not both.")


def only_table(**others: object) -> None:
    """Raise InputError where votes are given beside a ready table."""
    given = [f"{name}=" for name, value in others.items() if value is not None]
    if given:
        raise InputError(f"Give either a ready table or the votes ({', '.join(given)}), not both.")


def right_of(counts: ArrayLike) -> tuple[float, float]:
    """Return successes and trials of counts of two outcomes: (yes, no) or (right, wrong)."""
    yes, no = counts_table(counts, "two numbers (yes, no)", (2,))
    return float(yes), float(yes + no)


def rows_and_columns(table: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the row and the column of each vote behind a two-way table."""
    row, column = np.nonzero(table)
    times = table[row, column].astype(np.int64)
    return np.repeat(row, times), np.repeat(column, times)
