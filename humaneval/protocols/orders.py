"""Orders of a few things as one small whole number, and back: how a ranking is stored as an answer.

An order of ``k`` things is stored by its Lehmer code in the factorial number system: digit ``i`` says how
many of the things still to come are smaller than the ``i``-th. Codes run from 0 (the things as numbered)
to ``k! - 1`` (the reverse), so an order of up to 7 things (5,040 codes) fits a 16-bit column. A best and a
worst of ``k`` are stored as ``best * k + worst``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

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
