"""Which pairs to show next, so that the ranking is known with the fewest votes.

The gain of a comparison is the mutual information between its outcome and the strengths' difference, given
what is known (a normal posterior). Batches are spanning trees of the largest gains (Hybrid-MST, Li et al.
2018), which keep every condition linked; a share of pairs is drawn evenly, so that every pair is seen in the
long run. The likelihood of the votes does not depend on why a pair was shown, so estimates stay consistent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csgraph
from scipy.special import entr, expit

from humaneval.stats import comparisons as table_of
from humaneval.stats.columns import encode, encode_together
from humaneval.stats.errors import InputError
from humaneval.stats.pairwise_fit import PairModel, fit
from humaneval.stats.results import FloatArray
from humaneval.stats.tie_models import Half

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
PRIOR_DEVIATION = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class NextPairs:
    """Pairs to show next, in order, with each one's expected gain in nats; ``explored`` marks random ones.

    ``chance`` is the probability with which exploration alone would have shown the pair.
    """

    pairs: tuple[tuple[Any, Any], ...]
    gain: FloatArray
    explored: NDArray[np.bool_]
    chance: float


def expected_gain(mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the mutual information (nats) of an outcome and a normal difference of log-strengths."""
    p = expit(mean[..., None] + np.sqrt(variance)[..., None] * _NODES)
    average = p @ _WEIGHTS
    return np.asarray(_entropy(average) - _entropy(p) @ _WEIGHTS)


def _entropy(p: FloatArray) -> FloatArray:
    return np.asarray(entr(p) + entr(1 - p))


def next_pairs(
    *,
    conditions: ArrayLike | None = None,
    winner: ArrayLike | None = None,
    loser: ArrayLike | None = None,
    tie: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    count: int | None = None,
    exploration: float = 0.1,
    prior_deviation: float = PRIOR_DEVIATION,
    seed: int = 0,
) -> NextPairs:
    """Return the next ``count`` pairs of ``conditions`` to compare (default: one spanning tree).

    Without ``conditions`` those of the votes are meant. The votes so far may be none; they come as
    ``winner`` and ``loser`` (``counts`` how often each), or ``counts`` alone is a win matrix in the order
    of ``conditions``. ``exploration`` is the share drawn evenly from all pairs. The posterior
    is the Laplace approximation under a normal prior of ``prior_deviation`` logits, and is sharpened
    after each pair of a batch by what that pair is expected to tell.
    """
    if counts is not None and winner is None and loser is None:
        winner, loser, counts, conditions = _of_matrix(counts, conditions)
    if conditions is None:
        if winner is None or loser is None:
            raise InputError("Give conditions=, or the votes so far: winner= and loser=.")
        conditions = encode_together(winner, loser)[1]
    labels = encode(conditions).labels
    k = len(labels)
    if k < 2:
        raise InputError("There is no pair to compare among fewer than two conditions.")
    if not 0 <= exploration <= 1:
        raise InputError("exploration is a share between 0 and 1.")
    mean, covariance = _posterior(labels, winner, loser, tie, counts, prior_deviation)
    rng = np.random.default_rng(seed)
    wanted = k - 1 if count is None else count
    first, second = np.triu_indices(k, 1)
    pairs: list[tuple[int, int]] = []
    gains: list[float] = []
    explored: list[bool] = []
    while len(pairs) < wanted:
        for index in _spanning_tree(mean, covariance, first, second):
            random = bool(rng.random() < exploration)
            chosen = int(rng.integers(len(first))) if random else index
            i, j = int(first[chosen]), int(second[chosen])
            gains.append(float(_gains(mean, covariance, first[[chosen]], second[[chosen]])[0]))
            covariance = _after(mean, covariance, i, j)
            pairs.append((i, j))
            explored.append(random)
            if len(pairs) == wanted:
                break
    return NextPairs(
        pairs=tuple((_plain(labels[i]), _plain(labels[j])) for i, j in pairs),
        gain=np.asarray(gains),
        explored=np.asarray(explored),
        chance=exploration / len(first),
    )


def _of_matrix(
    wins: ArrayLike, conditions: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[Any], FloatArray, NDArray[Any]]:
    """Return winners, losers, how often, and the conditions of a win matrix."""
    matrix = np.asarray(wins, dtype=np.float64)
    names = np.arange(len(matrix)) if conditions is None else np.asarray(conditions)
    if matrix.ndim != 2 or matrix.shape != (len(names), len(names)):
        raise InputError("counts= alone is a square win matrix, one row and column a condition.")
    won, lost = np.nonzero(matrix)
    return names[won], names[lost], matrix[won, lost], names


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label


def _posterior(
    labels: NDArray[Any],
    winner: ArrayLike | None,
    loser: ArrayLike | None,
    tie: ArrayLike | None,
    counts: ArrayLike | None,
    deviation: float,
) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of the log-strengths given the votes so far."""
    k = len(labels)
    if winner is None or loser is None or not len(np.asarray(winner)):
        return np.zeros(k), np.eye(k) * deviation**2
    votes = table_of.from_votes(winner, loser, tie=tie, counts=counts)
    if not np.isin(votes.labels, labels).all():
        raise InputError("Some votes are about conditions that are not listed.")
    place = np.searchsorted(labels, votes.labels)
    table = table_of.Comparisons(
        labels, place[votes.first], place[votes.second], votes.side, votes.counts, votes.n
    )
    model = PairModel(table, Half(), False, deviation**-2)
    theta = fit(model)
    _, information = model.score_and_information(theta, table.counts)
    return theta, np.linalg.inv(information)


def _gains(
    mean: FloatArray, covariance: FloatArray, first: NDArray[np.int64], second: NDArray[np.int64]
) -> FloatArray:
    variance = covariance[first, first] + covariance[second, second] - 2 * covariance[first, second]
    return expected_gain(mean[first] - mean[second], np.maximum(variance, 0.0))


def _spanning_tree(
    mean: FloatArray, covariance: FloatArray, first: NDArray[np.int64], second: NDArray[np.int64]
) -> list[int]:
    """Return the pairs of the spanning tree with the largest gains, largest first."""
    k = len(mean)
    gain = _gains(mean, covariance, first, second)
    cost = np.zeros((k, k))
    cost[first, second] = 1 / np.maximum(gain, 1e-12)
    tree = csgraph.minimum_spanning_tree(cost).tocoo()
    number = np.zeros((k, k), dtype=np.int64)
    number[first, second] = np.arange(len(first))
    chosen = number[np.minimum(tree.row, tree.col), np.maximum(tree.row, tree.col)]
    return [int(index) for index in chosen[np.argsort(-gain[chosen], kind="stable")]]


def _after(mean: FloatArray, covariance: FloatArray, i: int, j: int) -> FloatArray:
    """Return the covariance after one more comparison of i and j (rank-one update)."""
    p = expit(mean[i] - mean[j])
    direction = covariance[:, i] - covariance[:, j]
    curve = p * (1 - p)
    return np.asarray(
        covariance - np.outer(direction, direction) * curve / (1 + curve * (direction[i] - direction[j]))
    )
