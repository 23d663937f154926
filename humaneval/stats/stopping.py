"""When may a running study stop, and if not yet, how much more does it take?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.errors import InputError
from humaneval.stats.ranking import ranking
from humaneval.stats.sequential import (
    ConfidenceSequence,
    anytime_multiplier,
    sequential_difference,
)

Decision = Literal["continue", "winner", "precise", "futile"]
MOST_RATERS = 100_000
MOST_VOTES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class StopDecision:
    """Whether to stop, why (a sentence), and about how much more the goal needs.

    ``more_raters`` and ``more_votes`` are None where nothing more is needed or no number would do:
    ``more_votes`` counts votes by the raters already there, who cannot narrow what raters differ by.
    """

    decision: Decision
    reason: str
    more_raters: int | None = None
    more_votes: int | None = None

    @property
    def stop(self) -> bool:
        """Whether the study may stop."""
        return self.decision != "continue"


def stop_for_width(sequence: ConfidenceSequence, *, width: float, level: float = 0.95) -> StopDecision:
    """Stop when the interval is at most ``width`` wide (high - low)."""
    if width <= 0:
        raise InputError("width must be positive.")
    low, high = sequence.confidence_interval(level)
    if high - low <= width:
        return StopDecision(
            decision="precise", reason=f"The interval is {high - low:.3g} wide, at most {width:g}."
        )
    return _continue(
        sequence, width / 2, level, f"The interval is {high - low:.3g} wide; the goal is {width:g}."
    )


def stop_for_winner(
    sequence: ConfidenceSequence, *, null: float = 0.5, smallest: float = 0.0, level: float = 0.95
) -> StopDecision:
    """Stop when the interval excludes ``null``, or for futility.

    It is futile when the whole interval lies within ``smallest`` of ``null``: no effect worth having.
    """
    low, high = sequence.confidence_interval(level)
    if low > null or high < null:
        side = "above" if low > null else "below"
        return StopDecision(decision="winner", reason=f"The interval lies {side} {null:g}.")
    if smallest > 0 and low > null - smallest and high < null + smallest:
        return StopDecision(decision="futile", reason=f"Any effect is smaller than {smallest:g}.")
    goal = abs(sequence.estimate - null)
    reason = f"The interval still holds {null:g}."
    if goal < max(smallest, 1e-12):
        goal = max(smallest - goal, 0.0)
    return _continue(sequence, goal, level, reason)


def stop_for_best(strengths: Strengths, *, level: float = 0.95) -> StopDecision:
    """Stop when one condition beats every other at all times together (Bonferroni over the others)."""
    order = np.argsort(-strengths.estimate)
    leader, others = strengths.labels[order[0]], strengths.labels[order[1:]]
    each = 1 - (1 - level) / len(others)
    for other in others:
        low, _ = sequential_difference(strengths, leader, other).confidence_interval(each)
        if low <= 0:
            chance = ranking(strengths, level=level).best[order[0]]
            return StopDecision(
                decision="continue",
                reason=f"{leader} leads ({chance:.0%} chance of being best), but {other} may be as good.",
            )
    return StopDecision(decision="winner", reason=f"{leader} is better than every other condition.")


def _continue(sequence: ConfidenceSequence, half: float, level: float, reason: str) -> StopDecision:
    raters = sequence.clusters.get("rater", 1)
    votes_each = sequence.n / raters
    more_raters = _more_raters(sequence, half, level, raters, votes_each)
    more_votes = _more_votes(sequence, half, level, raters)
    return StopDecision(decision="continue", reason=reason, more_raters=more_raters, more_votes=more_votes)


def _more_raters(
    sequence: ConfidenceSequence, half: float, level: float, raters: int, votes_each: float
) -> int | None:
    """Return how many raters, each voting as often as those before, bring the half-width to ``half``."""
    each = sequence.between + sequence.within / votes_each
    low, high = raters, raters
    while _half_width(sequence, high, each / high, level) > half:
        high *= 2
        if high > MOST_RATERS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = _half_width(sequence, middle, each / middle, level) <= half
        low, high = (low, middle) if enough else (middle, high)
    return max(1, high - raters)


def _more_votes(sequence: ConfidenceSequence, half: float, level: float, raters: int) -> int | None:
    """Return how many votes by these raters do, or None where only more raters could."""
    votes = sequence.n
    while _half_width(sequence, raters, sequence.between / raters + sequence.within / votes, level) > half:
        votes = math.ceil(votes * 1.02) + 1
        if votes > MOST_VOTES:
            return None
    return max(1, votes - sequence.n)


def _half_width(sequence: ConfidenceSequence, raters: int, variance: float, level: float) -> float:
    """Return the half-width that this many raters would give at this variance of the mean."""
    if variance <= 0:
        return 0.0
    information = (sequence.between + sequence.within) / variance
    reach = anytime_multiplier(raters, level, information=information, tuned_for=sequence.tuned_for)
    return reach * math.sqrt(variance)
