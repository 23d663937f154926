"""A score: a number with its label, uncertainty, counts, settings and perhaps a value for each sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Score:
    """One number about a generated set.

    ``standard_error`` is None where none is known, and ``error_method`` says how it was got;
    ``details`` are JSON-able; ``per_sample`` holds arrays in the order of the generated samples.
    """

    metric: str
    label: str
    value: float
    higher_is_better: bool | None
    count_real: int
    count_generated: int
    standard_error: float | None = None
    error_method: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    per_sample: Mapping[str, np.ndarray] = field(default_factory=dict)
    set_name: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """A 95% interval from the standard error, None without one."""
        if self.standard_error is None or not math.isfinite(self.standard_error):
            return None
        return self.value - 1.96 * self.standard_error, self.value + 1.96 * self.standard_error

    def as_dict(self) -> dict[str, Any]:
        """Return everything but ``per_sample`` as JSON-able values (NaN and infinity become None)."""
        return {
            "metric": self.metric,
            "label": self.label,
            "set": self.set_name,
            "value": json_number(self.value),
            "standard_error": json_number(self.standard_error),
            "error_method": self.error_method,
            "interval": None if self.interval is None else list(self.interval),
            "higher_is_better": self.higher_is_better,
            "count_real": self.count_real,
            "count_generated": self.count_generated,
            "details": json_value(self.details),
            "warnings": list(self.warnings),
        }


def json_number(value: float | None) -> float | None:
    """Return a finite float, None for anything else."""
    return None if value is None or not math.isfinite(value) else float(value)


def json_value(value: Any) -> Any:
    """Return mappings, sequences, NumPy numbers and arrays as plain JSON-able values."""
    if isinstance(value, Mapping):
        return {str(key): json_value(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [json_value(entry) for entry in value]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return json_number(float(value))
    return value
