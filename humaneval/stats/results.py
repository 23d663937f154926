"""What every estimator returns: a number, how sure one may be of it, and how it was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from humaneval.stats.errors import InputError

FloatArray = NDArray[np.floating[Any]]
Value = TypeVar("Value", float, FloatArray)


class Interval(NamedTuple, Generic[Value]):
    """A confidence interval; arrays where the estimate is one."""

    low: Value
    high: Value


IntervalRule = Callable[[Any, Any, float], "Interval[Any]"]
"""From estimate, standard error and level to an interval; see :mod:`humaneval.stats.intervals`."""


@dataclass(frozen=True, kw_only=True)
class Result(Generic[Value]):
    """An estimate with its uncertainty and its provenance.

    ``n`` counts votes, ``clusters`` the independent units behind them (for example
    ``{"rater": 30, "item": 40}``), ``method`` names the estimator and the variance, ``convention`` the
    interval, ``notes`` hold, as sentences, what a reader must know before believing the number, and
    ``design_effect`` is the variance over that of as many independent votes (None where undefined).
    """

    estimate: Value
    standard_error: Value
    n: int
    method: str
    rule: IntervalRule = field(repr=False, compare=False)
    clusters: Mapping[str, int] = field(default_factory=dict)
    convention: str = ""
    notes: tuple[str, ...] = ()
    design_effect: float | None = None

    def confidence_interval(self, level: float = 0.95) -> Interval[Value]:
        """Return the two-sided interval at ``level`` (0 < level < 1)."""
        if not 0.0 < level < 1.0:
            raise InputError(f"A confidence level lies between 0 and 1, not {level!r}.")
        return self.rule(self.estimate, self.standard_error, level)


@dataclass(frozen=True, kw_only=True)
class Tested(Result[Value]):
    """An estimate with the two-sided p-value of its null hypothesis (named in ``method``)."""

    pvalue: Value
