"""What can go wrong, each with a sentence that tells a person what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MetricsError(Exception):
    """Base of every error that this package raises on purpose."""


class InvalidInput(MetricsError, ValueError):
    """An argument has the wrong shape, range or type."""


class NonFiniteFeatures(MetricsError, ValueError):
    """Features contain NaN or infinity; the text names the first samples concerned."""


class MissingWeights(MetricsError, FileNotFoundError):
    """An extractor's weights are not on this machine; the text says where to get and put them."""


class MissingPackage(MetricsError, ImportError):
    """An optional package is not installed; the text says how to install it."""


class UnknownExtractor(MetricsError, ValueError):
    """No extractor goes by this name."""


class UnknownMetric(MetricsError, ValueError):
    """No metric goes by this name."""


@dataclass(frozen=True)
class Problem:
    """One image that could not be used, and why."""

    name: str
    reason: str


class UnreadableImages(MetricsError, ValueError):
    """Some images could not be read. A silent skip would change the score, so nothing was computed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        first = "; ".join(f"{problem.name}: {problem.reason}" for problem in self.problems[:5])
        more = f"; and {len(self.problems) - 5} more" if len(self.problems) > 5 else ""
        super().__init__(f"{len(self.problems)} unreadable image(s): {first}{more}")
