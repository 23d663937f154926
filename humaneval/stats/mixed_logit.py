"""A rate when raters and items both differ: logistic regression with crossed random intercepts.

logit P(yes) = b + rater + item, both normal, fitted by Laplace approximation as lme4's glmer does
(Bates et al. 2015). statsmodels has only a variational version. The random effects' joint mode is found by
Newton's method; the crossed Hessian is solved through the Schur complement of its larger diagonal block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse
from scipy.special import expit

from humaneval.stats.columns import Codes, sums_by
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.intervals import quantile
from humaneval.stats.results import FloatArray, Interval, Result

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
SMALLEST_DEVIATION = 1e-3
LARGEST_DEVIATION = 10.0


@dataclass(frozen=True, kw_only=True)
class MixedLogit(Result[float]):
    """The population's rate, with the model behind it (in logits).

    ``intercept`` is that of the average rater and item; the rate averages over both populations.
    """

    intercept: float
    intercept_error: float
    rater_deviation: float
    item_deviation: float
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class _Cells:
    """Yes and all votes of each (rater, item) cell."""

    rater: np.ndarray
    item: np.ndarray
    yes: FloatArray
    total: FloatArray
    raters: int
    items: int


@dataclass(frozen=True)
class _MarginalRule:
    """The intercept's interval carried over to the population's rate."""

    intercept: float
    error: float
    deviation: float
    freedom: float

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        half = quantile(level, self.freedom) * self.error
        return Interval(
            marginal_rate(self.intercept - half, self.deviation),
            marginal_rate(self.intercept + half, self.deviation),
        )


def marginal_rate(intercept: float, deviation: float) -> float:
    """Return E[logistic(intercept + deviation · Z)] for standard normal Z."""
    return float(_WEIGHTS @ expit(intercept + deviation * _NODES))


def mixed_logit(votes: FloatArray, rater: Codes, item: Codes | None) -> MixedLogit:
    """Return the population's rate of 0/1 votes with normal rater (and item) intercepts."""
    if votes.min() == votes.max():
        raise NotEstimableError(
            "All answers are alike: a mixed logit has no finite fit; use the default method."
        )
    if rater.size < 2:
        raise NotEstimableError("Random effects by rater need at least two raters.")
    crowd = _cells(votes, rater, item)
    has_items = item is not None and item.size > 1
    laplace = _Laplace(crowd)

    def loss(parameters: FloatArray) -> float:
        deviations = np.exp(np.clip(parameters[1:], np.log(SMALLEST_DEVIATION), np.log(LARGEST_DEVIATION)))
        second = float(deviations[1]) if has_items else 0.0
        return -laplace(float(parameters[0]), float(deviations[0]), second)

    mean = float(np.clip(votes.mean(), 0.01, 0.99))
    begin = np.array([np.log(mean / (1 - mean)), -0.7, *([-0.7] if has_items else [])])
    options = {"xatol": 1e-6, "fatol": 1e-9, "maxiter": 600}
    found = optimize.minimize(loss, begin, method="Nelder-Mead", options=options)
    deviations = np.exp(np.clip(found.x[1:], np.log(SMALLEST_DEVIATION), np.log(LARGEST_DEVIATION)))
    if abs(found.x[0]) > 15 or deviations.max() > 0.9 * LARGEST_DEVIATION:
        raise NotEstimableError("Raters or items are all yes or all no: a mixed logit has no finite fit.")
    return _as_result(crowd, found.x, deviations, -float(found.fun), loss, len(votes), has_items)


def _cells(votes: FloatArray, rater: Codes, item: Codes | None) -> _Cells:
    items = item if item is not None else Codes(np.zeros(len(votes), dtype=np.int64), np.zeros(1))
    key = rater.codes * items.size + items.codes
    cell, inverse = np.unique(key, return_inverse=True)
    return _Cells(
        cell // items.size,
        cell % items.size,
        sums_by(inverse, votes, len(cell)),
        sums_by(inverse, np.ones(len(votes)), len(cell)),
        rater.size,
        items.size,
    )


