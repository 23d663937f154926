"""How many raters, votes and items does a study need?

Votes of one rater repeat each other, so that n votes are worth n / design effect independent ones. Power for
rates is the exact binomial test's at that number; for Likert scales and pairwise preferences it is counted
in simulated studies analysed as real ones are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats
from scipy.special import expit

from humaneval.stats.bradley_terry import bradley_terry
from humaneval.stats.differences import mean_difference
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Score, Symmetric
from humaneval.stats.results import Result

Kind = Literal["rate", "likert", "pairwise"]
MOST_RATERS = 20_000


@dataclass(frozen=True, kw_only=True)
class Power(Result[float]):
    """The chance of finding the effect at ``significance``; ``effective_votes`` what the votes are worth."""

    effective_votes: float
    significance: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The smallest study that reaches its goal, and what it then has; computed, so without an interval."""

    raters: int
    votes_each: int
    votes: int
    achieved: float
    goal: str
    method: str
    design_effect: float

    @property
    def estimate(self) -> int:
        """The raters that are needed."""
        return self.raters

    @property
    def n(self) -> int:
        """The votes that these give."""
        return self.votes


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """How to spend a budget: raters, votes for each, items, and the standard error to expect."""

    raters: int
    votes_each: int
    items: int
    standard_error: float
    cost: float


def design_effect(
    *, votes_each: float, rater_correlation: float, votes_an_item: float = 1.0, item_correlation: float = 0.0
) -> float:
    """Return the variance over that of independent votes (Kish 1965, for two crossed clusters).

    1 + (votes of a rater - 1)·ρ_rater + (votes on an item - 1)·ρ_item, the correlations of two votes by
    one rater (on different items) and on one item (by different raters).
    """
    for name, value in (("rater_correlation", rater_correlation), ("item_correlation", item_correlation)):
        if not 0 <= value < 1:
            raise InputError(f"{name} lies between 0 and 1, not {value:g}.")
    return 1 + (votes_each - 1) * rater_correlation + max(votes_an_item - 1, 0) * item_correlation


def binomial_power(n: int, *, rate: float, null: float = 0.5, significance: float = 0.05) -> float:
    """Return the power of the exact two-sided binomial test (p-values as R's and scipy's binom.test)."""
    if n < 1:
        raise InputError("Power needs at least one vote.")
    k = np.arange(n + 1)
    mass = stats.binom.pmf(k, n, null)
    order = np.argsort(mass)
    cumulative = np.cumsum(mass[order])
    last = np.searchsorted(mass[order], mass * (1 + 1e-7), side="right") - 1
    rejected = cumulative[last] <= significance * (1 + 1e-12)
    return float(stats.binom.pmf(k, n, rate)[rejected].sum())


def power(
    *,
    kind: Kind = "rate",
    raters: int,
    votes_each: int,
    rate: float | None = None,
    null: float = 0.5,
    difference: float | None = None,
    deviation: float = 1.0,
    items: int | None = None,
    rater_correlation: float = 0.1,
    item_correlation: float = 0.0,
    rater_deviation: float = 0.5,
    item_deviation: float = 0.5,
    conditions: int = 2,
    significance: float = 0.05,
    replicates: int = 1000,
    seed: int = 0,
) -> Power:
    """Return the chance that a study of this size finds the effect.

    rate: that a true ``rate`` differs from ``null``, by the exact binomial test on votes / design effect.
    likert: that two conditions' mean scores, ``difference`` apart with ``deviation`` of single answers
    around rater and item effects, differ (each rater scores both conditions of each item). pairwise: that
    the first of ``conditions`` beats the second where they are ``difference`` logits apart, the others
    in between. ``rater_deviation`` is how much raters differ in the effect itself, ``item_deviation``
    likewise items (same unit as ``difference``).
    """
    if raters < 1 or votes_each < 1:
        raise InputError("A study has at least one rater with one vote.")
    if kind == "rate":
        if rate is None:
            raise InputError("Power for a rate needs rate=.")
        return _rate_power(
            raters, votes_each, rate, null, items, rater_correlation, item_correlation, significance
        )
    if difference is None:
        raise InputError(f"Power for {kind} needs difference=.")
    study = _Study(
        raters,
        votes_each,
        items or votes_each,
        difference,
        deviation,
        rater_deviation,
        item_deviation,
        conditions,
    )
    simulate = {"likert": _likert_found, "pairwise": _pairwise_found}[kind]
    return _simulated(study, simulate, kind, significance, replicates, seed)


