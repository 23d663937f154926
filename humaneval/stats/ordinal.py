"""Likert answers as ordered categories: cumulative-link regression on aggregated counts.

P(answer <= k) = F(threshold_k - x·b), F logistic (proportional odds) or normal (ordered probit). Votes with
equal covariates are counted once, so that a million votes cost what a small table does (statsmodels'
OrderedModel keeps one row a vote and a numerical Hessian). A positive coefficient means higher answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse, stats
from scipy.special import expit, ndtr

from humaneval.stats.alike import COVARIANCE_NOTE, RAISED, raised_covariance
from humaneval.stats.columns import Codes, IntArray, cells, encode, numbers, same_length, sums_by, weights
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Symmetric
from humaneval.stats.results import FloatArray, Result
from humaneval.stats.tables import counts_table, only_counts, rows_and_columns

Link = Literal["logit", "probit"]
MAXIMUM_STEPS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class CumulativeLink(Result[FloatArray]):
    """Coefficients of a cumulative-link model.

    ``estimate`` are the coefficients of ``names`` (of a condition: against the ``reference``),
    ``thresholds`` the cut points between ``categories``, ``pvalue`` tests each coefficient against 0.
    ``covariance`` covers thresholds, then coefficients, then (with random effects) log deviation.
    ``rater_deviation`` is the random effects' standard deviation, None without them.
    """

    names: tuple[str, ...]
    reference: Any
    categories: FloatArray
    thresholds: FloatArray
    threshold_errors: FloatArray
    covariance: FloatArray
    pvalue: FloatArray
    log_likelihood: float
    link: Link
    degrees_of_freedom: float
    rater_deviation: float | None = None

    @property
    def coefficients(self) -> FloatArray:
        """The estimates under their usual name."""
        return self.estimate

    def probabilities(self, effect: float = 0.0) -> FloatArray:
        """Return the chance of each category where x·b (and any random effect) adds to ``effect``."""
        distribution = LINKS[self.link][0]
        ends = np.concatenate([[0.0], distribution(self.thresholds - effect), [1.0]])
        return np.diff(ends)


def _logistic_density(x: FloatArray) -> FloatArray:
    p = expit(-np.abs(x))
    return np.asarray(p * (1 - p))


def _logistic_slope(x: FloatArray) -> FloatArray:
    return np.asarray(_logistic_density(x) * (1 - 2 * expit(x)))


def _normal_density(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi))


def _normal_slope(x: FloatArray) -> FloatArray:
    return np.asarray(np.where(np.isinf(x), 0.0, -x) * _normal_density(x))


LINKS = {
    "logit": (expit, _logistic_density, _logistic_slope),
    "probit": (ndtr, _normal_density, _normal_slope),
}


@dataclass(frozen=True, eq=False)
class OrdinalTable:
    """Counts of answers for each distinct row of covariates.

    Each vote's row and category are kept for clustering. ``design`` is (rows, coefficients).
    """

    design: FloatArray
    counts: FloatArray
    names: tuple[str, ...]
    reference: Any
    categories: FloatArray
    row: IntArray
    category: IntArray
    weight: FloatArray

    @property
    def cuts(self) -> int:
        """How many thresholds there are."""
        return len(self.categories) - 1

    def jacobians(self) -> tuple[FloatArray, FloatArray]:
        """Return how each (row, category) cell's upper and lower limit depend on the parameters."""
        rows, k = self.counts.shape
        upper = np.zeros((rows, k, self.cuts + self.design.shape[1]))
        lower = np.zeros_like(upper)
        for category in range(k):
            if category < self.cuts:
                upper[:, category, category] = 1.0
                upper[:, category, self.cuts :] = -self.design
            if category > 0:
                lower[:, category, category - 1] = 1.0
                lower[:, category, self.cuts :] = -self.design
        size = rows * k
        return upper.reshape(size, -1), lower.reshape(size, -1)

    def limits(
        self, parameters: FloatArray, shift: FloatArray | float = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        """Return upper and lower limits of each cell (rows, categories), less ``shift`` (rows, 1)."""
        effect = (self.design @ parameters[self.cuts :])[:, None] + shift
        cuts = parameters[: self.cuts][None, :] - effect
        edge = np.full((len(effect), 1), np.inf)
        return np.hstack([cuts, edge]), np.hstack([-edge, cuts])


def probability_between(upper: FloatArray, lower: FloatArray, link: Link) -> FloatArray:
    """Return F(upper) - F(lower) without cancellation in the upper tail."""
    distribution = LINKS[link][0]
    mirrored = upper + lower > 0
    high = np.where(mirrored, -lower, upper)
    low = np.where(mirrored, -upper, lower)
    return np.maximum(distribution(high) - distribution(low), 1e-300)


def tabulate(
    answer: ArrayLike,
    condition: ArrayLike | None,
    x: ArrayLike | None,
    weight: ArrayLike | None,
    reference: Any = None,
) -> OrdinalTable:
    """Boil votes down to counts for each distinct row of covariates."""
    n = same_length(answer=answer, condition=condition, x=x, weight=weight)
    said = encode(numbers(answer, "answer"))
    if said.size < 2:
        raise NotEstimableError("All answers are alike: there is no scale to fit.")
    design, names, chosen = _design(condition, reference)
    rows = encode(condition) if condition is not None else Codes(np.zeros(n, dtype=np.int64), np.zeros(1))
    if x is not None:
        extra = np.asarray(x, dtype=np.float64).reshape(n, -1)
        distinct, inverse = np.unique(extra, axis=0, return_inverse=True)
        joint = cells(rows.codes, inverse.ravel().astype(np.int64), len(distinct))
        first, second = np.divmod(joint.labels.astype(np.int64), len(distinct))
        design = np.hstack([design[first], distinct[second]])
        names += tuple(f"x{number}" for number in range(extra.shape[1]))
        rows = joint
    votes = weights(weight, n)
    k = said.size
    counts = sums_by(rows.codes * k + said.codes, votes, rows.size * k).reshape(-1, k)
    return OrdinalTable(
        design, counts, names, chosen, said.labels.astype(float), rows.codes, said.codes, votes
    )


def _design(condition: ArrayLike | None, reference: Any) -> tuple[FloatArray, tuple[str, ...], Any]:
    if condition is None:
        return np.zeros((1, 0)), (), None
    labels = encode(condition).labels
    chosen = labels[0] if reference is None else reference
    kept = np.flatnonzero(labels != chosen)
    if len(kept) == len(labels):
        raise InputError(f"There is no condition {reference!r} to refer to.")
    return np.eye(len(labels))[:, kept], tuple(str(labels[index]) for index in kept), chosen


def cumulative_link(
    answer: ArrayLike | None = None,
    *,
    condition: ArrayLike | None = None,
    x: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    reference: Any = None,
    link: Link = "logit",
    random: Literal["rater"] | None = None,
    nodes: int = 10,
) -> CumulativeLink:
    """Return a cumulative-link model of ordered answers on conditions and covariates.

    ``condition`` enters as differences from ``reference`` (default: the first in sorted order), ``x``
    (votes, columns) as it is. Fixed effects: with ``rater`` (and ``item``) the errors are a sandwich
    clustered by rater (two-way), Student t on clusters - 1. ``random="rater"`` gives each rater a normal
    intercept, integrated by adaptive Gauss-Hermite quadrature with ``nodes`` points (1 is Laplace);
    coefficients then speak of one rater, not of the population's mean, and errors are model-based.
    ``counts`` is a ready conditions x categories table (conditions 0, 1, ...; answers 1, 2, ...) of
    independent votes.

    Raises NotEstimableError where a coefficient is infinite (a condition with one answer only at an end).
    """
    if link not in LINKS:
        raise InputError(f"link is logit or probit, not {link!r}.")
    if counts is not None:
        only_counts(
            answer=answer, condition=condition, x=x, rater=rater, item=item, weight=weight, random=random
        )
        condition, column = rows_and_columns(counts_table(counts, "conditions x categories", (None, None)))
        answer = column + 1
    if answer is None:
        raise InputError("Give the votes (answer=), or a conditions x categories table (counts=).")
    table = tabulate(answer, condition, x, weight, reference)
    same_length(answer=answer, rater=rater, item=item)
    if random == "rater":
        if rater is None:
            raise InputError("Random effects by rater need rater=.")
        from humaneval.stats.ordinal_mixed import fit_random

        return fit_random(table, encode(rater), link, nodes)
    parameters, information = fit_fixed(table, link)
    bread = np.linalg.inv(information)
    independent = bread
    clusters: dict[str, int] = {}
    freedom, method = np.inf, "model-based errors"
    notes: tuple[str, ...] = ("Votes are taken as independent; votes of one rater are not.",)
    if rater is not None and encode(rater).size > 1:
        clustered, clusters, method = _clustered(
            table, parameters, link, bread, encode(rater), None if item is None else encode(item)
        )
        bread, raised = raised_covariance(clustered, bread)
        freedom = float(min(clusters.values()) - 1)
        method += RAISED * raised
        notes = (COVARIANCE_NOTE,) if raised else ()
    return as_result(
        table, parameters, bread, link, freedom, clusters, f"cumulative {link}, {method}",
        log_likelihood(table, parameters, link),
        notes=notes,
        design_effect=_design_effect(table, bread, independent),
    )  # fmt: skip


def _design_effect(table: OrdinalTable, covariance: FloatArray, independent: FloatArray) -> float | None:
    """Return the coefficients' variances over those of independent votes (None without coefficients)."""
    own, naive = (float(np.trace(one[table.cuts :, table.cuts :])) for one in (covariance, independent))
    return own / naive if naive > 0 else None


def log_likelihood(table: OrdinalTable, parameters: FloatArray, link: Link) -> float:
    """Return the log-likelihood of the table."""
    chance = probability_between(*table.limits(parameters), link)
    return float((table.counts * np.log(chance)).sum())


def cell_derivatives(
    upper: FloatArray, lower: FloatArray, link: Link
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return each cell's probability, then log-probability derivatives by upper, lower, and second ones."""
    _, density, slope = LINKS[link]
    chance = probability_between(upper, lower, link)
    by_upper, by_lower = density(upper) / chance, -density(lower) / chance
    with np.errstate(invalid="ignore"):
        upper_slope = np.where(np.isinf(upper), 0.0, slope(np.where(np.isinf(upper), 0.0, upper)))
        lower_slope = np.where(np.isinf(lower), 0.0, slope(np.where(np.isinf(lower), 0.0, lower)))
    return (
        chance,
        by_upper,
        by_lower,
        upper_slope / chance - by_upper**2,
        -by_upper * by_lower,
        -lower_slope / chance - by_lower**2,
    )


def score_and_information(
    table: OrdinalTable, parameters: FloatArray, link: Link
) -> tuple[FloatArray, FloatArray]:
    """Return gradient and negative Hessian of the log-likelihood."""
    count = table.counts.ravel()
    parts = cell_derivatives(*table.limits(parameters), link)
    _, up, low, uu, ul, ll = (part.ravel() for part in parts)
    a, b = table.jacobians()
    score = (count * up) @ a + (count * low) @ b
    cross = a.T @ ((count * ul)[:, None] * b)
    hessian = a.T @ ((count * uu)[:, None] * a) + cross + cross.T + b.T @ ((count * ll)[:, None] * b)
    return score, -hessian


def start(table: OrdinalTable, link: Link) -> FloatArray:
    """Return the thresholds of pooled answers and coefficients of 0."""
    share = np.cumsum(table.counts.sum(axis=0))[:-1] / table.counts.sum()
    quantile = stats.logistic.ppf if link == "logit" else stats.norm.ppf
    return np.concatenate([quantile(share), np.zeros(table.design.shape[1])])


def fit_fixed(table: OrdinalTable, link: Link) -> tuple[FloatArray, FloatArray]:
    """Return the maximum-likelihood parameters and the information there, by Newton's method."""
    parameters = start(table, link)
    value = log_likelihood(table, parameters, link)
    for _ in range(MAXIMUM_STEPS):
        score, information = score_and_information(table, parameters, link)
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError as error:
            raise NotEstimableError("The covariates determine one another: leave one out.") from error
        scale = 1.0
        while scale > 1e-10:
            proposal = parameters + scale * step
            ordered = bool((np.diff(proposal[: table.cuts]) > 0).all())
            reached = log_likelihood(table, proposal, link) if ordered else -np.inf
            if reached >= value - 1e-12 * abs(value):
                break
            scale /= 2
        parameters, value = proposal, reached
        if np.abs(parameters).max() > 40:
            break
        if np.abs(scale * step).max() < 1e-10:
            return parameters, score_and_information(table, parameters, link)[1]
    raise NotEstimableError(
        "Some coefficient is infinite: a condition has only the lowest or only the highest answer."
    )


def _clustered(
    table: OrdinalTable,
    parameters: FloatArray,
    link: Link,
    bread: FloatArray,
    rater: Codes,
    item: Codes | None,
) -> tuple[FloatArray, dict[str, int], str]:
    _, up, low, *_ = cell_derivatives(*table.limits(parameters), link)
    a, b = table.jacobians()
    scores = up.ravel()[:, None] * a + low.ravel()[:, None] * b
    by_rater = _sandwich(table, scores, bread, rater)
    if item is None or item.size < 2:
        return by_rater, {"rater": rater.size}, "sandwich clustered by rater"
    by_item = _sandwich(table, scores, bread, item)
    both = by_rater + by_item - _sandwich(table, scores, bread, cells(rater.codes, item.codes, item.size))
    values, vectors = np.linalg.eigh((both + both.T) / 2)
    both = (vectors * np.maximum(values, 0.0)) @ vectors.T
    floor = np.maximum(np.diag(by_rater), np.diag(by_item))
    scale = np.sqrt(np.maximum(floor / np.maximum(np.diag(both), 1e-300), 1.0))
    clusters = {"rater": rater.size, "item": item.size}
    return both * np.outer(scale, scale), clusters, "sandwich clustered two-way by rater and item"


def _sandwich(table: OrdinalTable, scores: FloatArray, bread: FloatArray, cluster: Codes) -> FloatArray:
    k = len(table.categories)
    place = (cluster.codes, table.row * k + table.category)
    summed = sparse.coo_matrix((table.weight, place), (cluster.size, len(scores))).tocsr() @ scores
    return np.asarray(bread @ (summed.T @ summed) @ bread) * cluster.size / (cluster.size - 1)


def as_result(
    table: OrdinalTable,
    parameters: FloatArray,
    covariance: FloatArray,
    link: Link,
    freedom: float,
    clusters: dict[str, int],
    method: str,
    likelihood: float,
    *,
    notes: tuple[str, ...] = (),
    rater_deviation: float | None = None,
    design_effect: float | None = None,
) -> CumulativeLink:
    """Return the public result of fitted parameters (thresholds, then coefficients)."""
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    cuts, end = table.cuts, table.cuts + table.design.shape[1]
    coefficients = parameters[cuts:end]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(errors[cuts:end] > 0, np.abs(coefficients) / errors[cuts:end], np.inf)
    return CumulativeLink(
        estimate=coefficients,
        standard_error=errors[cuts:end],
        n=len(table.row),
        method=method,
        rule=Symmetric(freedom),
        clusters=clusters,
        convention="normal" if np.isinf(freedom) else "Student t",
        notes=notes,
        design_effect=design_effect,
        names=table.names,
        reference=table.reference,
        categories=table.categories,
        thresholds=parameters[:cuts],
        threshold_errors=errors[:cuts],
        covariance=covariance,
        pvalue=np.asarray(2 * stats.t.sf(z, freedom)),
        log_likelihood=likelihood,
        link=link,
        degrees_of_freedom=freedom,
        rater_deviation=rater_deviation,
    )
