"""Columns of a vote table: checked, made numeric, and coded once as small integers."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.results import FloatArray

IntArray = NDArray[np.int64]
MANY_TEXTS = 5000


@dataclass(frozen=True, eq=False)
class Codes:
    """Labels as integers: ``labels[codes]`` gives the column back; labels are sorted."""

    codes: IntArray
    labels: NDArray[Any]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def size(self) -> int:
        """How many different labels there are."""
        return len(self.labels)

    @property
    def first(self) -> IntArray:
        """The first row of each label."""
        found = np.zeros(self.size, dtype=np.int64)
        found[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
        return found


def encode(labels: ArrayLike) -> Codes:
    """Code a column of labels (numbers or strings) as 0..k-1 in sorted order of the labels.

    Integers in a small range are coded without sorting the votes.
    """
    column = _vector(labels)
    _require_labels(column)
    if column.dtype.kind in "iub" and len(column):
        low, high = int(column.min()), int(column.max())
        if high - low <= 4 * len(column) + 1000:
            return _encode_small_integers(column, low, high)
        if (high - low).bit_length() + len(column).bit_length() < 63 and high < 2**62 and low > -(2**62):
            return _encode_by_sorting_once(column, low)
    if column.dtype.kind == "O":
        column = column.astype(str)
    if column.dtype.kind == "U" and len(column) > MANY_TEXTS:
        hashed = _encode_text_by_hash(column)
        if hashed is not None:
            return hashed
    unique, inverse = np.unique(column, return_inverse=True)
    return Codes(inverse.astype(np.int64).ravel(), unique)


def _encode_text_by_hash(column: NDArray[Any]) -> Codes | None:
    """Code a long column of text by sorting numbers, not text; None if two labels hashed alike."""
    letters = np.ascontiguousarray(column).view(np.uint32).reshape(len(column), -1)
    key = np.zeros(len(column), dtype=np.uint64)
    for place in range(letters.shape[1]):
        key = key * np.uint64(0x9E3779B97F4A7C15) + letters[:, place]
        key ^= key >> np.uint64(29)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    labels = column[first]
    if not (labels[inverse] == column).all():
        return None
    order = np.argsort(labels)
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return Codes(position[inverse], labels[order])


def _encode_small_integers(column: NDArray[Any], low: int, high: int) -> Codes:
    shifted = column.astype(np.int64) - low
    present = np.zeros(high - low + 1, dtype=bool)
    present[shifted] = True
    if present.all():
        return Codes(shifted, np.arange(low, high + 1))
    position = np.cumsum(present, dtype=np.int64) - 1
    return Codes(position[shifted], np.flatnonzero(present) + low)


def _encode_by_sorting_once(column: NDArray[Any], low: int) -> Codes:
    """Code integers by sorting numbers that hold both value and row: several times as fast as an argsort."""
    bits = len(column).bit_length()
    both = ((column.astype(np.int64) - low) << bits) + np.arange(len(column))
    both.sort()
    row = both & ((1 << bits) - 1)
    both >>= bits
    is_new = np.concatenate([[True], both[1:] != both[:-1]])
    codes = np.empty(len(column), dtype=np.int64)
    codes[row] = np.cumsum(is_new) - 1
    return Codes(codes, (both[is_new] + low).astype(column.dtype))


def _encode_small_integers_together(
    arrays: list[NDArray[Any]], low: int, high: int
) -> tuple[list[IntArray], NDArray[Any]]:
    """Code integers of a small range together; columns of all of 0..k-1 are codes as they are."""
    shifted = [
        array.astype(np.int64, copy=False) - low if low else array.astype(np.int64, copy=False)
        for array in arrays
    ]
    present = np.zeros(high - low + 1, dtype=bool)
    for column in shifted:
        present[column] = True
    if present.all():
        return shifted, np.arange(low, high + 1)
    position = np.cumsum(present, dtype=np.int64) - 1
    return [position[column] for column in shifted], np.flatnonzero(present) + low


def encode_together(*columns: ArrayLike | Codes) -> tuple[list[IntArray], NDArray[Any]]:
    """Code several columns that share their labels; return the codes of each, and the labels.

    Columns that are coded already, by the same labels, are taken as they are.
    """
    coded = [column for column in columns if isinstance(column, Codes)]
    if coded:
        if len(coded) < len(columns) or any(one.labels is not coded[0].labels for one in coded):
            raise InputError("Columns that are coded already have one array of labels together.")
        return [one.codes for one in coded], coded[0].labels
    arrays = [_vector(cast(ArrayLike, column)) for column in columns]
    if all(array.dtype.kind in "iub" and len(array) for array in arrays):
        low = min(int(array.min()) for array in arrays)
        high = max(int(array.max()) for array in arrays)
        if high - low <= 4 * len(arrays[0]) + 1000:
            return _encode_small_integers_together(arrays, low, high)
    both = encode(np.concatenate(arrays))
    ends = np.cumsum([len(array) for array in arrays])[:-1]
    return list(np.split(both.codes, ends)), both.labels


def _vector(values: ArrayLike) -> NDArray[Any]:
    column = np.asarray(values)
    if column.ndim != 1:
        raise InputError(f"A column of votes has one dimension, not {column.ndim}.")
    if column.dtype.kind == "U" and not isinstance(values, np.ndarray):
        # numpy writes the NaN of a list of texts as the text "nan".
        exact = np.asarray(values, dtype=object)
        return exact if missing(exact).any() else column
    return column


def missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where an array has no value: NaN, NaT, None or pandas' NA."""
    if column.dtype.kind in "fmM":
        return np.asarray(column != column)
    if column.dtype.kind != "O":
        return np.zeros(column.shape, dtype=bool)
    cells = (_is_missing(cell) for cell in column.ravel())
    return np.fromiter(cells, dtype=bool, count=column.size).reshape(column.shape)


