"""Simulated studies for the coverage of agreement on orders and of correlations over single items.

See :mod:`tests.benchmarks.stats_coverage`. Correlations are with a score that says nothing of what people
see: the truth is 0, and what raters, items and ballots share must not be taken for more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from scipy import stats

from humaneval.stats import item_correlations, lineup_correlations, order_agreement
from tests.stats.simulation import covered
from tests.stats.test_lineup_correlations import ballots
from tests.stats.test_orders import orders

One = Callable[[np.random.Generator], object]
BATCHES, EACH = 20, 10
"""Batches (a prompt's images, say), and items of each."""


@cache
def _tau() -> float:
    """Return the mean Kendall's tau of two raters who order the same four things, of a very large crowd."""
    rng, pairs = np.random.default_rng(8), 100_000
    liking = np.linspace(1, -1, 4) + 0.7 * rng.normal(size=(2, pairs, 4)) + 0.5 * rng.normal(size=(pairs, 4))
    ranks = stats.rankdata(-(liking + rng.gumbel(size=liking.shape)), axis=2).reshape(-1, 4)
    rater, pair = np.arange(2 * pairs), np.tile(np.arange(pairs), 2)
    return order_agreement(ranks, rater=rater, item=pair).estimate


def one_order_agreement(raters: int, rng: np.random.Generator) -> object:
    """Sixty sets of four things, each ordered by four raters with tastes of their own."""
    ranks, rater, item = orders(rng, raters, 60, 4, 4)
    return covered(order_agreement(ranks, rater=rater, item=item).confidence_interval(), _tau())


def one_item_correlation(raters: int, rng: np.random.Generator) -> object:
    """Three raters judge all of a batch; raters are lenient or strict, and the score varies by batch too."""
    size = BATCHES * EACH
    batch = np.arange(size) // EACH
    score = 0.8 * rng.normal(size=BATCHES)[batch] + 0.6 * rng.normal(size=size)
    judges = np.stack([rng.permutation(raters)[:3] for _ in range(BATCHES)])
    rater, item = judges[batch].ravel(), np.repeat(np.arange(size), 3)
    answer = rng.normal(size=size)[item] + rng.normal(size=raters)[rater] + rng.normal(size=len(item))
    (found,) = item_correlations(answer, rater=rater, item=item, scores=score)
    return covered(found["spearman", False].confidence_interval(), 0.0)


def one_lineup_correlation(raters: int, rng: np.random.Generator, times: int = 1) -> object:
    """Forty ballots of four images, each ordered by three raters; an image stands on ``times`` ballots."""
    (found,) = lineup_correlations(
        **ballots(rng, lineups=40, size=4, conditions=4, raters=raters, times=times)
    )
    return covered(found["spearman", True].confidence_interval(), 0.0)


def order_scenarios(raters: int) -> dict[str, One]:
    """Return the simulated studies of so many raters."""
    return {
        "agreement on orders": lambda rng: one_order_agreement(raters, rng),
        "correlation over items": lambda rng: one_item_correlation(raters, rng),
        "correlation on ballots": lambda rng: one_lineup_correlation(raters, rng),
        "correlation on ballots, images on three": lambda rng: one_lineup_correlation(raters, rng, 3),
    }
