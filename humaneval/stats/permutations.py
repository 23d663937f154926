"""How often would chance alone give a correlation this strong? Permutation p-values, exact for few systems.

Under no association every order of one column is as likely. The statistic is the part of the coefficient
that depends on the order. Written here because scipy's permutation_test calls Python for each order, and
its exact tests know neither Pearson nor ties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from humaneval.stats.results import FloatArray

Kind = Literal["pearson", "spearman", "kendall"]
Orders = NDArray[Any]
EXACT_UP_TO = 9
"""Systems: there are 9! = 362,880 orders."""
KENDALL_EXACT_UP_TO = 50
"""Systems without ties, whose exact p-value scipy has by recursion."""
PERMUTATIONS = 9999
CHUNK = 20_000


def permutation_pvalue(
    x: FloatArray, y: FloatArray, kind: Kind, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> tuple[float, bool]:
    """Return the two-sided p-value of no association, and whether it is exact.

    It is the share of orders whose coefficient is at least as far from 0. Up to nine systems every order
    is looked at; beyond, ``permutations`` random ones and the observed order itself (Phipson and Smyth
    2010), so that it is never 0.
    """
    if kind == "kendall" and len(x) <= KENDALL_EXACT_UP_TO and _without_ties(x) and _without_ties(y):
        return float(stats.kendalltau(x, y, method="exact").pvalue), True
    statistic, observed, slack = _statistic(x, y, kind)
    exact = len(x) <= EXACT_UP_TO
    orders = _all_orders(len(x)) if exact else None
    far, seen = 0, 0
    for rows in _batches(orders) if orders is not None else _random_batches(len(x), permutations, seed):
        far += int((np.abs(statistic(rows)) >= abs(observed) - slack).sum())
        seen += len(rows)
    return (far / seen if exact else (far + 1) / (seen + 1)), exact


def _without_ties(values: FloatArray) -> bool:
    return len(np.unique(values)) == len(values)


def _statistic(
    x: FloatArray, y: FloatArray, kind: Kind
) -> tuple[Callable[[Orders], FloatArray], float, float]:
    """Return the statistic of rows of orders of y, its observed value, and what rounding may hide."""
    if kind == "kendall":
        first, second = np.triu_indices(len(x), 1)
        ahead = np.sign(x[first] - x[second])
        signs = np.sign(y[:, None] - y[None, :]).astype(np.float32)
        return (
            lambda orders: np.asarray(signs[orders[:, first], orders[:, second]] @ ahead.astype(np.float32)),
            float(signs[first, second] @ ahead),
            1e-6,
        )
    if kind == "spearman":
        x, y = stats.rankdata(x), stats.rankdata(y)
    ours, theirs = x - x.mean(), y - y.mean()
    slack = 1e-11 * float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return (lambda orders: np.asarray(theirs[orders] @ ours)), float(theirs @ ours), slack


@lru_cache(maxsize=EXACT_UP_TO)
def _all_orders(n: int) -> Orders:
    """Return all orders of 0..n-1, each a row."""
    orders = np.zeros((1, 1), dtype=np.int8)
    for size in range(2, n + 1):
        parts = [np.insert(orders, place, size - 1, axis=1) for place in range(size)]
        orders = np.concatenate(parts)
    return orders


def _batches(orders: Orders) -> Iterator[Orders]:
    for start in range(0, len(orders), CHUNK):
        yield orders[start : start + CHUNK]


def _random_batches(n: int, permutations: int, seed: int) -> Iterator[Orders]:
    rng = np.random.default_rng(seed)
    step = max(1, min(CHUNK, 2_000_000 // n))
    for start in range(0, permutations, step):
        rows = np.tile(np.arange(n), (min(step, permutations - start), 1))
        yield rng.permuted(rows, axis=1)
