"""Cumulative-link models in which raters differ: a normal intercept for each, integrated numerically.

Adaptive Gauss-Hermite quadrature (Liu and Pierce 1994): nodes are centred at each rater's mode and scaled by
the curvature there, so that ten suffice. statsmodels has no ordinal mixed model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import logsumexp

from humaneval.stats.columns import Codes, sums_by
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.ordinal import (
    CumulativeLink,
    Link,
    OrdinalTable,
    as_result,
    cell_derivatives,
    fit_fixed,
    log_likelihood,
    probability_between,
)
from humaneval.stats.results import FloatArray

SMALLEST_DEVIATION = 1e-4
LEAST_LOG_DEVIATION = float(np.log(1e-3))
"""Below, raters do not differ, and the likelihood is flat in their deviation."""


@dataclass(frozen=True, eq=False)
class _Crowd:
    """The table with counts split by rater: (raters, rows, categories)."""

    table: OrdinalTable
    counts: FloatArray
    link: Link
    nodes: FloatArray
    log_weights: FloatArray

    def cell_logs(self, parameters: FloatArray, effect: FloatArray) -> FloatArray:
        """Return log-likelihoods (raters, m) at random effects (raters, m)."""
        upper, lower = self._limits(parameters, effect)
        chance = probability_between(upper, lower, self.link)
        return np.einsum("rck,rmck->rm", self.counts, np.log(chance))

    def _limits(self, parameters: FloatArray, effect: FloatArray) -> tuple[FloatArray, FloatArray]:
        upper, lower = self.table.limits(parameters)
        shift = effect[:, :, None, None]
        return upper - shift, lower - shift

    def modes(self, parameters: FloatArray, deviation: float) -> tuple[FloatArray, FloatArray]:
        """Return each rater's modal effect and its standard deviation there, by Newton's method."""
        mode = np.zeros((len(self.counts), 1))
        for _ in range(50):
            _, up, low, uu, ul, ll = cell_derivatives(*self._limits(parameters, mode), self.link)
            slope = -np.einsum("rck,rmck->rm", self.counts, up + low) - mode / deviation**2
            curve = np.einsum("rck,rmck->rm", self.counts, uu + 2 * ul + ll) - 1 / deviation**2
            step = np.clip(-slope / curve, -3 * deviation, 3 * deviation)
            mode = mode + step
            if np.abs(step).max() < 1e-11:
                break
        return mode, 1 / np.sqrt(-curve)

    def log_likelihood(self, parameters: FloatArray, deviation: float) -> float:
        """Return the marginal log-likelihood."""
        mode, spread = self.modes(parameters, deviation)
        effect = mode + np.sqrt(2) * spread * self.nodes
        logs = self.cell_logs(parameters, effect) - 0.5 * (effect / deviation) ** 2
        inside = logsumexp(logs + self.log_weights + self.nodes**2, axis=1)
        return float((inside + np.log(spread[:, 0] / deviation) - 0.5 * np.log(np.pi)).sum())


def fit_random(table: OrdinalTable, rater: Codes, link: Link, nodes: int) -> CumulativeLink:
    """Return the model with a normal intercept for each rater."""
    if rater.size < 2:
        raise NotEstimableError("Random effects by rater need at least two raters.")
    crowd = _crowd(table, rater, link, nodes)
    fixed, _ = fit_fixed(table, link)
    begin = np.concatenate([fixed, [np.log(0.7)]])

    def loss(parameters: FloatArray) -> float:
        if (np.diff(parameters[: table.cuts]) <= 0).any() or parameters[-1] > 4:
            return 1e300
        deviation = max(float(np.exp(parameters[-1])), SMALLEST_DEVIATION)
        return -crowd.log_likelihood(parameters[:-1], deviation)

    found = optimize.minimize(loss, begin, method="BFGS", options={"gtol": 1e-4})
    parameters = found.x
    if parameters[-1] > LEAST_LOG_DEVIATION:
        parameters, hessian = _polish(loss, parameters)
    deviation = float(np.exp(parameters[-1]))
    flat = parameters[-1] <= LEAST_LOG_DEVIATION
    if flat or log_likelihood(table, fixed, link) > -loss(parameters) - 1e-9:
        raise NotEstimableError("The raters do not differ: fit without random effects.")
    return as_result(
        table,
        parameters[:-1],
        np.linalg.inv(hessian),
        link,
        np.inf,
        {"rater": rater.size},
        f"cumulative {link}, normal rater intercepts, {nodes}-point adaptive Gauss-Hermite",
        -loss(parameters),
        notes=("Coefficients speak of one rater; the population's mean effect is smaller.",),
        rater_deviation=deviation,
    )


def _crowd(table: OrdinalTable, rater: Codes, link: Link, nodes: int) -> _Crowd:
    rows, k = table.counts.shape
    key = (rater.codes * rows + table.row) * k + table.category
    counts = sums_by(key, table.weight, rater.size * rows * k).reshape(rater.size, rows, k)
    points, weight = np.polynomial.hermite.hermgauss(nodes)
    return _Crowd(table, counts, link, points, np.log(weight))


def _polish(loss, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:  # type: ignore[no-untyped-def]
    """Take Newton steps with numerical derivatives until they vanish; return place and Hessian."""
    for _ in range(6):
        gradient, hessian = _derivatives(loss, parameters)
        step = np.linalg.solve(hessian, gradient)
        parameters = parameters - step
        if np.abs(step).max() < 1e-7 or parameters[-1] <= LEAST_LOG_DEVIATION:
            break
    return parameters, _derivatives(loss, parameters)[1]


def _derivatives(loss, at: FloatArray, step: float = 1e-3) -> tuple[FloatArray, FloatArray]:  # type: ignore[no-untyped-def]
    """Return gradient and Hessian by central differences."""
    size = len(at)
    middle = loss(at)
    forward = np.array([loss(at + step * unit) for unit in np.eye(size)])
    backward = np.array([loss(at - step * unit) for unit in np.eye(size)])
    hessian = np.diag((forward - 2 * middle + backward) / step**2)
    for i in range(size):
        for j in range(i):
            both = np.eye(size)[i] + np.eye(size)[j]
            mixed = loss(at + step * both) - forward[i] - forward[j] + 2 * middle
            mixed += loss(at - step * both) - backward[i] - backward[j]
            hessian[i, j] = hessian[j, i] = mixed / (2 * step**2)
    return (forward - backward) / (2 * step), hessian
