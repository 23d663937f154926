"""Simulated crowds with known truth, for coverage: raters and items are drawn anew each time.

The truth is the population's: the mean over raters and items yet to come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit

from humaneval.stats import bradley_terry, mean_difference, mean_opinion_score, rate, rate_difference

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class Crowd:
    """How many raters and items, how many items each rater answers, and how much both vary (logits)."""

    raters: int = 30
    items: int = 40
    each: int = 40
    rater_deviation: float = 0.8
    item_deviation: float = 0.8

    def pairs(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return rater and item columns, each rater answering ``each`` different items."""
        order = np.argsort(rng.random((self.raters, self.items)), axis=1)[:, : self.each]
        return np.repeat(np.arange(self.raters), self.each), order.ravel()

    def effects(self, rng: np.random.Generator, rater: np.ndarray, item: np.ndarray) -> np.ndarray:
        """Return the sum of fresh rater and item effects for each vote."""
        return (
            self.rater_deviation * rng.normal(size=self.raters)[rater]
            + self.item_deviation * rng.normal(size=self.items)[item]
        )

    @property
    def deviation(self) -> float:
        """Standard deviation of the sum of both effects."""
        return float(np.hypot(self.rater_deviation, self.item_deviation))

    def population_rate(self, mean: float) -> float:
        """Return the share of yes in the population of raters and items."""
        return float(_WEIGHTS @ expit(mean + self.deviation * _NODES))


def covered(interval: tuple[float, float], truth: float) -> bool:
    """Return whether the interval holds the truth."""
    return bool(interval[0] <= truth <= interval[1])


def one_rate(crowd: Crowd, rng: np.random.Generator, *, mean: float = 0.4, **options: object) -> bool:
    rater, item = crowd.pairs(rng)
    answer = rng.random(len(rater)) < expit(mean + crowd.effects(rng, rater, item))
    found = rate(answer, rater=rater, item=item, **options)
    return covered(found.confidence_interval(), crowd.population_rate(mean))


def one_rate_difference(crowd: Crowd, rng: np.random.Generator) -> bool:
    """Two conditions judged by the same raters on their own items."""
    parts = []
    shift = 0.5 * rng.normal(size=(crowd.raters, 2))
    rater_effect = crowd.rater_deviation * rng.normal(size=crowd.raters)
    for condition, mean in enumerate((0.4, -0.3)):
        rater, item = crowd.pairs(rng)
        item_effect = crowd.item_deviation * rng.normal(size=crowd.items)
        logit = mean + rater_effect[rater] + shift[rater, condition] + item_effect[item]
        parts.append((rater, item + crowd.items * condition, np.full(len(rater), condition), expit(logit)))
    rater, item, condition, chance = (np.concatenate(column) for column in zip(*parts, strict=True))
    answer = rng.random(len(rater)) < chance
    found = rate_difference(answer, condition=condition, rater=rater, item=item, conditions=(0, 1))
    wider = Crowd(
        rater_deviation=float(np.hypot(crowd.rater_deviation, 0.5)), item_deviation=crowd.item_deviation
    )
    truth = wider.population_rate(0.4) - wider.population_rate(-0.3)
    return covered(found.confidence_interval(), truth)


def one_mean(crowd: Crowd, rng: np.random.Generator) -> bool:
    rater, item = crowd.pairs(rng)
    latent = 3.2 + crowd.effects(rng, rater, item) * 0.7 + 0.9 * rng.normal(size=len(rater))
    answer = np.clip(np.round(latent), 1, 5)
    cuts = stats.norm.sf(np.arange(1.5, 5), 3.2, np.hypot(0.7 * crowd.deviation, 0.9))
    found = mean_opinion_score(answer, rater=rater, item=item, points=(1, 5))
    return covered(found.confidence_interval(), 1 + float(cuts.sum()))


def one_mean_difference(crowd: Crowd, rng: np.random.Generator) -> bool:
    """Two conditions on the same prompts by the same raters: fully paired, the truth is 0.5."""
    rater, item = crowd.pairs(rng)
    common = crowd.effects(rng, rater, item)
    parts = []
    for condition, mean in enumerate((0.5, 0.0)):
        own = mean + common + 0.5 * crowd.effects(rng, rater, item) + rng.normal(size=len(rater))
        parts.append((own, np.full(len(rater), condition)))
    answer, condition = (np.concatenate(column) for column in zip(*parts, strict=True))
    found = mean_difference(
        answer, condition=condition, rater=np.tile(rater, 2), item=np.tile(item, 2), conditions=(0, 1)
    )
    return covered(found.confidence_interval(), 0.5)


STRENGTHS = np.array([0.9, 0.4, 0.0, -0.4, -0.9])


def _pseudo_true(deviation: float) -> np.ndarray:
    """Return the strengths that fit the population's win shares, each rater having tastes of their own."""
    gap = STRENGTHS[:, None] - STRENGTHS[None, :]
    chance = (expit(gap[..., None] + np.sqrt(2) * deviation * _NODES) * _WEIGHTS).sum(axis=-1)
    np.fill_diagonal(chance, 0)
    return bradley_terry(chance * 1e4).estimate


def bradley_terry_votes(
    raters: int, each: int, rng: np.random.Generator, *, deviation: float = 0.6
) -> dict[str, np.ndarray]:
    """Return votes of raters each with tastes of their own (deviation in logits a condition)."""
    k = len(STRENGTHS)
    taste = STRENGTHS + deviation * rng.normal(size=(raters, k))
    rater = np.repeat(np.arange(raters), each)
    first = rng.integers(0, k, len(rater))
    second = (first + rng.integers(1, k, len(rater))) % k
    wins = rng.random(len(rater)) < expit(taste[rater, first] - taste[rater, second])
    return {
        "winner": np.where(wins, first, second),
        "loser": np.where(wins, second, first),
        "rater": rater,
    }


def one_bradley_terry(
    raters: int, rng: np.random.Generator, *, each: int = 40, deviation: float = 0.6, **options: object
) -> np.ndarray:
    """Return for each condition whether its interval holds the truth."""
    found = bradley_terry(**bradley_terry_votes(raters, each, rng, deviation=deviation), **options)
    low, high = found.confidence_interval()
    truth = _truth(deviation)
    return (low <= truth) & (truth <= high)


_TRUTHS: dict[float, np.ndarray] = {}


def _truth(deviation: float) -> np.ndarray:
    if deviation not in _TRUTHS:
        _TRUTHS[deviation] = _pseudo_true(deviation)
    return _TRUTHS[deviation]


def coverage(one: Callable[[np.random.Generator], object], replicates: int, seed: int = 1) -> float:
    """Return the share of replicates (and parameters) whose interval held the truth."""
    rng = np.random.default_rng(seed)
    return float(np.mean([np.mean(one(rng)) for _ in range(replicates)]))
