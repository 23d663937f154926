"""Answers of several raters to the same units, boiled down to patterns of category counts.

Two units with the same counts are interchangeable for every chance-corrected coefficient, so that a
million votes shrink to a table of distinct patterns and how often each occurs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.columns import Codes, IntArray, cells, encode, missing, numbers, present, same_length
from humaneval.stats.errors import InputError
from humaneval.stats.results import FloatArray
from humaneval.stats.tables import counts_table


@dataclass(frozen=True, eq=False)
class Units:
    """``patterns`` (P, k) counts of answers by category, ``frequency`` (P) of units with each.

    ``values`` are the categories (sorted numbers; for text labels 0..k-1, and then not ``ordered``),
    ``unit_pattern`` gives each unit's pattern. Votes are kept as codes: ``unit``, ``category`` and ``rater``
    (None for ready tables).
    """

    values: FloatArray
    patterns: FloatArray
    frequency: IntArray
    n: int
    raters: int
    unit_pattern: IntArray
    ordered: bool = True
    unit: IntArray | None = None
    category: IntArray | None = None
    rater: Codes | None = None

    @property
    def items(self) -> int:
        """How many units have at least one answer."""
        return int(self.frequency.sum())

    @property
    def pairable(self) -> int:
        """How many units have at least two answers."""
        return int(self.frequency[self.patterns.sum(axis=1) >= 2].sum())


def from_table(table: ArrayLike) -> Units:
    """Read a raters x units matrix; NaN, None or an empty text where a rater did not answer."""
    matrix = np.asarray(table)
    if matrix.dtype.kind == "U" and not isinstance(table, np.ndarray):
        matrix = np.asarray(table, dtype=object)  # else a NaN among texts is the text "nan"
    if matrix.ndim != 2:
        raise InputError(f"A table of ratings is raters x units, not of {matrix.ndim} dimensions.")
    answered = ~missing(matrix)
    if matrix.dtype.kind in "OU":
        answered[answered] = matrix[answered] != ""
    rater, item = np.nonzero(answered)
    return from_votes(rater=rater, item=item, answer=np.asarray(matrix[answered].tolist()))


def from_votes(*, item: ArrayLike, answer: ArrayLike, rater: ArrayLike | None = None) -> Units:
    """Tabulate votes. A rater may answer an item once; leave repeats out before.

    Where ``answer`` is missing (NaN or None) the rater did not answer, as in a table.
    """
    n = same_length(item=item, answer=answer, rater=rater)
    answered = present(answer)
    if not answered.all():
        item, answer = np.asarray(item)[answered], np.asarray(np.asarray(answer)[answered].tolist())
        rater = None if rater is None else np.asarray(rater)[answered]
        n = same_length(item=item, answer=answer)
    units, categories = encode(item), encode(answer)
    raters = None if rater is None else encode(rater)
    if raters is not None and cells(raters.codes, units.codes, units.size).size < n:
        raise InputError("Some rater answered the same item more than once; leave repeats out first.")
    k = categories.size
    counts = np.bincount(units.codes * k + categories.codes, minlength=units.size * k).reshape(-1, k)
    patterns, pattern, frequency = _distinct_rows(counts)
    return Units(
        _category_values(categories),
        patterns.astype(np.float64),
        frequency,
        n,
        raters.size if raters is not None else int(counts.sum(axis=1).max()),
        pattern,
        categories.labels.dtype.kind in "iufb",
        units.codes,
        categories.codes,
        raters,
    )


def from_counts(counts: ArrayLike, values: ArrayLike | None = None) -> Units:
    """Read a units x categories table of counts (the textbooks' form for Fleiss' kappa)."""
    table = counts_table(counts, "units x categories", (None, None))
    table = table[table.sum(axis=1) > 0].astype(np.int64)
    patterns, pattern, frequency = _distinct_rows(table)
    known = np.arange(table.shape[1], dtype=np.float64) if values is None else numbers(values, "values")
    if len(known) != table.shape[1] or (np.diff(known) <= 0).any():
        raise InputError("values are one rising number a column of counts.")
    raters = int(table.sum(axis=1).max())
    return Units(known, patterns.astype(np.float64), frequency, int(table.sum()), raters, pattern)


def _category_values(categories: Codes) -> FloatArray:
    if categories.labels.dtype.kind in "iufb":
        return numbers(categories.labels, "answer")
    return np.arange(categories.size, dtype=np.float64)


def _distinct_rows(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], IntArray, IntArray]:
    """Return distinct rows, each row's index among them, and how often each occurs."""
    base = int(counts.max()) + 1
    if counts.shape[1] * np.log2(max(base, 2)) < 62:
        radix = base ** np.arange(counts.shape[1], dtype=np.int64)
        key = encode(counts @ radix)
        first = np.zeros(key.size, dtype=np.int64)
        first[key.codes[::-1]] = np.arange(len(counts))[::-1]
        return counts[first], key.codes, np.bincount(key.codes, minlength=key.size)
    rows, inverse, frequency = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    return rows, inverse.ravel().astype(np.int64), frequency
