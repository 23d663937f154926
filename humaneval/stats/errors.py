"""What estimators raise when no honest number exists. The messages are fit for a page."""

from __future__ import annotations

from collections.abc import Sequence


class StatsError(ValueError):
    """Base of the errors raised by :mod:`humaneval.stats`."""


class InputError(StatsError):
    """Arguments that contradict each other or that the method cannot take."""


class NotEstimableError(StatsError):
    """Valid votes from which this quantity cannot be estimated (too few, or without any variation)."""


class DisconnectedError(NotEstimableError):
    """Conditions that no chain of comparisons links; ``groups`` lists the linked ones."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self.groups = tuple(tuple(group) for group in groups)
        listed = "; ".join("{" + ", ".join(group) + "}" for group in self.groups)
        super().__init__(
            f"The comparisons fall into {len(self.groups)} groups that were never compared with each other: "
            f"{listed}. Rank each group by itself, or collect votes between them."
        )
