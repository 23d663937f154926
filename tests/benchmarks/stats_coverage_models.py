"""Simulated studies for the coverage of all the other intervals; see :mod:`tests.benchmarks.stats_coverage`.

The truth is the population's, in closed form where a probit makes one, else from one very large study.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy import special, stats

from humaneval.stats import (
    cohen_kappa,
    correlation,
    crowd_bradley_terry,
    cumulative_link,
    dawid_skene,
    dprime,
    human_metric_correlation,
    icc,
    kendall_w,
    plackett_luce,
    psychometric,
    reliability_weighted_means,
    staircase_threshold,
    thurstone,
)
from tests.stats.simulation import STRENGTHS, covered

One = Callable[[np.random.Generator], object]
CUTS = np.array([-1.2, -0.3, 0.5, 1.4])
TASTE = 0.5
"""How far raters' tastes lie from the population's, in standard deviations of one answer."""


def _held(found: Any, truth: Any) -> Any:
    low, high = found.confidence_interval()
    return (low <= np.asarray(truth)) & (np.asarray(truth) <= high)


def one_dprime(raters: int, rng: np.random.Generator, items: int = 40) -> object:
    """d' of raters who differ in bias (0.4) and sensitivity (0.4), on items that differ (0.4)."""
    rater, item = (column.ravel() for column in np.indices((raters, items)))
    signal = item % 2
    bias, skill = 0.4 * rng.normal(size=(2, raters))
    own = bias[rater] + (1.2 + skill[rater]) * (signal - 0.5) + 0.4 * rng.normal(size=items)[item]
    answer = (own + rng.normal(size=len(rater)) > 0).astype(int)
    truth = 1.2 / np.sqrt(1 + 0.4**2 + 0.2**2 + 0.4**2)
    return _held(dprime(answer, signal=signal, rater=rater, item=item), truth)


