"""Orders of a few things as one small whole number, and back: how a ranking is stored as an answer.

An order of ``k`` things is stored by its Lehmer code in the factorial number system: digit ``i`` says how
many of the things still to come are smaller than the ``i``-th. Codes run from 0 (the things as numbered)
to ``k! - 1`` (the reverse), so an order of up to 7 things (5,040 codes) fits a 16-bit column. A best and a
worst of ``k`` are stored as ``best * k + worst``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial

import numpy as np
from numpy.typing import NDArray

MOST = 7
"""Things in an order at most: the codes of 8 would not fit."""


def code_of(order: Sequence[int]) -> int:
    """Return the code of an order of the numbers 0 .. k - 1; raises ValueError for anything else."""
    if sorted(order) != list(range(len(order))):
        raise ValueError(f"{list(order)!r} is not an order of 0 to {len(order) - 1}.")
    left, code = sorted(order), 0
    for place, thing in enumerate(order):
        code += left.index(thing) * factorial(len(order) - 1 - place)
        left.remove(thing)
    return code


def order_of(code: int, count: int) -> tuple[int, ...]:
    """Return the order of ``count`` things that a code stands for; raises ValueError for no such code."""
    if not 0 <= code < factorial(count):
        raise ValueError(f"{code} is not the code of an order of {count}.")
    left, order = list(range(count)), []
    for place in range(count - 1, -1, -1):
        digit, code = divmod(code, factorial(place))
        order.append(left.pop(digit))
    return tuple(order)


def share_above(ordered: Sequence[int], count: int) -> list[float]:
    """Return for each of ``count`` things the share of the others that it is put above; a tie counts half.

    ``ordered`` lists all from best to worst, or the best and the worst: the rest are alike then.
    """
    share = [0.5] * count
    if len(ordered) < count:
        share[ordered[0]], share[ordered[-1]] = 1.0, 0.0
        return share
    for place, thing in enumerate(ordered):
        share[thing] = 1 - place / (count - 1)
    return share


def shares_above(
    values: NDArray[np.int64], counts: NDArray[np.int64], ordered: Callable[[int, int], Sequence[int]]
) -> NDArray[np.float64]:
    """Return :func:`share_above` of many answers (N x most things), NaN after an answer's last thing.

    ``ordered`` gives the order that a value of so many things stands for.
    """
    from humaneval.stats.columns import encode  # with all of stats: seconds that a web process must not wait

    most = int(counts.max(initial=0))
    kinds = encode(values.astype(np.int64) * (most + 1) + counts)
    table = np.full((kinds.size, most), np.nan)
    for row, kind in zip(table, kinds.labels.tolist(), strict=True):
        value, count = divmod(kind, most + 1)
        row[:count] = share_above(ordered(value, count), count)
    return table[kinds.codes]
