"""A ranking in which unreliable raters count less, because the model says how reliable each one is.

Crowd-BT (Chen et al. 2013): rater r answers by the strengths with probability η_r, else the other way
round: P(i over j | r) = η_r p + (1 - η_r)(1 - p). The strengths maximise the likelihood in which every
rater's η is averaged over its prior, by expectation-maximisation. Chen and others maximise over strengths
and reliabilities together: with as many reliabilities as raters that shrinks the strengths however many
raters there are (Neyman and Scott 1948), in simulations by an eighth to a fifth. The uncertainty is a
bootstrap over raters in which reliabilities are estimated anew. Own code: no library has errors for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit, logsumexp, roots_jacobi

from humaneval.stats import comparisons as table_of
from humaneval.stats.alike import COVARIANCE_NOTE, smoothed
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.columns import Codes, IntArray, cells, encode, sums_by
from humaneval.stats.comparisons import LOSS, TIE, WIN, Comparisons
from humaneval.stats.errors import InputError
from humaneval.stats.intervals import percentile_of_clusters
from humaneval.stats.pairwise_fit import PairModel, fit_many
from humaneval.stats.results import FloatArray
from humaneval.stats.tie_models import Half

PRIOR_RIGHT, PRIOR_WRONG = 4.0, 1.0
PRIOR_DEVIATION = 2.0
TOLERANCE = 1e-8
GRADES = 30
"""Grades of reliability that stand for the prior (its Gauss-Jacobi nodes)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CrowdBradleyTerry(Strengths):
    """Log-strengths with each rater's ``reliability`` (1 follows the strengths, 0.5 guesses)."""

    rater_labels: NDArray[Any]
    reliability: FloatArray
    trace: tuple[float, ...] = field(repr=False)
    converged: bool


