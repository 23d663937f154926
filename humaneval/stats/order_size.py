"""What a study of orders (or of best and worst choices) can tell of its conditions' strengths.

Plackett and Luce's model gives each ballot's information: the choices of an order, each from what is left,
averaged over the orders that are expected. Raters and prompts that differ draw strengths together (as in
:mod:`humaneval.stats.study_size`) and add a variance each, and so do the choices of one ballot, which share
both. Lineups are all choices of conditions, or where there are too many a seeded sample of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy import stats

from humaneval.stats.columns import IntArray
from humaneval.stats.errors import InputError
from humaneval.stats.results import FloatArray
from humaneval.stats.study_size import LEVEL, Aim, Size, drawn_together, power_of_t, some_effect

MOST_SUBSETS = 64_000
"""Lineups times their subsets that are worked through; more lineups are sampled."""


@dataclass(frozen=True, kw_only=True)
class ExpectedOrders:
    """What is expected of orders of ``images`` out of so many ``conditions``.

    ``effect``: logits between the best and the worst condition, the others evenly between. ``rater`` and
    ``item``: standard deviations, in logits, of the difference between two conditions by rater and by prompt.
    With ``ends_only`` raters name the best and the worst.
    """

    effect: float
    rater: float
    item: float
    conditions: int
    images: int
    ends_only: bool = False

    def check(self, aim: Aim) -> None:
        """See :meth:`humaneval.stats.study_size.Estimand.check`."""
        if not 2 <= self.images <= self.conditions:
            raise InputError(
                f"Orders of {self.images} images need at least as many conditions; {self.conditions} are "
                "expected."
            )
        some_effect(aim, self.effect, 0.0)

    def width(self, size: Size) -> float:
        """Return the expected width of the interval of a condition's strength: the widest condition's."""
        widest = math.sqrt(float(np.diag(self.covariance(size)).max()))
        return float(2 * stats.t.ppf(0.5 + LEVEL / 2, self._freedom(size)) * widest)

    def power(self, size: Size) -> float:
        """Return the power to tell the best condition from the worst."""
        both = self.covariance(size)
        error = math.sqrt(both[0, 0] + both[-1, -1] - 2 * both[0, -1])
        return power_of_t(self._drawn * self.effect / error, self._freedom(size))

    def covariance(self, size: Size) -> FloatArray:
        """Return the covariance of the fitted strengths, which sum to 0."""
        k = self.conditions
        ballot, shared = _information(self._drawn * self.effect, k, self.images, self.ends_only)
        bread = np.linalg.pinv(ballot)
        by_rater, by_item = (self._drawn**2 * spread**2 / 2 for spread in (self.rater, self.item))
        apart = by_rater * (1 / size.raters - 1 / size.votes)
        apart += by_item * max(1 / size.items - 1 / size.votes, 0.0)
        within = (by_rater + by_item) * bread @ shared @ bread
        return np.asarray((bread + within) / size.votes + apart * (np.eye(k) - 1 / k))

    @property
    def _drawn(self) -> float:
        return drawn_together(self.rater**2 + self.item**2)

    def _freedom(self, size: Size) -> float:
        scarcer = min(size.raters, size.items) if size.votes > size.items else size.raters
        return float(max(scarcer - 1, 1))


@lru_cache(maxsize=64)
def _information(
    effect: float, conditions: int, images: int, ends_only: bool
) -> tuple[FloatArray, FloatArray]:
    """Return a ballot's expected information (K, K), and that of its pairs of choices, multiplied."""
    worth = np.exp(np.linspace(effect / 2, -effect / 2, conditions))
    lineups = _lineups(conditions, images)
    parts = (_of_ends if ends_only else _of_orders)(worth[lineups])
    place = (lineups[:, :, None] * conditions + lineups[:, None, :]).ravel()
    ballot, shared = (
        np.bincount(place, part.ravel(), conditions**2).reshape(conditions, conditions) / len(lineups)
        for part in parts
    )
    return ballot, shared


def _lineups(conditions: int, images: int) -> IntArray:
    most = MOST_SUBSETS // 2**images
    if math.comb(conditions, images) <= most:
        return np.array(list(combinations(range(conditions), images)))
    rng = np.random.default_rng(0)
    return np.argsort(rng.random((most, conditions)), axis=1)[:, :images]


def _choice(worth: FloatArray, left: list[int]) -> tuple[FloatArray, FloatArray]:
    """Return the chances (L, S) of being chosen from what is left, and its information (L, S, S)."""
    chance = np.zeros_like(worth)
    chance[:, left] = worth[:, left] / worth[:, left].sum(axis=1, keepdims=True)
    information = -chance[:, :, None] * chance[:, None, :]
    diagonal = np.arange(worth.shape[1])
    information[:, diagonal, diagonal] += chance
    return chance, information


def _of_orders(worth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the expected information of full orders, and the expected products of different choices'.

    By recursion over what is left: with J of the choice at hand and F of all later ones, the products grow
    by J F + F J.
    """
    size = worth.shape[1]
    nothing = np.zeros((*worth.shape, size))
    known: dict[int, tuple[FloatArray, FloatArray]] = {}
    for subset, left in _subsets(size):
        if len(left) < 2:
            known[subset] = (nothing, nothing)
            continue
        chance, now = _choice(worth, left)
        later, shared = (
            sum((chance[:, one, None, None] * known[subset - (1 << one)][part] for one in left), nothing)
            for part in (0, 1)
        )
        known[subset] = (now + later, now @ later + later @ now + shared)
    return known[(1 << size) - 1]


def _of_ends(worth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the same of a best choice, then a worst of the rest."""
    size = worth.shape[1]
    chance, best = _choice(worth, list(range(size)))
    worst = np.zeros_like(best)
    for one in range(size):
        left = [other for other in range(size) if other != one]
        worst += chance[:, one, None, None] * _choice(1 / worth, left)[1]
    return best + worst, best @ worst + worst @ best


def _subsets(size: int) -> Iterator[tuple[int, list[int]]]:
    """Yield each subset as a number, and its members; smaller ones before those that hold them."""
    for subset in range(1 << size):
        yield subset, [one for one in range(size) if subset >> one & 1]