def _rate_power(
    raters: int,
    votes_each: int,
    rate: float,
    null: float,
    items: int | None,
    rater_correlation: float,
    item_correlation: float,
    significance: float,
) -> Power:
    votes = raters * votes_each
    effect = design_effect(
        votes_each=votes_each,
        rater_correlation=rater_correlation,
        votes_an_item=votes / items if items else 1.0,
        item_correlation=item_correlation,
    )
    effective = max(1, math.floor(votes / effect))
    value = binomial_power(effective, rate=rate, null=null, significance=significance)
    return Power(
        estimate=value,
        standard_error=0.0,
        n=votes,
        method=f"exact binomial test on {effective} effective votes",
        rule=Symmetric(),
        clusters={"rater": raters},
        convention="exact",
        design_effect=effect,
        effective_votes=float(effective),
        significance=significance,
    )


@dataclass(frozen=True)
class _Study:
    raters: int
    votes_each: int
    items: int
    difference: float
    deviation: float
    rater_deviation: float
    item_deviation: float
    conditions: int


def _likert_found(study: _Study, rng: np.random.Generator, significance: float) -> bool:
    rater = np.repeat(np.arange(study.raters), study.votes_each)
    item = np.concatenate([rng.permutation(study.items)[: study.votes_each] for _ in range(study.raters)])
    rater, item = rater[: len(item)], item
    effect = study.difference + study.rater_deviation * rng.normal(size=study.raters)[rater]
    effect = effect + study.item_deviation * rng.normal(size=study.items)[item]
    noise = study.deviation * rng.normal(size=(2, len(rater)))
    answer = np.concatenate([effect + noise[0], noise[1]])
    condition = np.repeat([0, 1], len(rater))
    try:
        found = mean_difference(answer, condition=condition, rater=np.tile(rater, 2), item=np.tile(item, 2))
    except NotEstimableError:
        return False
    return found.pvalue < significance


def _pairwise_found(study: _Study, rng: np.random.Generator, significance: float) -> bool:
    k = study.conditions
    truth = np.linspace(study.difference / 2, -study.difference / 2, k)
    taste = truth + study.rater_deviation / math.sqrt(2) * rng.normal(size=(study.raters, k))
    rater = np.repeat(np.arange(study.raters), study.votes_each)
    first = rng.integers(0, k, len(rater))
    second = (first + rng.integers(1, k, len(rater))) % k
    item = rng.integers(0, study.items, len(rater))
    quality = study.item_deviation / math.sqrt(2) * rng.normal(size=(study.items, k))
    logit = taste[rater, first] - taste[rater, second] + quality[item, first] - quality[item, second]
    won = rng.random(len(rater)) < expit(logit)
    try:
        found = bradley_terry(
            winner=np.where(won, first, second), loser=np.where(won, second, first), rater=rater, item=item,
            cluster="two_way" if study.item_deviation > 0 and study.items > 1 else "rater",
        )  # fmt: skip
        return found.difference(0, k - 1).pvalue < significance
    except (NotEstimableError, InputError):
        return False


def _simulated(
    study: _Study,
    simulate: Callable[[_Study, np.random.Generator, float], bool],
    kind: str,
    significance: float,
    replicates: int,
    seed: int,
) -> Power:
    if study.raters < 2:
        raise NotEstimableError("A study that speaks of people needs at least two raters.")
    rng = np.random.default_rng(seed)
    found = sum(simulate(study, rng, significance) for _ in range(replicates))
    value = found / replicates
    return Power(
        estimate=value,
        standard_error=math.sqrt(value * (1 - value) / replicates),
        n=study.raters * study.votes_each,
        method=f"{kind}: {replicates} simulated studies (seed {seed}), analysed clustered",
        rule=Score(replicates),
        clusters={"rater": study.raters, "item": study.items},
        convention="Wilson over the simulated studies",
        effective_votes=float(study.raters * study.votes_each),
        significance=significance,
    )


