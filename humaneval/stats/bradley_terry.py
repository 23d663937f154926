"""Which condition do people prefer, and by how much: the Bradley-Terry family.

Log-strengths by Newton's method on the table of pairs, ties by half-wins, Davidson (1970) or Rao and
Kupper (1967), an optional advantage of the first place, and standard errors that know that one rater's
votes go together. Written here because statsmodels and scikit-learn fit it through one row a vote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import expit

from humaneval.stats import comparisons as table_of
from humaneval.stats.alike import COVARIANCE_NOTE, RAISED, raised_covariance, smoothed
from humaneval.stats.bootstrap import chunks, multiplicities
from humaneval.stats.columns import Codes, encode
from humaneval.stats.comparisons import TIE, Comparisons
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Percentile, Symmetric, SymmetricEach
from humaneval.stats.items import Items, Repeating, as_items
from humaneval.stats.multiway import Told, crossed_covariance, freedom_in_words
from humaneval.stats.pairwise_fit import PairModel, fit, fit_many
from humaneval.stats.results import FloatArray, IntervalRule, Result, Tested
from humaneval.stats.tie_models import MODELS, TieModel

Ties = Literal["half", "davidson", "rao_kupper"]
Cluster = Literal["auto", "rater", "two_way", "none"]
PRIOR_DEVIATION = 2.0
"""Standard deviation, in logits, of the prior used only where maximum likelihood has no finite answer."""

ONE_RATER_NOTE = "All votes come from one rater: the intervals speak of this rater only, not of people."


@dataclass(frozen=True, kw_only=True, eq=False)
class Strengths(Result[FloatArray]):
    """Log-strengths of conditions, centred on 0 (so that a difference is a log-odds of winning).

    ``covariance`` is that of the centred log-strengths, ``freedoms`` the degrees of freedom of each (infinite
    where votes are taken as independent: raters and items tell more of some conditions than of others);
    ``replicates`` the bootstrap's log-strengths where
    one was made; ``unbounded`` tells which conditions have no finite estimate of their own ("above" where
    a condition never lost to the rest, "below" where it never won).
    """

    labels: NDArray[Any]
    covariance: FloatArray = field(repr=False)
    freedoms: FloatArray
    unbounded: dict[str, Literal["above", "below"]]
    replicates: FloatArray | None = field(default=None, repr=False)

    @property
    def degrees_of_freedom(self) -> float:
        """The fewest degrees of freedom of any condition."""
        return float(self.freedoms.min())

    @property
    def log_strength(self) -> FloatArray:
        """The estimates under their usual name."""
        return self.estimate

    @property
    def ranks(self) -> NDArray[np.int64]:
        """Rank of each condition, 1 for the strongest."""
        return stats.rankdata(-self.estimate, method="min").astype(np.int64)

    def index(self, label: Any) -> int:
        """Return the position of a condition, or raise InputError."""
        found = np.flatnonzero(self.labels == label)
        if len(found) != 1:
            raise InputError(f"No condition {label!r}; there are {', '.join(map(str, self.labels))}.")
        return int(found[0])

    def difference(self, label: Any, other: Any) -> Tested[float]:
        """Return log-strength of ``label`` minus that of ``other``, tested against 0."""
        a, b = self.index(label), self.index(other)
        estimate = float(self.estimate[a] - self.estimate[b])
        variance = self.covariance[a, a] + self.covariance[b, b] - 2 * self.covariance[a, b]
        error = float(np.sqrt(max(variance, 0.0)))
        freedom = float(min(self.freedoms[a], self.freedoms[b]))
        rule: IntervalRule = Symmetric(freedom)
        if self.replicates is not None:
            rule = Percentile(self.replicates[:, a] - self.replicates[:, b], degrees_of_freedom=freedom)
        return Tested(
            estimate=estimate,
            standard_error=error,
            n=self.n,
            method=f"difference of log-strengths, {self.method}",
            rule=rule,
            clusters=self.clusters,
            convention=self.convention,
            notes=self.notes,
            pvalue=float(2 * stats.t.sf(abs(estimate) / error, freedom)) if error > 0 else 1.0,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class BradleyTerry(Strengths):
    """Bradley-Terry log-strengths.

    ``tie_parameter`` is Davidson's ν or Rao and Kupper's θ (None for half-wins); ``position_effect`` the
    log-odds advantage of the first place (None where not asked for), each with its standard error.
    """

    tie_parameter: float | None = None
    tie_standard_error: float | None = None
    position_effect: float | None = None
    position_standard_error: float | None = None
    log_likelihood: float = 0.0

    def win_probability(self, label: Any, other: Any) -> float:
        """Return the chance that ``label`` beats ``other`` if neither position nor a tie decides.

        For half-wins a tie counts as half; for the tie models it is the chance given that it is no tie
        (Davidson), or without the tie band (Rao and Kupper): π_i/(π_i + π_j) in every case.
        """
        return float(expit(self.estimate[self.index(label)] - self.estimate[self.index(other)]))


def bradley_terry(
    wins: ArrayLike | None = None,
    *,
    winner: ArrayLike | Codes | None = None,
    loser: ArrayLike | Codes | None = None,
    tie: ArrayLike | None = None,
    position: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    rater: ArrayLike | None = None,
    item: Repeating | None = None,
    labels: ArrayLike | None = None,
    ties: Ties = "half",
    tied: ArrayLike | None = None,
    cluster: Cluster | ArrayLike | None = "auto",
    replicates: int = 0,
    prior_deviation: float | None = None,
    seed: int = 0,
) -> BradleyTerry:
    """Fit log-strengths to pairwise votes or to a win matrix.

    Votes: ``winner`` and ``loser`` name the two conditions (or are coded already, as
    :class:`humaneval.stats.columns.Codes` of the same labels, all of which occur); where ``tie`` is true
    they are merely the two shown. ``position`` (true, 1 or "first" where ``winner`` was shown first) adds a
    position effect; ``counts`` repeats votes. A matrix: ``wins[i, j]`` (or, alone, ``counts[i, j]``) the
    times i beat j, ``tied`` the symmetric matrix of ties, ``labels`` the names.

    ``cluster``: "rater" and "two_way" (rater and ``item``: a column, or one for each place where a vote shows
    several images) give sandwich standard errors with Student quantiles
    (:mod:`humaneval.stats.multiway`); the default is two-way where items are given too, by rater where only
    raters are. "none" (or None) gives the model's; a column of
    cluster labels, one a vote, takes the place of ``rater``. ``replicates`` > 0 adds a
    bootstrap over the same clusters (for "none" single votes), whose percentiles then make the intervals.
    Where raters are too few or too alike to show how they differ, no contrast's variance falls below the
    model's, and ``notes`` say so.

    Where some condition won or lost all its comparisons, maximum likelihood is infinite: the strengths
    are then fitted with a normal prior (deviation 2 logits), and ``unbounded`` and ``notes`` say so.
    ``prior_deviation`` asks for a prior in any case. Raises DisconnectedError where groups of conditions
    were never compared, NotEstimableError where a tie model sees only ties.
    """
    table = table_of.tabulate(
        wins, ties=tied, labels=labels, winner=winner, loser=loser, tie=tie, position=position, counts=counts
    )
    table_of.require_linked(table)
    model, notes = _tie_model(table, ties)
    unbounded = _unbounded(table)
    if unbounded and prior_deviation is None:
        prior_deviation = PRIOR_DEVIATION
        notes += (_unbounded_note(unbounded),)
    precision = 0.0 if prior_deviation is None else prior_deviation**-2
    pair_model = PairModel(table, model, position is not None, precision)
    theta = fit(pair_model)
    result = _with_model_errors(pair_model, theta, unbounded, notes)
    if cluster is None:
        cluster = "none"
    if not isinstance(cluster, str):
        rater, cluster = cluster, "rater"
    raters = None if rater is None else _cluster_codes(rater, table, "rater")
    items = _items_of(item, table)
    return _with_clusters(result, pair_model, theta, raters, items, cluster, replicates, seed)


def _tie_model(table: Comparisons, ties: str) -> tuple[TieModel, tuple[str, ...]]:
    if not isinstance(ties, str):
        raise InputError("ties= names the model; which votes are ties is said by tie= (or tied=, a matrix).")
    if ties not in MODELS:
        raise InputError(f"ties is one of {', '.join(MODELS)}, not {ties!r}.")
    totals = table.counts.sum(axis=0)
    if ties == "half":
        return MODELS[ties], ()
    if totals[TIE] == 0:
        return MODELS["half"], (f"There are no ties: {ties} is then plain Bradley-Terry.",)
    if totals[TIE] == totals.sum():
        raise NotEstimableError(
            f"Every comparison is a tie: ties={ties!r} cannot be fitted; ties='half' can."
        )
    return MODELS[ties], ()


def _unbounded(table: Comparisons) -> dict[str, Literal["above", "below"]]:
    groups = table_of.beating_groups(table)
    if len(groups) == 1:
        return {}
    core = max(range(len(groups)), key=lambda number: (len(groups[number]), -number))
    names = table.names
    return {
        names[index]: "above" if number < core else "below"
        for number, group in enumerate(groups)
        if number != core
        for index in group
    }


def _unbounded_note(unbounded: dict[str, Literal["above", "below"]]) -> str:
    above = [name for name, side in unbounded.items() if side == "above"]
    below = [name for name, side in unbounded.items() if side == "below"]
    said = []
    if above:
        said.append(f"never beaten by the rest: {', '.join(above)}")
    if below:
        said.append(f"never won against the rest: {', '.join(below)}")
    return (
        f"{'; '.join(said).capitalize()}. Their strengths have no finite estimate; all strengths are shown "
        f"under a weak normal prior of {PRIOR_DEVIATION:g} logits, so read the order, not the distance."
    )


def _cluster_codes(labels: ArrayLike, table: Comparisons, name: str) -> Codes:
    if table.place is None:
        raise InputError(f"{name}= needs the votes (winner= and loser=), not a win matrix.")
    codes = encode(labels)
    if len(codes.codes) != len(table.place):
        raise InputError(f"{name} has {len(codes.codes)} values for {len(table.place)} votes.")
    return codes


def _items_of(item: Repeating | None, table: Comparisons) -> Items | None:
    found = as_items(item)
    if found is not None and (table.place is None or len(found) != len(table.place)):
        raise InputError(f"item= needs the votes; it has {len(found)} values for {table.n} of them.")
    return found


def _with_model_errors(
    model: PairModel,
    theta: FloatArray,
    unbounded: dict[str, Literal["above", "below"]],
    notes: tuple[str, ...],
) -> BradleyTerry:
    _, information = model.score_and_information(theta, model.table.counts)
    result = BradleyTerry(
        estimate=theta[: model.table.size],
        standard_error=np.zeros(0),
        n=model.table.n,
        method=f"{model.ties.name}, model-based errors",
        rule=Symmetric(),
        convention="normal",
        notes=notes,
        labels=model.table.labels,
        covariance=np.zeros((0, 0)),
        freedoms=np.full(model.table.size, np.inf),
        design_effect=1.0,
        unbounded=unbounded,
        log_likelihood=float(model.log_likelihood(theta, model.table.counts)),
    )
    return _with_covariance(result, model, theta, model.covariance(information))


def _with_covariance(
    result: BradleyTerry, model: PairModel, theta: FloatArray, covariance: FloatArray
) -> BradleyTerry:
    """Return the result with errors of every parameter taken from ``covariance``."""
    k = model.table.size
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    changes: dict[str, Any] = {"standard_error": errors[:k], "covariance": covariance[:k, :k]}
    if model.position:
        changes |= {"position_effect": float(theta[k]), "position_standard_error": float(errors[k])}
    if model.ties.has_parameter:
        value = model.ties.reported(theta[-1])
        changes |= {"tie_parameter": value, "tie_standard_error": float(value * errors[-1])}
    return replace(result, **changes)


def _with_clusters(
    result: BradleyTerry,
    model: PairModel,
    theta: FloatArray,
    rater: Codes | None,
    item: Items | None,
    cluster: str,
    replicates: int,
    seed: int,
) -> BradleyTerry:
    if cluster not in ("auto", "rater", "two_way", "none"):
        raise InputError(f"cluster is auto, rater, two_way or none, not {cluster!r}.")
    if cluster == "none" or (cluster == "auto" and rater is None):
        note = "Votes are taken as independent; votes of one rater are not."
        naive = replace(result, notes=(*result.notes, note))
        return _bootstrapped(naive, model, theta, None, None, replicates, seed) if replicates else naive
    if rater is None or (cluster == "two_way" and item is None):
        raise InputError(f"cluster={cluster!r} needs rater={' and item=' if cluster == 'two_way' else ''}.")
    two_way = item if cluster in ("two_way", "auto") else None
    if rater.size < 2:
        alone = replace(result, notes=(*result.notes, ONE_RATER_NOTE))
        return _sandwiched(alone, model, theta, None, two_way) if two_way is not None else alone
    clustered = _sandwiched(result, model, theta, rater, two_way)
    if replicates:
        return _bootstrapped(clustered, model, theta, rater, two_way, replicates, seed)
    return clustered


def _sandwiched(
    result: BradleyTerry, model: PairModel, theta: FloatArray, rater: Codes | None, item: Items | None
) -> BradleyTerry:
    _, information = model.score_and_information(theta, model.table.counts)
    bread = model.covariance(information)
    found = crossed_covariance(_told(model, theta), bread, rater, item)
    if found is None:
        return result
    k = model.table.size
    covariance, raised = raised_covariance(found.covariance, bread)
    freedoms = found.freedoms[:k]
    changed = replace(
        result,
        method=f"{model.ties.name}, sandwich clustered by {found.by}{RAISED * raised}",
        rule=SymmetricEach(freedoms),
        convention=freedom_in_words(freedoms),
        notes=result.notes + ((COVARIANCE_NOTE,) if raised else ()),
        freedoms=freedoms,
        clusters=found.clusters,
        design_effect=float(np.trace(covariance[:k, :k]) / np.trace(bread[:k, :k])),
    )
    return _with_covariance(changed, model, theta, covariance)


def _told(model: PairModel, theta: FloatArray) -> Told:
    """Return what each vote adds to the derivatives: its kind is its cell and outcome."""
    table, terms = model.table, model.terms(theta)
    by_d, by_t = np.maximum(-terms.by_dd, 0.0), np.maximum(-terms.by_tt, 0.0)
    return Told(
        table_of.places_of(table),
        _design(model, terms.by_d, terms.by_t, -1.0, table.side),
        _design(model, by_d, by_t, 1.0, table.side**2),
        table.weight,
        table.weight,
    )


def _design(
    model: PairModel, by_d: FloatArray, by_t: FloatArray, sign: float, side: FloatArray
) -> FloatArray:
    """Return what one vote in each cell with each outcome adds to every parameter (3·cells x parameters)."""
    table, rows = model.table, np.arange(by_d.size)
    cell, value = rows // 3, by_d.ravel()
    found = np.zeros((len(rows), model.size))
    found[rows, table.first[cell]] = value
    found[rows, table.second[cell]] = sign * value
    if model.position:
        found[:, table.size] = value * side[cell]
    if model.ties.has_parameter:
        found[:, -1] = by_t.ravel()
    return found


def _bootstrapped(
    result: BradleyTerry,
    model: PairModel,
    theta: FloatArray,
    rater: Codes | None,
    item: Items | None,
    replicates: int,
    seed: int,
) -> BradleyTerry:
    items = None if item is None or item.name not in result.clusters else item.one_code()
    draws = bootstrap_strengths(model, theta, rater, items, replicates=replicates, seed=seed)
    k = model.table.size
    fewest = min(result.clusters.values(), default=0)
    growth = fewest / (fewest - 1) if fewest else 1.0
    freedom = fewest - 1.0 if fewest else np.inf
    _, information = model.score_and_information(theta, model.table.counts)
    draws, covariance, raised = smoothed(draws, model.covariance(information), growth, seed)
    name = "votes" if rater is None else "raters" if items is None else "raters and items"
    changed = replace(
        result,
        method=f"{model.ties.name}, bootstrap over {name} ({replicates} replicates, seed {seed})",
        rule=Percentile(draws[:, :k], float(np.sqrt(growth)), degrees_of_freedom=freedom),
        freedoms=np.full(k, freedom),
        convention="percentile, widened for few clusters" if fewest else "percentile",
        notes=result.notes + ((COVARIANCE_NOTE,) if raised and COVARIANCE_NOTE not in result.notes else ()),
        replicates=draws[:, :k],
    )
    return _with_covariance(changed, model, theta, covariance)


def bootstrap_strengths(
    model: PairModel,
    theta: FloatArray,
    rater: Codes | None,
    item: Codes | None,
    *,
    replicates: int,
    seed: int,
) -> FloatArray:
    """Return bootstrap replicates (replicates, parameters) over raters, raters and items, or votes.

    With items each vote counts (times its rater was drawn) x (times its item was drawn), the
    pigeonhole bootstrap (Owen 2007), which is conservative.
    """
    rng = np.random.default_rng(seed)
    draw = _drawer(model.table, rater, item, rng)
    clusters = 0 if rater is None else rater.size
    parts = [
        fit_many(model, theta, np.ascontiguousarray(draw(count)).reshape(count, -1, 3))
        for count in chunks(replicates, 16 * (clusters + 4 * model.table.counts.size + model.size**2))
    ]
    return np.concatenate(parts)


def _drawer(
    table: Comparisons, rater: Codes | None, item: Codes | None, rng: np.random.Generator
) -> Callable[[int], FloatArray]:
    """Return a function that draws that many tables, flat."""
    if rater is None:
        frequency = np.round(table.counts.ravel()).astype(np.int64)
        return lambda count: multiplicities(int(frequency.sum()), count, rng, frequency)
    if item is None:
        tables = table_of.cluster_tables(table, rater.codes, rater.size).T.tocsr()
        return lambda count: np.asarray(tables @ multiplicities(rater.size, count, rng).T).T
    return lambda count: _pigeonhole(
        table, multiplicities(rater.size, count, rng), rater, multiplicities(item.size, count, rng), item
    )


def _pigeonhole(
    table: Comparisons, draws: FloatArray, rater: Codes, item_draws: FloatArray, item: Codes
) -> FloatArray:
    if table.place is None:
        raise InputError("A bootstrap needs the votes, not a ready table.")
    weight = 1.0 if table.weight is None else table.weight
    rows = [
        np.bincount(table.place, weight * ours[rater.codes] * theirs[item.codes], table.counts.size)
        for ours, theirs in zip(draws, item_draws, strict=True)
    ]
    return np.stack(rows)
