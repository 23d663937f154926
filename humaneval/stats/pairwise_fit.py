"""Newton's method for paired-comparison models, for one table of counts or for many at once.

Parameters are the log-strengths (summing to 0), then, where the model has them, the log-odds advantage of
the first place and the tie parameter. The log-likelihoods are concave, so that Newton's steps, halved where
they overshoot, reach the maximum from anywhere; many tables (bootstrap replicates) are solved together,
started from the fit to all votes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from humaneval.stats.columns import IntArray, sums_by
from humaneval.stats.comparisons import Comparisons
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.results import FloatArray
from humaneval.stats.tie_models import Terms, TieModel

TOLERANCE = 1e-11
MAXIMUM_STEPS = 100
LONGEST_STEP = 4.0


@dataclass(frozen=True, eq=False)
class PairModel:
    """The cells of a table under one tie model, with or without a position effect and a prior.

    ``precision`` is that of a normal prior on the log-strengths (0 for maximum likelihood).
    """

    table: Comparisons
    ties: TieModel
    position: bool
    precision: float = 0.0

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return self.table.size + int(self.position) + int(self.ties.has_parameter)

    def start(self) -> FloatArray:
        """Return the parameters to start from."""
        theta = np.zeros(self.size)
        if self.ties.has_parameter:
            theta[-1] = self.ties.start
        return theta

    def terms(self, theta: FloatArray) -> Terms:
        """Return the outcome terms of every cell at parameters of shape (..., size)."""
        d = theta[..., self.table.first] - theta[..., self.table.second]
        if self.position:
            d = d + theta[..., self.table.size, None] * self.table.side
        t = theta[..., -1, None] if self.ties.has_parameter else np.zeros(1)
        return self.ties.terms(d, np.broadcast_to(t, d.shape))

    def log_likelihood(self, theta: FloatArray, counts: FloatArray) -> FloatArray:
        """Return the (penalised) log-likelihood of counts of shape (..., cells, 3)."""
        value = self.terms(theta).value
        fit = np.where(counts > 0, counts * value, 0.0).sum(axis=(-1, -2))
        strengths = theta[..., : self.table.size]
        return np.asarray(fit - 0.5 * self.precision * (strengths**2).sum(axis=-1))

    def score_and_information(self, theta: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gradient (..., size) and negative Hessian (..., size, size)."""
        terms = self.terms(theta)
        score = self.spread((counts * terms.by_d).sum(-1), (counts * terms.by_t).sum(-1))
        information = -self._hessian(
            (counts * terms.by_dd).sum(-1), (counts * terms.by_dt).sum(-1), (counts * terms.by_tt).sum(-1)
        )
        k = self.table.size
        score[..., :k] -= self.precision * theta[..., :k]
        information[..., np.arange(k), np.arange(k)] += self.precision
        return score, information

    def spread(self, by_d: FloatArray, by_t: FloatArray) -> FloatArray:
        """Sum derivatives by d and t over cells (last axis) into derivatives by the parameters."""
        parts: list[FloatArray] = [
            _sum_by(by_d, self.table.first, self.table.size)
            - _sum_by(by_d, self.table.second, self.table.size)
        ]
        if self.position:
            parts.append((by_d * self.table.side).sum(-1, keepdims=True))
        if self.ties.has_parameter:
            parts.append(by_t.sum(-1, keepdims=True))
        return np.concatenate(parts, axis=-1)

    def _hessian(self, by_dd: FloatArray, by_dt: FloatArray, by_tt: FloatArray) -> FloatArray:
        k, size = self.table.size, self.size
        hessian = np.zeros((*by_dd.shape[:-1], size, size))
        flat = self.table.first * k + self.table.second
        block = _sum_by(by_dd, flat, k * k).reshape(*by_dd.shape[:-1], k, k)
        block = -(block + np.swapaxes(block, -1, -2))
        diagonal = np.arange(k)
        block[..., diagonal, diagonal] = -block.sum(axis=-1)
        hessian[..., :k, :k] = block
        border: list[FloatArray] = [by_dd * self.table.side] if self.position else []
        border += [by_dt] if self.ties.has_parameter else []
        for offset, values in enumerate(border):
            row = self.spread(values, values)[..., :k]
            hessian[..., k + offset, :k] = row
            hessian[..., :k, k + offset] = row
        if self.position:
            hessian[..., k, k] = (by_dd * self.table.side**2).sum(-1)
        if self.ties.has_parameter:
            hessian[..., -1, -1] = by_tt.sum(-1)
        if self.position and self.ties.has_parameter:
            cross = (by_dt * self.table.side).sum(-1)
            hessian[..., -1, -2], hessian[..., -2, -1] = cross, cross
        return hessian

    def bounded(self, theta: FloatArray) -> FloatArray:
        """Return parameters with the log-strengths centred and the tie parameter in its range."""
        k = self.table.size
        theta = theta.copy()
        theta[..., :k] -= theta[..., :k].mean(axis=-1, keepdims=True)
        if self.ties.has_parameter:
            theta[..., -1] = np.maximum(theta[..., -1], self.ties.smallest)
        return theta

    def covariance(self, information: FloatArray) -> FloatArray:
        """Return the inverse information on the plane where the log-strengths sum to 0."""
        k = self.table.size
        inverse = np.linalg.inv(self.full_rank(information))
        inverse[:k, :k] -= 1.0 / k / self._weight(information)
        return np.asarray(inverse)

    def full_rank(self, information: FloatArray) -> FloatArray:
        """Return the information with the direction of equal shifts filled in."""
        k = self.table.size
        filled = information.copy()
        filled[..., :k, :k] += np.asarray(self._weight(information))[..., None, None] / k
        return filled

    def _weight(self, information: FloatArray) -> FloatArray:
        """Return a weight for the filled direction on the scale of the information."""
        k = self.table.size
        return np.maximum(np.trace(information[..., :k, :k], axis1=-2, axis2=-1) / k, 1e-12)


