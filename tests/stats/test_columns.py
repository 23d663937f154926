"""Columns of labels as codes, however wide their range, and ranks: as NumPy and SciPy have them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from humaneval.stats.columns import encode
from humaneval.stats.items_left_out import mid_ranks

COLUMNS = {
    "a small range": np.array([7, 3, 3, 9]),
    "a wide range": np.array([10**12, -(10**12), 5, 10**12, 5]),
    "the widest range": np.array([2**63 - 1, -(2**63), 0, 2**63 - 1]),
    "unsigned": np.array([2**64 - 1, 0, 2**64 - 1, 1], dtype=np.uint64),
    "small numbers far apart": np.array([0, 30_000, 0, -30_000], dtype=np.int16),
    "truths": np.array([True, False, True]),
    "none": np.zeros(0, dtype=np.int64),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_codes_and_labels_are_those_of_numpy(column):
    labels, first, codes = np.unique(column, return_index=True, return_inverse=True)
    found = encode(column)
    assert found.labels.tolist() == labels.tolist()
    assert found.codes.tolist() == codes.tolist()
    assert found.first.tolist() == first.tolist()


def test_many_labels_of_a_wide_range_are_coded_as_numpy_codes_them():
    column = np.random.default_rng(1).integers(-(2**40), 2**40, 5000)[np.arange(9000) % 5000]
    labels, codes = np.unique(column, return_inverse=True)
    found = encode(column)
    assert (found.labels == labels).all()
    assert (found.codes == codes).all()
    assert found.labels.dtype == column.dtype


@pytest.mark.parametrize("values", [[], [2.0], [3.0, 1.0, 3.0, 2.0, 3.0], [0.5] * 4])
def test_ranks_are_those_of_scipy(values):
    assert mid_ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()
