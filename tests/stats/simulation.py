"""Simulated crowds with known truth, for coverage: raters and items are drawn anew each time.

The truth is the population's: the mean over raters and items yet to come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats
from scipy.special import expit

from humaneval.stats import (
    bradley_terry,
    condition_means,
    mean_difference,
    mean_opinion_score,
    plackett_luce,
    ranking,
    rate,
    rate_difference,
)
from humaneval.stats.items import Items, named_items

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


def _pseudo_true(deviation: float, strengths: np.ndarray) -> np.ndarray:
    """Return the strengths that fit the population's win shares, each rater having tastes of their own."""
    gap = strengths[:, None] - strengths[None, :]
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


@dataclass(frozen=True)
class Shown:
    """What raters with tastes of their own see: an image of each condition on each prompt, or any two images.

    Deviations are in logits; ``each`` is how many votes a rater gives.
    """

    prompts: int = 20
    conditions: int = 5
    raters: int = 30
    each: int = 60
    image_deviation: float = 0.5
    rater_deviation: float = 0.5
    matched: bool = True

    @property
    def strengths(self) -> np.ndarray:
        """The conditions' strengths."""
        return np.linspace(0.9, -0.9, self.conditions)

    @property
    def deviation(self) -> float:
        """Standard deviation of what images and tastes add to a strength."""
        return float(np.hypot(self.image_deviation, self.rater_deviation))

    def effects(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return what fresh images (conditions x prompts) and raters (x conditions) add."""
        images = self.image_deviation * rng.normal(size=(self.conditions, self.prompts))
        return images, self.rater_deviation * rng.normal(size=(self.raters, self.conditions))

    def items(self, condition: np.ndarray, prompt: np.ndarray) -> Items:
        """Return what votes (rows) share: the prompt, or the images of each condition (columns)."""
        if self.matched:
            return named_items(prompt[:, 0], "prompt")
        return named_items(condition * self.prompts + prompt, "image")


def one_of_pairs(shown: Shown, rng: np.random.Generator, *, alone: bool = False) -> np.ndarray:
    """Return which strengths lie in their intervals; ``alone`` clusters by raters only."""
    images, tastes = shown.effects(rng)
    rater = np.repeat(np.arange(shown.raters), shown.each)
    first = rng.integers(0, shown.conditions, len(rater))
    both = np.column_stack(
        [first, (first + rng.integers(1, shown.conditions, len(rater))) % shown.conditions]
    )
    prompt = rng.integers(0, shown.prompts, both.shape)
    prompt = prompt[:, [0, 0]] if shown.matched else prompt
    level = shown.strengths[both] + images[both, prompt] + tastes[rater[:, None], both]
    wins = rng.random(len(rater)) < expit(level[:, 0] - level[:, 1])
    winner, loser = np.where(wins, both.T, both[:, ::-1].T)
    found = bradley_terry(
        winner=winner, loser=loser, rater=rater, item=None if alone else shown.items(both, prompt)
    )
    low, high = found.confidence_interval()
    truth = _truth(shown.deviation, shown.strengths)
    return (low <= truth) & (truth <= high)


def one_of_rankings(shown: Shown, rng: np.random.Generator, *, alone: bool = False) -> np.ndarray:
    """Return the same of orders of all conditions."""
    images, tastes = shown.effects(rng)
    rater = np.repeat(np.arange(shown.raters), shown.each)
    columns = np.tile(np.arange(shown.conditions), (len(rater), 1))
    prompt = rng.integers(0, shown.prompts, columns.shape)
    prompt = np.repeat(prompt[:, :1], shown.conditions, axis=1) if shown.matched else prompt
    level = shown.strengths + tastes[rater] + images[columns, prompt] + rng.gumbel(size=columns.shape)
    found = plackett_luce(
        np.argsort(-level, axis=1), rater=rater, item=None if alone else shown.items(columns, prompt)
    )
    low, high = found.confidence_interval()
    truth = _truth_of_orders(shown.conditions, shown.deviation)
    return (low <= truth) & (truth <= high)


@cache
def _truth_of_orders(conditions: int, deviation: float) -> np.ndarray:
    """Return the strengths that fit a very large crowd's orders."""
    shown, rng = Shown(conditions=conditions), np.random.default_rng(0)
    size = (200_000, conditions)
    level = shown.strengths + deviation * rng.normal(size=size) + rng.gumbel(size=size)
    return plackett_luce(np.argsort(-level, axis=1)).estimate


@dataclass(frozen=True)
class Equals:
    """Conditions of one mean on a scale of 1 to 5, each with images of its own, all judged by every rater.

    Deviations are in points: of a rater's taste for each condition, and of images.
    """

    raters: int = 10
    conditions: int = 3
    images: int = 6
    rater_deviation: float = 0.0
    image_deviation: float = 0.0

    def votes(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the votes of a study as columns."""
        rater, item = np.divmod(
            np.arange(self.raters * self.conditions * self.images), self.conditions * self.images
        )
        condition = item // self.images
        taste = self.rater_deviation * rng.normal(size=(self.raters, self.conditions))
        image = self.image_deviation * rng.normal(size=self.conditions * self.images)
        level = 3 + taste[rater, condition] + image[item] + rng.normal(size=len(rater))
        answer = np.clip(np.round(level), 1, 5)
        return {"answer": answer, "condition": condition, "rater": rater, "item": item}


def one_of_equals(equals: Equals, rng: np.random.Generator) -> bool:
    """Return whether every one of equal conditions may still be the first and the last."""
    found = ranking(condition_means(**equals.votes(rng)))
    return bool(found.low.max() == 1 and found.high.min() == equals.conditions)


_TRUTHS: dict[tuple[float, bytes], np.ndarray] = {}


def _truth(deviation: float, strengths: np.ndarray = STRENGTHS) -> np.ndarray:
    key = (deviation, strengths.tobytes())
    if key not in _TRUTHS:
        _TRUTHS[key] = _pseudo_true(deviation, strengths)
    return _TRUTHS[key]


def coverage(one: Callable[[np.random.Generator], object], replicates: int, seed: int = 1) -> float:
    """Return the share of replicates (and parameters) whose interval held the truth."""
    rng = np.random.default_rng(seed)
    return float(np.mean([np.mean(one(rng)) for _ in range(replicates)]))
