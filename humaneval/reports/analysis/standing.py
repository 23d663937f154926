"""How sure an order is: rank intervals, the chance of being best, and draws of all estimates together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from humaneval.reports.analysis.outcomes import Outcomes
from humaneval.reports.results import Estimate, RankEntry, Ranking, finite
from humaneval.stats import condition_means, ranking
from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.ranking import joint_draws

Floats = NDArray[np.float64]
DRAWS = 4000
SEED = 0


@dataclass(frozen=True, eq=False)
class Standing:
    """Conditions (ids) with the joint distribution of their estimates, as ``draws`` (draws, conditions)."""

    conditions: list[int]
    strengths: Strengths
    draws: Floats

    def columns(self, conditions: Sequence[int]) -> Floats:
        """Return the draws of some conditions, a column each."""
        return self.draws[:, [self.conditions.index(one) for one in conditions]]

    def chance_higher(self, one: int, other: int) -> float:
        """Return how often the first condition's estimate is drawn above the second's."""
        first, second = self.columns([one, other]).T
        return float((first > second).mean() + (first == second).mean() / 2)

    def turned(self) -> Standing:
        """Return it turned round, less for more: for an order in which the lowest is first."""
        strengths = dataclasses.replace(self.strengths, estimate=-self.strengths.estimate)
        return Standing(self.conditions, strengths, -self.draws)

    def told_apart(self, one: int, other: int) -> bool:
        """Return whether the two differ at 95% (two-sided, this pair alone)."""
        chance = self.chance_higher(one, other)
        return min(chance, 1 - chance) < 0.025


def standing_of_means(outcomes: Outcomes, estimates: Sequence[Estimate]) -> Standing | None:
    """Return the standing of means; errors are those of the published estimates, joined as votes are."""
    known = {one.condition: one for one in estimates if one.headline and one.estimate is not None}
    kept = outcomes.where(np.isin(outcomes.condition, list(known)))
    if len(known) < 1 or not len(kept.value):
        return None
    joint = condition_means(kept.value, condition=kept.condition, rater=kept.rater, item=kept.item)
    ids = [int(one) for one in joint.labels]
    errors = np.array([known[one].interval.standard_error or 0.0 for one in ids])
    values = np.array([known[one].estimate or 0.0 for one in ids])
    return standing_of(dataclasses.replace(_with_errors(joint, errors), estimate=values), ids)


def _with_errors(joint: Strengths, errors: Floats) -> Strengths:
    """Return the strengths with each variance raised to the published one.

    What is added is each condition's own, so that no difference becomes surer.
    """
    own = np.diag(joint.covariance)
    covariance = joint.covariance + np.diag(np.maximum(errors**2 - own, 0.0))
    wanted = np.sqrt(np.diag(covariance))
    return dataclasses.replace(joint, covariance=covariance, standard_error=wanted)


def standing_of(strengths: Strengths, conditions: Sequence[int]) -> Standing:
    """Return the standing of fitted strengths; ``conditions`` are the ids in the order of their labels."""
    draws = joint_draws(strengths, seed=SEED, draws=DRAWS).astype(np.float64)
    return Standing(list(conditions), strengths, draws)


def with_certainty(order: Ranking, standing: Standing | None) -> Ranking:
    """Return a ranking with rank intervals (simultaneous, 95%), chances of being best, and tiers.

    Real conditions have ranks, but do not compete for being best.
    """
    if standing is None or len(standing.conditions) < 2:
        return order
    found = ranking(standing.strengths, seed=SEED)
    first = _chances_of_first(standing, order)
    place = {condition: index for index, condition in enumerate(standing.conditions)}

    def entry(one: RankEntry) -> RankEntry:
        if one.condition not in place:
            return one
        at = place[one.condition]
        return dataclasses.replace(
            one,
            rank_low=int(found.low[at]),
            rank_high=int(found.high[at]),
            best=first.get(one.condition),
            tier=int(found.tier[at]),
        )

    return dataclasses.replace(
        order, entries=[entry(one) for one in order.entries], certainty_method=found.method
    )


def _chances_of_first(standing: Standing, order: Ranking) -> dict[int, float | None]:
    """Return how often each generated condition is drawn above all other generated ones."""
    generated = [
        one.condition
        for one in order.entries
        if one.kind == "generated" and one.condition in standing.conditions
    ]
    if len(generated) < 2:
        return {}
    draws = standing.columns(generated)
    highest = draws == draws.max(axis=1, keepdims=True)
    shares = (highest / highest.sum(axis=1, keepdims=True)).mean(axis=0)
    return {one: finite(float(share)) for one, share in zip(generated, shares, strict=True)}