class _Laplace:
    """The Laplace approximation of the marginal log-likelihood; modes start where the last ones were."""

    def __init__(self, crowd: _Cells) -> None:
        self.crowd = crowd
        self.rater, self.item = np.zeros(crowd.raters), np.zeros(crowd.items)

    def __call__(self, intercept: float, rater_deviation: float, item_deviation: float) -> float:
        """Return the approximation at these parameters."""
        crowd, value = self.crowd, -np.inf
        for _ in range(60):
            eta = (
                intercept + rater_deviation * self.rater[crowd.rater] + item_deviation * self.item[crowd.item]
            )
            new = float(crowd.yes @ eta - crowd.total @ np.logaddexp(0, eta))
            new -= 0.5 * float(self.rater @ self.rater + self.item @ self.item)
            solver = _Crossed(crowd, eta, rater_deviation, item_deviation)
            if abs(new - value) < 1e-12 * (1 + abs(new)):
                break
            value = new
            residual = crowd.yes - crowd.total * expit(eta)
            rater_step, item_step = solver.solve(
                rater_deviation * sums_by(crowd.rater, residual, crowd.raters) - self.rater,
                item_deviation * sums_by(crowd.item, residual, crowd.items) - self.item,
            )
            self.rater, self.item = self.rater + rater_step, self.item + item_step
        return new - 0.5 * solver.log_determinant


class _Crossed:
    """The random effects' Hessian I + S'WS, solved through a Schur complement."""

    def __init__(self, crowd: _Cells, eta: FloatArray, rater_deviation: float, item_deviation: float) -> None:
        p = expit(eta)
        curve = crowd.total * p * (1 - p)
        raters = 1 + rater_deviation**2 * sums_by(crowd.rater, curve, crowd.raters)
        items = 1 + item_deviation**2 * sums_by(crowd.item, curve, crowd.items)
        between = sparse.coo_matrix(
            (rater_deviation * item_deviation * curve, (crowd.rater, crowd.item)), (crowd.raters, crowd.items)
        )
        self.raters_first = crowd.raters >= crowd.items
        self.big, self.small = (raters, items) if self.raters_first else (items, raters)
        self.cross = (between if self.raters_first else between.T).tocsr()
        scaled = self.cross.multiply(1 / self.big[:, None]).tocsr()
        self.schur = np.diag(self.small) - (self.cross.T @ scaled).toarray()
        log_small = np.linalg.slogdet(self.schur).logabsdet
        self.log_determinant = float(np.log(self.big).sum() + log_small)

    def solve(self, rater: FloatArray, item: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the Hessian's inverse times (rater, item)."""
        big, small = (rater, item) if self.raters_first else (item, rater)
        low = np.linalg.solve(self.schur, small - self.cross.T @ (big / self.big))
        high = (big - self.cross @ low) / self.big
        return (high, low) if self.raters_first else (low, high)


def _as_result(  # type: ignore[no-untyped-def]
    crowd: _Cells, at: FloatArray, deviations: FloatArray, likelihood: float, loss, n: int, has_items: bool
) -> MixedLogit:
    error = float(np.sqrt(np.linalg.pinv(_hessian(loss, at))[0, 0]))
    intercept, deviation = float(at[0]), float(np.sqrt((deviations**2).sum()))
    clusters = {"rater": crowd.raters, "item": crowd.items} if has_items else {"rater": crowd.raters}
    freedom = float(min(clusters.values()) - 1)
    step = 1e-4
    slope = (marginal_rate(intercept + step, deviation) - marginal_rate(intercept - step, deviation)) / (
        2 * step
    )
    return MixedLogit(
        estimate=marginal_rate(intercept, deviation),
        standard_error=error * slope,
        n=n,
        method="mixed logit, crossed normal intercepts"
        if has_items
        else "mixed logit, normal rater intercepts",
        rule=_MarginalRule(intercept, error, deviation, freedom),
        clusters=clusters,
        convention="Student t on the logit scale, averaged over raters and items",
        notes=("Laplace approximation; the deviations' own uncertainty is not in the interval.",),
        intercept=intercept,
        intercept_error=error,
        rater_deviation=float(deviations[0]),
        item_deviation=float(deviations[1]) if has_items else 0.0,
        log_likelihood=likelihood,
    )


def _hessian(loss, at: FloatArray, step: float = 1e-3) -> FloatArray:  # type: ignore[no-untyped-def]
    size = len(at)
    unit = np.eye(size) * step
    hessian = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            value = loss(at + unit[i] + unit[j]) - loss(at + unit[i] - unit[j])
            value += loss(at - unit[i] - unit[j]) - loss(at - unit[i] + unit[j])
            hessian[i, j] = hessian[j, i] = value / (4 * step**2)
    return hessian
