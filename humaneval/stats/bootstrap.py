"""Cluster bootstrap on per-cluster totals: whole clusters are drawn, never single votes.

A replicate of an estimator that depends on the votes only through sums over clusters needs the number of
times each cluster was drawn, not the votes: ``draws @ totals``. The cost does not grow with the votes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from humaneval.stats.results import FloatArray

CHUNK_BYTES = 32_000_000


def multiplicities(
    size: int, replicates: int, rng: np.random.Generator, frequency: NDArray[np.int64] | None = None
) -> FloatArray:
    """Draw ``size`` clusters with replacement, ``replicates`` times; return how often each came up.

    ``frequency`` groups identical clusters: entry k stands for frequency[k] clusters, and the answer has
    one column an entry. That is the same distribution as drawing the clusters themselves.
    """
    if frequency is None:
        picks = rng.integers(0, size, (replicates, size))
        picks += np.arange(replicates)[:, None] * size
        return np.bincount(picks.ravel(), minlength=replicates * size).reshape(replicates, size).astype(float)
    total = int(frequency.sum())
    return rng.multinomial(total, frequency / total, size=replicates).astype(float)


def chunks(replicates: int, row_bytes: int) -> Iterator[int]:
    """Yield how many replicates to do at a time so that a working array stays under CHUNK_BYTES."""
    step = max(1, CHUNK_BYTES // max(row_bytes, 1))
    while replicates > 0:
        yield min(step, replicates)
        replicates -= step


def ratio_replicates(
    numerator: FloatArray, denominator: FloatArray, *, replicates: int, seed: int
) -> FloatArray:
    """Return bootstrap replicates of sum(numerator)/sum(denominator) over clusters."""
    rng = np.random.default_rng(seed)
    parts = []
    for count in chunks(replicates, 24 * len(numerator)):
        draws = multiplicities(len(numerator), count, rng)
        parts.append((draws @ numerator) / (draws @ denominator))
    return np.concatenate(parts)


def crossed_ratio_replicates(
    numerator: sparse.csr_matrix, denominator: sparse.csr_matrix, *, replicates: int, seed: int
) -> FloatArray:
    """Return replicates of a ratio of sums over (rater, item) cells, raters and items both redrawn.

    A cell counts (times its rater was drawn) x (times its item was drawn): the pigeonhole bootstrap
    (Owen 2007), never too narrow. Replicates without any vote are left out.
    """
    rng = np.random.default_rng(seed)
    raters, items = numerator.shape
    parts = []
    for count in chunks(replicates, 24 * (raters + 2 * items)):
        ours, theirs = multiplicities(raters, count, rng), multiplicities(items, count, rng)
        top = ((numerator.T @ ours.T).T * theirs).sum(axis=1)
        bottom = ((denominator.T @ ours.T).T * theirs).sum(axis=1)
        parts.append(top[bottom > 0] / bottom[bottom > 0])
    return np.concatenate(parts)
