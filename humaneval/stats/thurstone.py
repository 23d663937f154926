"""Thurstone's case V: preferences as differences of normal sensations of equal spread.

A probit model of the table of pairs by Newton's method (statsmodels' Probit wants one row a vote); ties count
as half a win each. Mosteller's (1951) least squares on probits, which shares of 0 and 1 break, is not used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from humaneval.stats import comparisons as table_of
from humaneval.stats.alike import COVARIANCE_NOTE, RAISED, raised_covariance
from humaneval.stats.bradley_terry import ONE_RATER_NOTE, PRIOR_DEVIATION, Strengths
from humaneval.stats.columns import encode, sums_by
from humaneval.stats.comparisons import LOSS, TIE, WIN, Comparisons
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import SymmetricEach
from humaneval.stats.items import Repeating, as_items
from humaneval.stats.multiway import Told, crossed_covariance, freedom_in_words
from humaneval.stats.results import FloatArray

SCALE = np.sqrt(2.0)
"""A scale value's unit is one condition's discriminal deviation, so that P(win) = Φ((s_i - s_j)/√2)."""


def thurstone(
    wins: ArrayLike | None = None,
    *,
    winner: ArrayLike | None = None,
    loser: ArrayLike | None = None,
    tie: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: Repeating | None = None,
    labels: ArrayLike | None = None,
    tied: ArrayLike | None = None,
    unit: str = "difference",
) -> Strengths:
    """Return Thurstone case V scale values, centred on 0, by maximum likelihood.

    ``unit="difference"`` (default) scales so that P(i beats j) = Φ(s_i - s_j), as R's probit fits do;
    ``"sensation"`` so that each sensation has deviation 1 and P = Φ((s_i - s_j)/√2), as Thurstone wrote.
    With ``rater`` the errors are a sandwich clustered by rater, with ``item`` too two-way. Raises as
    bradley_terry, and NotEstimableError where a condition won or lost all its comparisons.
    """
    if unit not in ("difference", "sensation"):
        raise InputError(f"unit is difference or sensation, not {unit!r}.")
    table = table_of.tabulate(
        wins, ties=tied, labels=labels, winner=winner, loser=loser, tie=tie, counts=counts
    )
    table_of.require_linked(table)
    groups = table_of.beating_groups(table)
    if len(groups) > 1:
        names = [", ".join(table.names[index] for index in group) for group in groups]
        raise NotEstimableError(
            f"Some conditions won or lost all comparisons with the rest ({'; '.join(names)}): their scale "
            f"values are infinite. bradley_terry shows them under a prior of {PRIOR_DEVIATION:g} logits."
        )
    values, covariance = _probit(table)
    independent = covariance
    freedoms, clusters = np.full(table.size, np.inf), {}
    method = "Thurstone case V (probit), model-based errors"
    notes: tuple[str, ...] = ("Votes are taken as independent; votes of one rater are not.",)
    if rater is not None:
        raters, items = encode(rater), as_items(item)
        for name, column in (("rater", raters), ("item", items)):
            if column is not None and (table.place is None or len(column) != len(table.place)):
                raise InputError(f"{name}= needs the votes, one {name} a vote.")
        notes = (ONE_RATER_NOTE,) if raters.size < 2 else ()
        found = crossed_covariance(_told(table, values), covariance, raters, items)
        if found is not None:
            covariance, raised = raised_covariance(found.covariance, covariance)
            freedoms, clusters = found.freedoms, found.clusters
            method = f"Thurstone case V (probit), sandwich clustered by {found.by}{RAISED * raised}"
            notes += (COVARIANCE_NOTE,) if raised else ()
    scale = 1.0 if unit == "difference" else SCALE
    return Strengths(
        estimate=values * scale,
        standard_error=np.sqrt(np.maximum(np.diag(covariance), 0.0)) * scale,
        n=table.n,
        method=method,
        rule=SymmetricEach(freedoms),
        clusters=clusters,
        convention=freedom_in_words(freedoms),
        notes=notes,
        labels=table.labels,
        covariance=covariance * scale**2,
        freedoms=freedoms,
        design_effect=float(np.trace(covariance) / np.trace(independent)),
        unbounded={},
    )


def _probit(table: Comparisons) -> tuple[FloatArray, FloatArray]:
    """Return centred values and their covariance, by Newton's method on the (concave) probit likelihood."""
    k = table.size
    won = table.counts[:, WIN] + table.counts[:, TIE] / 2
    lost = table.counts[:, LOSS] + table.counts[:, TIE] / 2
    values = np.zeros(k)
    for _ in range(100):
        d = values[table.first] - values[table.second]
        up, down = _mills(d), _mills(-d)
        slope = won * up - lost * down
        curve = won * up * (up + d) + lost * down * (down - d)
        information = _information(table, curve)
        score = sums_by(table.first, slope, k) - sums_by(table.second, slope, k)
        step = np.linalg.solve(information, score)
        values = values + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-12:
            break
    values = values - values.mean()
    p = stats.norm.cdf(values[table.first] - values[table.second])
    density = stats.norm.pdf(values[table.first] - values[table.second])
    expected = (won + lost) * density**2 / (p * (1 - p))
    return values, np.linalg.inv(_information(table, expected)) - 1.0 / k


def _mills(d: FloatArray) -> FloatArray:
    """Return φ(d)/Φ(d) without underflow."""
    return np.asarray(np.exp(stats.norm.logpdf(d) - stats.norm.logcdf(d)))


def _information(table: Comparisons, curve: FloatArray) -> FloatArray:
    k = table.size
    matrix = np.full((k, k), 1.0 / k)
    np.add.at(matrix, (table.first, table.first), curve)
    np.add.at(matrix, (table.second, table.second), curve)
    np.add.at(matrix, (table.first, table.second), -curve)
    np.add.at(matrix, (table.second, table.first), -curve)
    return matrix


def _told(table: Comparisons, values: FloatArray) -> Told:
    """Return what each vote adds to the derivatives: its kind is its cell and outcome."""
    d = values[table.first] - values[table.second]
    up, down = _mills(d), _mills(-d)
    won, lost = up * (up + d), down * (down - d)
    return Told(
        table_of.places_of(table),
        _design(table, np.stack([up, -down, (up - down) / 2], axis=1), -1.0),
        _design(table, np.stack([won, lost, (won + lost) / 2], axis=1), 1.0),
        table.weight,
        table.weight,
    )


def _design(table: Comparisons, by_d: FloatArray, sign: float) -> FloatArray:
    """Return what one vote in each cell with each outcome adds to every value (3·cells x conditions)."""
    rows, cell = np.arange(by_d.size), np.arange(by_d.size) // 3
    found = np.zeros((by_d.size, table.size))
    found[rows, table.first[cell]] = by_d.ravel()
    found[rows, table.second[cell]] = sign * by_d.ravel()
    return found