@dataclass(frozen=True, eq=False)
class _Crowd:
    """Half-win counts of each (rater, pair) that occurs: wins of the pair's first and second condition."""

    model: PairModel
    rater: IntArray
    pair: IntArray
    first: FloatArray
    second: FloatArray
    raters: int

    def likelihoods(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return log P(votes, grade) of each rater, and for each (rater, pair) the chances of first and p.

        Shapes (raters, grades), (cells, grades) and (cells, 1).
        """
        table = self.model.table
        grade, log_prior = reliability_prior()
        p = expit(theta[table.first] - theta[table.second])[self.pair][:, None]
        chance = grade * p + (1 - grade) * (1 - p)
        votes = self.first[:, None] * np.log(chance) + self.second[:, None] * np.log1p(-chance)
        return self.by_rater @ votes + log_prior, chance, p

    @cached_property
    def by_rater(self) -> sparse.csr_matrix:
        """The matrix that sums (rater, pair) cells by rater."""
        shape = (self.raters, len(self.rater))
        return sparse.csr_matrix((np.ones(shape[1]), (self.rater, np.arange(shape[1]))), shape)


@cache
def reliability_prior() -> tuple[FloatArray, FloatArray]:
    """Return the grades of reliability and the logarithms of their prior probabilities."""
    nodes, weight = roots_jacobi(GRADES, PRIOR_WRONG - 1, PRIOR_RIGHT - 1)
    return (nodes + 1) / 2, np.log(weight / weight.sum())


def crowd_bradley_terry(
    *,
    winner: ArrayLike,
    loser: ArrayLike,
    rater: ArrayLike,
    tie: ArrayLike | None = None,
    replicates: int = 200,
    maximum_iterations: int = 500,
    seed: int = 0,
) -> CrowdBradleyTerry:
    """Return a ranking weighted by raters' reliability, which is estimated along with it.

    Ties count as half a win each. The prior on reliability is Beta(4, 1): it decides which way round is
    up, and keeps raters of few votes near its mean of 0.8. A normal prior of 2 logits keeps strengths finite.
    ``reliability`` is each rater's posterior mean, ``trace`` the penalised log-likelihood, which never falls.
    """
    table = table_of.from_votes(winner, loser, tie=tie)
    table_of.require_linked(table)
    raters = encode(rater)
    if replicates < 2:
        raise InputError("The uncertainty is a bootstrap: it needs replicates of 2 or more.")
    if raters.size < 2:
        raise InputError("Reliability needs the votes of at least two raters.")
    crowd = _crowd(table, raters)
    theta, reliability, trace, converged = _fit(
        crowd, np.zeros(table.size), np.ones(raters.size), maximum_iterations
    )
    draws = _bootstrap(crowd, theta, replicates, seed)
    growth = raters.size / (raters.size - 1)
    _, information = crowd.model.score_and_information(theta, table.counts)
    draws, covariance, raised = smoothed(draws, crowd.model.covariance(information), growth, seed)
    notes: tuple[str, ...] = () if converged else (f"Not converged after {maximum_iterations} iterations.",)
    notes += (COVARIANCE_NOTE,) if raised else ()
    return CrowdBradleyTerry(
        estimate=theta,
        standard_error=np.sqrt(np.maximum(np.diag(covariance), 0.0)),
        n=table.n,
        method=f"Crowd-BT, bootstrap over raters ({replicates} replicates, seed {seed})",
        rule=percentile_of_clusters(draws, raters.size),
        clusters={"rater": raters.size},
        convention="percentile, widened for few raters",
        notes=notes,
        labels=table.labels,
        covariance=covariance,
        freedoms=np.full(table.size, raters.size - 1.0),
        unbounded={},
        replicates=draws,
        rater_labels=raters.labels,
        reliability=reliability,
        trace=trace,
        converged=converged,
    )


def _crowd(table: Comparisons, raters: Codes) -> _Crowd:
    counts = table_of.cluster_tables(table, raters.codes, raters.size).tocoo()
    pair, outcome = counts.col // 3, counts.col % 3
    seen = cells(counts.row.astype(np.int64), pair.astype(np.int64), len(table.first))
    rater, pairs = np.divmod(seen.labels.astype(np.int64), len(table.first))
    half = counts.data * (outcome == TIE) / 2
    first = sums_by(seen.codes, counts.data * (outcome == WIN) + half, seen.size)
    second = sums_by(seen.codes, counts.data * (outcome == LOSS) + half, seen.size)
    model = PairModel(table, Half(), False, PRIOR_DEVIATION**-2)
    return _Crowd(model, rater, pairs, first, second, raters.size)


def _fit(
    crowd: _Crowd, theta: FloatArray, weight: FloatArray, maximum: int
) -> tuple[FloatArray, FloatArray, tuple[float, ...], bool]:
    grade, _ = reliability_prior()
    pairs = len(crowd.model.table.first)
    per = weight[crowd.rater]
    trace: list[float] = []
    for _ in range(maximum):
        joint, chance, p = crowd.likelihoods(theta)
        whole = logsumexp(joint, axis=1, keepdims=True)
        graded = np.exp(joint - whole)
        trace.append(float(weight @ whole.ravel() - 0.5 * crowd.model.precision * theta @ theta))
        if len(trace) > 1 and trace[-1] - trace[-2] < TOLERANCE * (1 + abs(trace[-1])):
            return theta, graded @ grade, tuple(trace), True
        of_cell = graded[crowd.rater]
        straight = (of_cell * grade * p / chance).sum(axis=1)
        reverse = (of_cell * grade * (1 - p) / (1 - chance)).sum(axis=1)
        won = sums_by(crowd.pair, per * (crowd.first * straight + crowd.second * (1 - reverse)), pairs)
        lost = sums_by(crowd.pair, per * (crowd.second * reverse + crowd.first * (1 - straight)), pairs)
        counts = np.stack([won, lost, np.zeros_like(won)], axis=1)
        theta = fit_many(crowd.model, theta, counts[None], steps=1)[0]
    return theta, graded @ grade, tuple(trace), False


def _bootstrap(crowd: _Crowd, theta: FloatArray, replicates: int, seed: int) -> FloatArray:
    draws = multiplicities(crowd.raters, replicates, np.random.default_rng(seed))
    return np.stack([_fit(crowd, theta, weight, 60)[0] for weight in draws])