def _is_missing(cell: Any) -> bool:
    if cell is None or isinstance(cell, str):
        return cell is None
    try:
        return bool(cell != cell)
    except (TypeError, ValueError):
        return True  # pandas' NA equals nothing, and refuses to say so


def present(column: ArrayLike) -> NDArray[np.bool_]:
    """Return where a column of votes has a value."""
    return ~missing(_vector(column))


def _require_labels(column: NDArray[Any]) -> None:
    absent = int(missing(column).sum())
    if absent:
        raise InputError(
            f"A column of labels has {absent} missing values (None or NaN); leave those votes out first."
        )


def truths(values: ArrayLike, name: str) -> NDArray[np.bool_]:
    """Return a column of true and false (or 1 and 0), or raise :class:`InputError` naming the column."""
    column = _vector(values)
    if column.dtype.kind == "b":
        return column
    number = numbers(column, name)
    if not np.isin(number, (0.0, 1.0)).all():
        raise InputError(f"{name} must be true or false (1 or 0) for each vote.")
    return np.asarray(number, dtype=bool)


def numbers(values: ArrayLike, name: str) -> FloatArray:
    """Return a column of finite numbers, or raise :class:`InputError` naming the column."""
    try:
        column = _vector(values).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers: {error}") from error
    if not np.isfinite(column).all():
        raise InputError(
            f"{name} has {int((~np.isfinite(column)).sum())} missing or infinite values; "
            "leave those votes out first."
        )
    return column


def weights(values: ArrayLike | None, n: int, name: str = "weight") -> FloatArray:
    """Return vote weights (ones where None); they must be non-negative and not all zero."""
    if values is None:
        return np.ones(n)
    column = numbers(values, name)
    if (column < 0).any():
        raise InputError(f"{name} must not be negative.")
    if n and column.sum() == 0:
        raise NotEstimableError(f"Every {name} is zero: there is nothing to estimate from.")
    return column


def same_length(**columns: ArrayLike | Sized | None) -> int:
    """Return the number of votes, or raise naming the columns whose lengths differ or are empty."""
    lengths = {
        name: len(column if isinstance(column, Sized) else np.asarray(column))
        for name, column in columns.items()
        if column is not None
    }
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InputError(f"Columns of one vote table have one length: {listed}.")
    n = next(iter(lengths.values()))
    if n == 0:
        raise NotEstimableError("There are no votes to estimate from.")
    return n


def sums_by(codes: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Return the sum of ``values`` for each code 0..size-1."""
    return np.bincount(codes, values, size).astype(np.float64, copy=False)


def cells(first: IntArray, second: IntArray, second_size: int) -> Codes:
    """Code the pairs of two coded columns."""
    return encode(first * np.int64(second_size) + second)
