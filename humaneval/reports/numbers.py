"""Numbers in words for pages, charts and sentences. A number that is missing becomes words, never a NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence

from humaneval.reports.results import Estimate, Interval

MISSING = "not available"
NOT_KNOWN = "not known"
"""Of an uncertainty that nobody has measured."""

MINUS = "\N{MINUS SIGN}"


def in_unit(value: float | None, unit: str) -> str:
    """Return ``value`` as people read it: shares as percentages, others with two decimals."""
    if value is None or not math.isfinite(value):
        return MISSING
    if unit == "share":
        return f"{100 * value:.1f}%".replace("-", MINUS)
    return plain(value, 2)


def plain(value: float | None, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` decimals and a true minus sign; zero never shows a sign."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def significant(value: float | None, digits: int = 4) -> str:
    """Return ``value`` to ``digits`` significant digits, in powers of ten only where it must be."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if -4 <= magnitude < 7:
        return f"{value:,.{max(0, digits - 1 - magnitude)}f}".replace("-", MINUS)
    return f"{value:.{digits - 1}e}".replace("-", MINUS)


def column(values: Sequence[float | None]) -> list[str]:
    """Return the numbers of one column with as many decimals as its largest needs for four digits.

    At most three decimals, unless all values are below 0.1; powers of ten where decimals would not do.
    """
    present = [abs(value) for value in values if value is not None and math.isfinite(value)]
    largest = max(present, default=0.0)
    if largest == 0 or not 1e-4 <= largest < 1e7:
        return [significant(value) for value in values]
    magnitude = math.floor(math.log10(largest))
    digits = max(0, 3 - magnitude) if magnitude < -1 else min(3, max(0, 3 - magnitude))
    return [MISSING if value is None else grouped(value, digits) for value in values]


def grouped(value: float, digits: int) -> str:
    """Return ``value`` with thousands set apart and a true minus sign."""
    return f"{value:,.{digits}f}".replace("-", MINUS)


def bracket(interval: Interval, unit: str) -> str:
    """Return an interval as ``[low, high]``, or words where it has no ends."""
    return ends(interval.low, interval.high, unit)


def ends(low: float | None, high: float | None, unit: str) -> str:
    """Return ``[low, high]`` in ``unit``, or words where an end is missing."""
    if low is None or high is None:
        return "no interval"
    if unit == "share":
        return f"[{100 * low:.1f}, {100 * high:.1f}]".replace("-", MINUS)
    return f"[{plain(low, 2)}, {plain(high, 2)}]"


def with_interval(estimate: Estimate) -> str:
    """Return an estimate with its clustered interval, e.g. ``47.1% [41.0, 53.2]``."""
    if estimate.estimate is None:
        return MISSING
    return f"{in_unit(estimate.estimate, estimate.unit)} {bracket(estimate.interval, estimate.unit)}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return e.g. ``1 vote`` or ``1,204 votes``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: list[str]) -> str:
    """Return words as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def p_words(value: float | None) -> str:
    """Return a p-value as papers write it: ``p = 0.03``, ``p < 0.001``."""
    if value is None:
        return "no p-value"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"


def seconds(milliseconds: float | None) -> str:
    """Return a time as people say it, or a dash where there is none."""
    return "—" if milliseconds is None else f"{plain(milliseconds / 1000, 1)} s"
