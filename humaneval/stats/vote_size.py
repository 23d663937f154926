"""What a study of rates, scores or preferences can tell.

Kish's (1965) design effect says it for rates, whose power is the exact binomial test's on votes / design
effect; mean scores take Student's t with as many degrees of freedom as the scarcer cluster allows; strengths
of pairwise preferences take the information of Bradley and Terry's model, at strengths drawn together by what
differs (Zeger, Liang and Albert 1988).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit

from humaneval.stats.errors import InputError
from humaneval.stats.intervals import Score
from humaneval.stats.planning import Kind, binomial_power, design_effect
from humaneval.stats.study_size import LEVEL, Aim, Size, drawn_together, power_of_t, some_effect


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is expected of the votes.

    ``effect``: a rate between 0 and 1; points between two mean scores; logits between two strengths.
    ``rater`` and ``item``: for a rate the correlations of two votes by one rater and on one image; for scores
    and strengths the standard deviations, in points or logits, by which raters and images differ (for power:
    in the difference between two conditions). ``deviation``: of single scores besides that, in points.
    """

    kind: Kind
    effect: float
    rater: float
    item: float
    null: float = 0.5
    deviation: float = 1.0
    conditions: int = 2

    def check(self, aim: Aim) -> None:
        """See :meth:`Estimand.check`."""
        if self.kind == "rate" and not 0 < self.effect < 1:
            raise InputError("An expected rate lies between 0 and 1.")
        some_effect(aim, self.effect, self.null if self.kind == "rate" else 0.0)

    def width(self, size: Size) -> float:
        """Return the expected width: of a rate; of a mean score; of a difference of strengths (logits)."""
        if self.kind == "rate":
            low, high = Score(_effective(self, size), _rate_freedom(self, size))(self.effect, 0.0, LEVEL)
            return float(high - low)
        error = _mean_error(self, size) if self.kind == "likert" else _strength(self, size)[1]
        return float(2 * stats.t.ppf(0.5 + LEVEL / 2, _freedom(self, size)) * error)

    def power(self, size: Size) -> float:
        """Return the power to tell a rate from ``null``, or two conditions' scores or strengths apart."""
        if self.kind == "rate":
            effective = max(1, math.floor(_effective(self, size)))
            return binomial_power(effective, rate=self.effect, null=self.null, significance=1 - LEVEL)
        if self.kind == "likert":
            shift, error = self.effect, _difference_error(self, size)
        else:
            shift, error = _strength(self, size)
        return power_of_t(shift / error, _freedom(self, size))


def _effective(expected: Expected, size: Size) -> float:
    effect = design_effect(
        votes_each=size.votes_each,
        rater_correlation=expected.rater,
        votes_an_item=size.votes / size.items,
        item_correlation=expected.item,
    )
    return size.votes / effect


def _rate_freedom(expected: Expected, size: Size) -> float:
    """Return the degrees of freedom of a rate's variance by rater and item, as estimated with both."""
    raters, items = size.raters - 1.0, size.items - 1.0
    again = max(size.votes / size.items - 1, 0) * expected.item
    by_rater, by_item = 1 + (size.votes_each - 1) * expected.rater, 1 + again
    if not again or not items:
        return raters
    parts = by_rater**2 / raters + by_item**2 / items
    return max((by_rater + by_item - 1) ** 2 / parts, min(raters, items))


def _mean_error(expected: Expected, size: Size) -> float:
    parts = expected.rater**2 / size.raters + expected.item**2 / size.items
    return math.sqrt(parts + expected.deviation**2 / size.votes)


def _difference_error(expected: Expected, size: Size) -> float:
    parts = expected.rater**2 / size.raters + expected.item**2 / size.items
    return math.sqrt(parts + 2 * expected.deviation**2 / size.votes)


def _strength(expected: Expected, size: Size) -> tuple[float, float]:
    """Return the difference of strengths that a fit finds on average, and its standard error (logits)."""
    drawn = drawn_together(expected.rater**2 + expected.item**2)
    k = expected.conditions
    truth = np.linspace(expected.effect / 2, -expected.effect / 2, k) * drawn
    chance = expit(truth[:, None] - truth[None, :])
    weight = chance * (1 - chance) * size.votes / (k * (k - 1) / 2)
    np.fill_diagonal(weight, 0.0)
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    noise = inverse[0, 0] + inverse[-1, -1] - 2 * inverse[0, -1]
    raters = expected.rater**2 * (1 / size.raters - 1 / size.votes)
    items = expected.item**2 * max(1 / size.items - 1 / size.votes, 0.0)
    return expected.effect * drawn, math.sqrt(noise + drawn**2 * (raters + items))


def _freedom(expected: Expected, size: Size) -> float:
    scarcer = min(size.raters, size.items) if expected.item > 0 else size.raters
    return float(max(scarcer - 1, 1))
