"""Standard errors of counts, shares, medians and spectra over one sample (Efron 1982, "The Jackknife")."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

NORMAL_95 = 1.959964


def error_of_mean(values: Sequence[float] | np.ndarray) -> float | None:
    """Return the standard error of a mean, None for fewer than two values."""
    return float(np.std(values, ddof=1) / len(values) ** 0.5) if len(values) > 1 else None


def error_of_kinds(counts: Sequence[int] | np.ndarray, n: int) -> float | None:
    """Return the jackknife's standard error of how many kinds occur among n samples, None for n < 2.

    Leaving a sample out loses a kind only if it is that kind's sole one, so that with f kinds seen once
    the variance is f (1 - f/n) (n - 1)/n (Heltshe and Forrester 1983). 0 where no kind or every sample
    is sole.
    """
    if n < 2:
        return None
    once = int((np.asarray(counts) == 1).sum())
    return math.sqrt(once * (1 - once / n) * (n - 1) / n)


def error_of_distinct_share(once: int, n: int) -> float | None:
    """Return the jackknife's standard error of distinct samples / n, ``once`` of which have no equal.

    The estimate without sample i is (distinct - [i is sole]) / (n - 1). None for n < 2.
    """
    return math.sqrt(once * (1 - once / n) / (n * (n - 1))) if n > 1 else None


def error_of_median(values: Sequence[float] | np.ndarray) -> float | None:
    """Return half the distribution-free 95% interval of a median, over 1.96 (Woodruff 1952).

    The interval runs between the order statistics n/2 -+ 0.98 sqrt(n). None where n < 6, which no such
    interval covers, or where an end is infinite.
    """
    n = len(values)
    if n < 6:
        return None
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    reach = NORMAL_95 * math.sqrt(n) / 2
    low, high = ordered[max(math.floor(n / 2 - reach), 0)], ordered[min(math.ceil(n / 2 + reach), n - 1)]
    return float((high - low) / (2 * NORMAL_95)) if math.isfinite(low) and math.isfinite(high) else None