def _sum_by(values: FloatArray, codes: IntArray, size: int) -> FloatArray:
    """Sum the last axis by code, for any leading axes."""
    lead = values.shape[:-1]
    rows = int(np.prod(lead)) if lead else 1
    key = (np.arange(rows)[:, None] * size + codes).ravel()
    return sums_by(key, values.reshape(rows, -1).ravel(), rows * size).reshape(*lead, size)


def fit(model: PairModel) -> FloatArray:
    """Return the parameters that maximise the likelihood of the model's own table."""
    counts = model.table.counts
    theta = model.start()
    value = float(model.log_likelihood(theta, counts))
    for _ in range(MAXIMUM_STEPS):
        score, information = model.score_and_information(theta, counts)
        try:
            step = np.linalg.solve(model.full_rank(information), score)
        except np.linalg.LinAlgError as error:
            raise NotEstimableError(
                "The place on the screen cannot be told from the pairs: show each pair both ways round."
            ) from error
        theta, value, moved = _climb(model, theta, value, step, counts)
        if moved < TOLERANCE:
            return theta
    raise NotEstimableError(f"{model.ties.name}: no maximum found in {MAXIMUM_STEPS} Newton steps.")


def _climb(
    model: PairModel, theta: FloatArray, value: float, step: FloatArray, counts: FloatArray
) -> tuple[FloatArray, float, float]:
    """Take a step, halved until the likelihood does not fall; return place, value and distance moved."""
    scale = min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
    while scale > 1e-10:
        proposal = model.bounded(_damped(model, theta, scale * step))
        reached = float(model.log_likelihood(proposal, counts))
        if reached >= value - 1e-12 * abs(value):
            return proposal, reached, float(np.abs(proposal - theta).max())
        scale /= 2
    return theta, value, 0.0


def _damped(model: PairModel, theta: FloatArray, step: FloatArray) -> FloatArray:
    """Return theta + step, without letting a positive tie parameter jump below half of itself."""
    moved = theta + step
    if model.ties.smallest >= 0:
        moved[..., -1] = np.maximum(moved[..., -1], theta[..., -1] / 2)
    return moved


def fit_many(
    model: PairModel, start: FloatArray, counts: FloatArray, *, steps: int = MAXIMUM_STEPS // 4
) -> FloatArray:
    """Return the parameters (replicates, size) of many tables (replicates, cells, 3).

    Replicates in which some condition won or lost every comparison have no finite maximum: theirs stop,
    far out, after as many bounded steps as the others need at most.
    """
    theta = np.repeat(start[None, :], len(counts), axis=0)
    active = np.arange(len(counts))
    for _ in range(steps):
        score, information = model.score_and_information(theta[active], counts[active])
        filled = model.full_rank(information)
        filled[..., np.arange(model.size), np.arange(model.size)] += 1e-10
        step: FloatArray = np.asarray(np.linalg.solve(filled, score[..., None])[..., 0], dtype=np.float64)
        longest = np.abs(step).max(axis=1)
        step = step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))[:, None]
        theta[active] = model.bounded(_damped(model, theta[active], step))
        active = active[longest > 1e-9]
        if not len(active):
            break
    return theta