def sample_size(
    *,
    votes_each: int,
    rate: float | None = None,
    null: float = 0.5,
    target_power: float | None = None,
    width: float | None = None,
    deviation: float | None = None,
    rater_correlation: float = 0.1,
    significance: float = 0.05,
) -> Plan:
    """Return how many raters of ``votes_each`` votes a study needs.

    With ``target_power``: to find that ``rate`` differs from ``null``; from the returned number on, power
    never falls under the target again (exact power is not monotone). With ``width``: for a (1 -
    significance) interval at most that wide (high - low), of a rate near ``rate`` (default 0.5, the widest),
    or, with ``deviation`` (of single answers), of a mean.
    """
    effect = design_effect(votes_each=votes_each, rater_correlation=rater_correlation)
    if (target_power is None) == (width is None):
        raise InputError("Give either target_power= or width=.")
    if target_power is not None:
        if rate is None or rate == null:
            raise InputError("A target power needs rate=, different from null=.")
        raters, achieved = _raters_for_power(votes_each, rate, null, target_power, effect, significance)
        goal = f"power {target_power:g} to tell {rate:g} from {null:g}"
        method = "exact binomial test on effective votes"
    else:
        raters, achieved = _raters_for_width(
            votes_each, rate, deviation, float(width or 0), effect, significance
        )
        goal = f"an interval at most {width:g} wide"
        interval = "Wilson's interval of a rate" if deviation is None else "Student's interval of a mean"
        method = f"{interval} on effective votes"
    return Plan(
        raters=raters,
        votes_each=votes_each,
        votes=raters * votes_each,
        achieved=achieved,
        goal=goal,
        method=f"{method}, design effect {effect:.3g}",
        design_effect=effect,
    )


def _raters_for_power(
    votes_each: int, rate: float, null: float, target: float, effect: float, significance: float
) -> tuple[int, float]:
    def reached(raters: int) -> float:
        effective = max(1, math.floor(raters * votes_each / effect))
        return binomial_power(effective, rate=rate, null=null, significance=significance)

    high = 2
    while reached(high) < target or reached(high + max(1, high // 20)) < target:
        high *= 2
        if high > MOST_RATERS:
            raise NotEstimableError(f"More than {MOST_RATERS} raters would be needed.")
    raters = high
    while raters > 2 and reached(raters - 1) >= target:
        raters -= 1
    return raters, reached(raters)


def _raters_for_width(
    votes_each: int,
    rate: float | None,
    deviation: float | None,
    width: float,
    effect: float,
    significance: float,
) -> tuple[int, float]:
    if width <= 0:
        raise InputError("width must be positive.")
    p = 0.5 if rate is None else rate

    def reached(raters: int) -> float:
        effective = raters * votes_each / effect
        if deviation is not None:
            quantile = float(stats.t.ppf(1 - significance / 2, raters - 1))
            return 2 * quantile * deviation / math.sqrt(effective)
        low, high = Score(effective, raters - 1.0)(p, 0.0, 1 - significance)
        return float(high - low)

    low, high = 1, 2
    while reached(high) > width:
        low, high = high, high * 2
        if high > MOST_RATERS * 16:
            raise NotEstimableError("So narrow an interval is out of reach.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) <= width else (middle, high)
    return high, reached(high)


def allocation(
    *,
    budget: float,
    rater_cost: float,
    vote_cost: float,
    item_cost: float = 0.0,
    rater_variance: float,
    item_variance: float,
    residual_variance: float,
    most_votes_each: int = 500,
) -> Allocation:
    """Return the raters, votes for each and items that make a mean most precise for the money.

    Minimises rater_variance/R + item_variance/I + residual_variance/(R·m) with R·(rater_cost + m·vote_cost) +
    I·item_cost within ``budget``, each rater answering m <= I different items.
    """
    if (
        min(rater_variance, item_variance, residual_variance) < 0
        or budget <= 0
        or rater_cost + vote_cost <= 0
    ):
        raise InputError("Variances may not be negative, and budget and costs must be positive.")
    best: Allocation | None = None
    for votes_each in range(1, most_votes_each + 1):
        each = rater_cost + votes_each * vote_cost
        for items in _item_choices(votes_each, budget, item_cost):
            raters = math.floor((budget - items * item_cost) / each)
            if raters < 1:
                continue
            items_used = items if item_cost > 0 else max(items, raters * votes_each)
            variance = rater_variance / raters + item_variance / items_used
            variance += residual_variance / (raters * votes_each)
            cost = raters * each + items * item_cost
            if best is None or math.sqrt(variance) < best.standard_error - 1e-15:
                best = Allocation(
                    raters=raters, votes_each=votes_each, items=items_used,
                    standard_error=math.sqrt(variance), cost=cost,
                )  # fmt: skip
    if best is None:
        raise NotEstimableError("The budget does not pay for one rater with one vote.")
    return best


def _item_choices(votes_each: int, budget: float, item_cost: float) -> list[int]:
    if item_cost <= 0:
        return [votes_each]
    most = int(budget / item_cost)
    grid = np.unique(np.geomspace(max(votes_each, 1), max(most, votes_each), 60).astype(int))
    return [int(value) for value in grid if value >= votes_each]