def one_cumulative_link(raters: int, rng: np.random.Generator, *, random: bool = False) -> object:
    """Two conditions on five points, 20 votes a rater; raters differ in level and, if fixed, in taste."""
    rater = np.repeat(np.arange(raters), 20)
    x = np.tile([-0.5, 0.5], len(rater) // 2)
    taste = 0.0 if random else TASTE
    own = 0.6 * rng.normal(size=raters)[rater] + (0.6 + taste * rng.normal(size=raters)[rater]) * x
    answer = 1 + np.searchsorted(CUTS, own + rng.normal(size=len(rater)))
    if random:
        return _held(cumulative_link(answer, x=x, rater=rater, random="rater", link="probit"), [0.6])
    truth = 0.6 / np.sqrt(1 + 0.6**2 + (taste / 2) ** 2)
    return _held(cumulative_link(answer, x=x, rater=rater, link="probit"), [truth])


def one_icc(raters: int, rng: np.random.Generator, form: str = "ICC2", each: int | None = None) -> object:
    """Scores of 40 items with variances 1 (items), 0.3 (raters) and 1; ``each`` raters an item."""
    table = rng.normal(size=(40, 1)) + np.sqrt(0.3) * rng.normal(size=(1, raters))
    table = table + rng.normal(size=(40, raters))
    if each is not None:
        table[np.argsort(rng.random(table.shape), axis=1) >= each] = np.nan
    truth = 1 / 2.3 if form == "ICC2" else 0.5
    return covered(icc(table, form=form, replicates=300).confidence_interval(), truth)  # type: ignore[arg-type]


def one_cohen(items: int, rng: np.random.Generator) -> object:
    """Two raters on so many items, three categories."""
    chance = np.array([[0.30, 0.06, 0.02], [0.05, 0.22, 0.05], [0.03, 0.07, 0.20]])
    expected = chance.sum(axis=0) @ chance.sum(axis=1)
    truth = (np.trace(chance) - expected) / (1 - expected)
    table = rng.multinomial(items, chance.ravel()).reshape(3, 3)
    return covered(cohen_kappa(table, replicates=500).confidence_interval(), float(truth))


def _rankings(raters: int, each: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rater = np.repeat(np.arange(raters), each)
    taste = STRENGTHS + TASTE * rng.normal(size=(raters, len(STRENGTHS)))
    return np.argsort(-(taste[rater] + rng.gumbel(size=(len(rater), len(STRENGTHS)))), axis=1), rater


@cache
def _ranking_truth() -> np.ndarray:
    orders, _ = _rankings(20_000, 1, np.random.default_rng(0))
    return plackett_luce(orders.tolist()).estimate


def one_plackett_luce(raters: int, rng: np.random.Generator) -> object:
    """Each rater orders five conditions eight times, by tastes of their own."""
    orders, rater = _rankings(raters, 8, rng)
    return _held(plackett_luce(orders.tolist(), rater=rater), _ranking_truth())


def one_thurstone(raters: int, rng: np.random.Generator) -> object:
    """Each rater makes 40 comparisons by tastes of their own; closed form on the probit scale."""
    rater = np.repeat(np.arange(raters), 40)
    taste = STRENGTHS + TASTE * rng.normal(size=(raters, len(STRENGTHS)))
    first = rng.integers(0, len(STRENGTHS), len(rater))
    second = (first + rng.integers(1, len(STRENGTHS), len(rater))) % len(STRENGTHS)
    wins = rng.random(len(rater)) < special.ndtr(taste[rater, first] - taste[rater, second])
    found = thurstone(winner=np.where(wins, first, second), loser=np.where(wins, second, first), rater=rater)
    return _held(found, STRENGTHS / np.sqrt(1 + 2 * TASTE**2))


def one_psychometric(raters: int, rng: np.random.Generator) -> object:
    """Thresholds of raters about 3 (deviation 0.5), 60 trials each on levels even about 3."""
    rater, level = np.repeat(np.arange(raters), 60), np.tile(np.linspace(0.5, 5.5, 60), raters)
    own = 3 + 0.5 * rng.normal(size=raters)[rater]
    correct = rng.random(len(rater)) < 0.5 + 0.5 * special.expit(2 * (level - own))
    return covered(psychometric(correct, level=level, rater=rater).confidence_interval(), 3.0)


def one_staircase(raters: int, rng: np.random.Generator, trials: int = 60) -> object:
    """Staircases of one step up or down about thresholds of 3 (deviation 0.3): half of the trials correct."""
    own, level = 3 + 0.3 * rng.normal(size=raters), np.full(raters, 5.0)
    shown = np.empty((trials, raters))
    for trial in range(trials):
        shown[trial] = level
        level = level + np.where(rng.random(raters) < special.expit(4 * (level - own)), -0.5, 0.5)
    rater = np.repeat(np.arange(raters), trials)
    return covered(staircase_threshold(shown.T.ravel(), rater=rater).confidence_interval(), 3.0)


def one_correlation(systems: int, rng: np.random.Generator, kind: str) -> object:
    """Two normal scores of so many systems, correlated 0.7."""
    x = rng.normal(size=systems)
    y = 0.7 * x + np.sqrt(1 - 0.7**2) * rng.normal(size=systems)
    truth = {
        "pearson": 0.7,
        "spearman": 6 / np.pi * np.arcsin(0.35),
        "kendall": 2 / np.pi * np.arcsin(0.7),
    }
    return covered(correlation(x, y, kind=kind).confidence_interval(), truth[kind])  # type: ignore[arg-type]


def one_dawid_skene(raters: int, rng: np.random.Generator) -> object:
    """The share of yes among items (0.4 of them), 200 items with five raters each."""
    item = np.repeat(np.arange(200), 5)
    rater = np.argsort(rng.random((200, raters)), axis=1)[:, :5].ravel()
    skill = rng.beta(12, 3, raters)
    truth = rng.random(200) < 0.4
    answer = np.where(rng.random(1000) < skill[rater], truth[item], ~truth[item]).astype(int)
    return _held(dawid_skene(rater=rater, item=item, answer=answer), [0.6, 0.4])[0]


@cache
def _crowd_truth() -> np.ndarray:
    """Return the strengths, which raters who guess now and then do not pull together."""
    return STRENGTHS - STRENGTHS.mean()


def one_crowd_bradley_terry(raters: int, rng: np.random.Generator) -> object:
    """Each rater makes 40 comparisons; three in four follow the strengths 9 times in 10, the others guess."""
    rater = np.repeat(np.arange(raters), 40)
    follows = np.where(rng.random(raters) < 0.75, 0.9, 0.5)[rater]
    first = rng.integers(0, len(STRENGTHS), len(rater))
    second = (first + rng.integers(1, len(STRENGTHS), len(rater))) % len(STRENGTHS)
    p = special.expit(STRENGTHS[first] - STRENGTHS[second])
    wins = rng.random(len(rater)) < follows * p + (1 - follows) * (1 - p)
    found = crowd_bradley_terry(
        winner=np.where(wins, first, second), loser=np.where(wins, second, first), rater=rater, replicates=100
    )
    return _held(found, _crowd_truth())


def one_weighted_mean(raters: int, rng: np.random.Generator) -> object:
    """Means of two conditions of 20 items each (0.6), by raters who differ in level (0.4) and in noise."""
    rater, item = (column.ravel() for column in np.indices((raters, 40)))
    condition, truth = item % 2, np.array([0.5, 0.0])
    quality = 0.6 * rng.normal(size=40)[item]
    level, noise = 0.4 * rng.normal(size=raters), np.exp(0.5 * rng.normal(size=raters))
    answer = truth[condition] + quality + level[rater] + noise[rater] * rng.normal(size=len(rater))
    found = reliability_weighted_means(answer=answer, condition=condition, rater=rater, item=item)
    return _held(found, truth)


def one_hierarchical(systems: int, rng: np.random.Generator, kind: str = "pearson") -> object:
    """Correlation 0.7 of so many systems' qualities and a metric, as 15 raters on 10 items see them."""
    quality = rng.normal(size=systems)
    metric = 0.7 * quality + np.sqrt(1 - 0.7**2) * rng.normal(size=systems)
    condition, rater, item = (column.ravel() for column in np.indices((systems, 15, 10)))
    own = (
        quality[condition]
        + 0.3 * rng.normal(size=15)[rater]
        + 0.3 * rng.normal(size=(systems, 10))[condition, item]
    )
    answer = own + 0.6 * rng.normal(size=len(own))
    found = human_metric_correlation(
        answer=answer, condition=condition, rater=rater, item=condition * 10 + item,
        metric={name: float(score) for name, score in enumerate(metric)}, kind=kind, replicates=200,
    )  # type: ignore[arg-type]  # fmt: skip
    noise = 0.3**2 / 10 + 0.6**2 / 150
    return covered(found.confidence_interval(), 0.7 / np.sqrt(1 + noise))


@cache
def _order_agreement() -> float:
    """Return the mean Spearman correlation of two raters' orders in a very large crowd."""
    orders = stats.rankdata(_orders(3000, np.random.default_rng(9)), axis=1)
    return float(kendall_w(orders).mean_correlation)


def _orders(raters: int, rng: np.random.Generator) -> np.ndarray:
    return np.linspace(-1, 1, 12) + 0.8 * np.exp(0.4 * rng.normal(size=(raters, 1))) * rng.normal(
        size=(raters, 12)
    )


def one_kendall_w(raters: int, rng: np.random.Generator) -> object:
    """W of so many raters who order 12 items with unequal noise."""
    truth = (1 + (raters - 1) * _order_agreement()) / raters
    return covered(kendall_w(_orders(raters, rng)).confidence_interval(), truth)


def model_scenarios(size: int) -> dict[str, One]:
    """Return the simulated studies of so many raters (for kappa items, for correlations systems)."""
    return {
        "d', yes/no": lambda rng: one_dprime(size, rng),
        "cumulative link, clustered": lambda rng: one_cumulative_link(size, rng),
        "cumulative link, random raters": lambda rng: one_cumulative_link(size, rng, random=True),
        "ICC2, complete": lambda rng: one_icc(size, rng),
        "ICC3, complete": lambda rng: one_icc(size, rng, "ICC3"),
        "ICC2, five raters an item": lambda rng: one_icc(size, rng, each=5),
        "Cohen's kappa (items)": lambda rng: one_cohen(size, rng),
        "Plackett-Luce": lambda rng: one_plackett_luce(size, rng),
        "Thurstone": lambda rng: one_thurstone(size, rng),
        "psychometric threshold": lambda rng: one_psychometric(size, rng),
        "staircase threshold": lambda rng: one_staircase(size, rng),
        "Pearson (systems)": lambda rng: one_correlation(size, rng, "pearson"),
        "Spearman (systems)": lambda rng: one_correlation(size, rng, "spearman"),
        "Kendall (systems)": lambda rng: one_correlation(size, rng, "kendall"),
        "Kendall's W": lambda rng: one_kendall_w(size, rng),
        "Crowd-BT": lambda rng: one_crowd_bradley_terry(size, rng),
        "weighted means": lambda rng: one_weighted_mean(size, rng),
        "hierarchical bootstrap (systems)": lambda rng: one_hierarchical(size, rng),
        "Dawid-Skene prevalence": lambda rng: one_dawid_skene(size, rng),
    }
