"""How sure one may be of a prevalence when raters' accuracies are learned from the same votes.

The observed information of all parameters together (Louis 1982: that of the complete data less what is
missing) is never written out: its product with a direction costs what a step of the EM does, and SciPy's
conjugate gradients solve for the few columns that the prevalence needs. Items are the clusters: the larger of
the information's variance and the items' sandwich is used, on the scale of logits. Own code: no library gives
errors of Dawid-Skene, and the information of thousands of raters does not fit in memory.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import expit, logit

from humaneval.stats.alike import ONE_DEVIATION
from humaneval.stats.intervals import quantile
from humaneval.stats.results import FloatArray, Interval

ABSENT = 1e-9
"""A category with less prevalence is taken for absent."""
AT_AN_END = 0.01
"""A parameter is at the end of its range where less than this part of a vote is expected on one side."""


class Learned(ABC):
    """The parameters of all raters, on the scale on which their likelihood is an exponential family's."""

    @abstractmethod
    def moved(self, direction: FloatArray) -> FloatArray:
        """Return the derivative of log P(said | true) as (raters, said, true) along a flat direction."""

    @abstractmethod
    def gathered(self, counts: FloatArray) -> FloatArray:
        """Return the transposed derivative: from (raters, said, true) to flat parameters."""

    @abstractmethod
    def known(self, counts: FloatArray) -> FloatArray:
        """Return what the expected counts alone tell of each parameter (the diagonal information)."""


@dataclass(frozen=True, eq=False)
class Confusions(Learned):
    """Dawid and Skene's: for each rater and truth the logits of what is said; ``chances`` their softmax."""

    chances: FloatArray

    def moved(self, direction: FloatArray) -> FloatArray:
        table = direction.reshape(self.chances.shape)
        return np.asarray(table - (self.chances * table).sum(axis=1, keepdims=True))

    def gathered(self, counts: FloatArray) -> FloatArray:
        return np.asarray(counts - self.chances * counts.sum(axis=1, keepdims=True)).ravel()

    def known(self, counts: FloatArray) -> FloatArray:
        return np.asarray(counts * (1 - self.chances)).ravel()


@dataclass(frozen=True, eq=False)
class Accuracies(Learned):
    """The one-coin model's: the logit of each rater's accuracy; errors fall evenly on the others."""

    accuracy: FloatArray
    categories: int

    def _slopes(self) -> FloatArray:
        k = self.categories
        table = np.repeat(-self.accuracy, k * k).reshape(-1, k, k)
        table[:, np.arange(k), np.arange(k)] += 1.0
        return table

    def moved(self, direction: FloatArray) -> FloatArray:
        return np.asarray(self._slopes() * direction[:, None, None])

    def gathered(self, counts: FloatArray) -> FloatArray:
        return np.asarray((self._slopes() * counts).sum(axis=(1, 2)))

    def known(self, counts: FloatArray) -> FloatArray:
        return np.asarray(counts.sum(axis=(1, 2)) * self.accuracy * (1 - self.accuracy))


@dataclass(frozen=True, eq=False)
class Information:
    """The observed information where the likelihood has its peak, as a product with directions.

    A direction holds log-ratios of the prevalences to that of the last category, then the raters' parameters.
    ``matrix`` (and ``transposed``) are items x raters·categories of votes, ``counts`` the expected ones
    (raters, said, true) with what a prior adds.
    """

    matrix: sparse.csr_matrix
    transposed: sparse.csr_matrix
    posterior: FloatArray
    prevalence: FloatArray
    counts: FloatArray
    learned: Learned

    @property
    def ratios(self) -> int:
        return len(self.prevalence) - 1

    def _split(self, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the direction's log-prevalences less their mean, and log P(said | true)."""
        share = np.append(direction[: self.ratios], 0.0)
        return share - self.prevalence @ share, self.learned.moved(direction[self.ratios :])

    def scores(self, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return each item's score along a direction, under each truth and expected."""
        share, moved = self._split(direction)
        score = self.matrix @ moved.reshape(-1, len(share)) + share
        return np.asarray(score), np.asarray((self.posterior * score).sum(axis=1))

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Which parameters are inside their range: a share of nearly 0 or 1 stays there, and has no error."""
        return np.append(np.full(self.ratios, True), self.learned.known(self.counts) > AT_AN_END)

    def times(self, direction: FloatArray) -> FloatArray:
        """Return the information times a direction: that of the complete data less what is missing."""
        direction = np.where(self.free, direction, 0.0)
        share, moved = self._split(direction)
        score, expected = self.scores(direction)
        missing = self.posterior * (score - expected[:, None])
        counts = self.counts * moved - np.asarray(self.transposed @ missing).reshape(moved.shape)
        complete = len(missing) * self.prevalence * share - missing.sum(axis=0)
        return np.where(self.free, np.append(complete[:-1], self.learned.gathered(counts)), 0.0)

    def covariance(self) -> FloatArray | None:
        """Return the log-ratios' covariance, the larger of the model's and the items' sandwich.

        None where the information has no inverse there (a ridge instead of a peak).
        """
        size = len(self.free)
        product = LinearOperator((size, size), matvec=self.times, dtype=np.float64)
        own = len(self.posterior) * self.prevalence[:-1] * (1 - self.prevalence[:-1])
        scale = np.where(self.free, np.append(own, self.learned.known(self.counts)), 1.0)
        precondition = LinearOperator((size, size), matvec=lambda x: x / scale, dtype=np.float64)
        columns = []
        for column in range(self.ratios):
            one = np.zeros(size)
            one[column] = 1.0
            with np.errstate(divide="ignore", invalid="ignore"):  # a flat likelihood: said below
                solution, failed = cg(product, one, rtol=1e-6, maxiter=500, M=precondition)
            if failed or not solution[column] > 0.99 / scale[column]:
                return None
            columns.append(solution)
        model = np.array(columns)[:, : self.ratios]
        influence = np.array([self.scores(column)[1] for column in columns])
        sandwich = influence @ influence.T
        return sandwich if np.trace(sandwich) > np.trace(model) else (model + model.T) / 2


def logit_errors(prevalence: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the standard error of each category's logit from the log-ratios' covariance."""
    slopes = (np.eye(len(prevalence)) - prevalence)[:, :-1] / (1 - prevalence)[:, None]
    return np.sqrt(np.einsum("ij,jk,ik->i", slopes, covariance, slopes))


@dataclass(frozen=True, eq=False)
class OnLogits:
    """Interval of shares by their logits' errors; a share of 0 or 1 gets the exact bound of so many items."""

    errors: FloatArray
    items: int

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval."""
        share = np.asarray(estimate, dtype=np.float64)
        centre = logit(np.clip(share, ABSENT, 1 - ABSENT))
        half = quantile(level, np.inf) * self.errors
        bound = ((1 - level) / 2) ** (1 / self.items)
        low = np.where(share > 1 - ABSENT, bound, np.where(share < ABSENT, 0.0, expit(centre - half)))
        high = np.where(share < ABSENT, 1 - bound, np.where(share > 1 - ABSENT, 1.0, expit(centre + half)))
        return Interval(low, high)

    def one_error(self, estimate: FloatArray) -> FloatArray:
        """Return standard errors: by the logits', at the ends half the 68% interval."""
        low, high = self(estimate, None, ONE_DEVIATION)
        inner = estimate * (1 - estimate) * self.errors
        at_end = (estimate < ABSENT) | (estimate > 1 - ABSENT)
        return np.asarray(np.where(at_end, (high - low) / 2, inner))
