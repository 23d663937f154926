"""Looking at a running study as often as one likes: confidence sequences that stay right throughout.

An ordinary 95% interval looked at after every vote is wrong, at some time, far more often than 5%. A
confidence sequence holds the truth at all times together with probability ``level``. The independent unit
is the rater (or the item, where these are fewer), never the vote.

Default: the normal mixture of the scale-invariant t likelihood ratio (Lai 1976; Wang and Ramdas 2025), which
for unknown variance is exact for normal raters, applied to the clustered standard error. For
yes/no and bounded answers that error is never less than votes' own with one pseudo-vote at each end, so
that a few equal votes decide nothing. ``betting`` is exact for any bounded raters (Waudby-Smith and Ramdas
2024), but from completed raters alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from humaneval.stats.bradley_terry import Strengths
from humaneval.stats.clusters import cluster_variance, mean_influence
from humaneval.stats.columns import Codes, encode, numbers, same_length, sums_by, weights
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.items import as_items
from humaneval.stats.results import FloatArray, Interval, Result, Tested

TUNED_FOR = 30
"""The number of raters at which the default sequence is narrowest."""


@lru_cache(maxsize=64)
def _prior_variance(tuned_for: float, level: float) -> float:
    """Return the mixture's variance that makes the multiplier smallest at ``tuned_for`` clusters."""

    def width(log_variance: float) -> float:
        return _multiplier(tuned_for, tuned_for, level, float(np.exp(log_variance)))

    grid = np.linspace(-8, 12, 200)
    start = grid[np.argmin([width(point) for point in grid])]
    found = optimize.minimize_scalar(width, bounds=(start - 0.2, start + 0.2), method="bounded")
    return float(np.exp(found.x))


def _multiplier(clusters: float, information: float, level: float, variance: float) -> float:
    """Return how many standard errors the sequence reaches to either side (inf while undecided)."""
    if clusters < 2:
        return float("inf")
    few = np.exp((np.log1p(clusters * variance) - 2 * np.log(1 - level)) / clusters)
    if few >= 1 + clusters * variance:
        return float("inf")
    growth = 1 + max(information, clusters) * variance
    bound = np.exp((np.log(growth) - 2 * np.log(1 - level)) / clusters)
    if bound >= growth:
        return float("inf")
    return float(np.sqrt((clusters - 1) * (bound - 1) / (1 - bound / growth)))


NO_RATER_NOTE = "No raters were given: each vote is taken as another rater's."


def anytime_multiplier(
    clusters: float, level: float = 0.95, *, information: float = 0.0, tuned_for: float = TUNED_FOR
) -> float:
    """Return the number of standard errors that holds at all times together with probability ``level``.

    ``clusters`` counts the raters so far, ``information`` the independent votes their votes are worth
    (it counts where larger: the same raters are looked at again as they vote on). Infinite for the first
    few raters: nothing can be concluded from them.
    """
    return _multiplier(clusters, information, level, _prior_variance(tuned_for, level))


@dataclass(frozen=True)
class AnytimeRule:
    """estimate ± anytime multiplier · standard error, cut at the bounds."""

    clusters: float
    information: float
    low: float
    high: float
    tuned_for: float

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the interval; the whole range while nothing can be concluded."""
        reach = anytime_multiplier(
            self.clusters, level, information=self.information, tuned_for=self.tuned_for
        )
        if np.isinf(reach):
            return Interval(self.low, self.high)
        half = reach * standard_error
        return Interval(max(self.low, float(estimate - half)), min(self.high, float(estimate + half)))


@dataclass(frozen=True, kw_only=True)
class ConfidenceSequence(Result[float]):
    """A mean whose interval may be looked at after every vote.

    ``information`` is the number of independent votes that these are worth, ``between`` and ``within``
    the variance of raters' means and of a rater's votes, from which forecasts are made; ``bounds`` the
    ends of the scale.
    """

    bounds: tuple[float, float]
    information: float
    between: float
    within: float
    tuned_for: float


def confidence_sequence(
    answer: ArrayLike,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    tuned_for: float = TUNED_FOR,
    method: Literal["mixture", "betting"] = "mixture",
) -> ConfidenceSequence:
    """Return the mean of the votes so far with an interval valid at every look.

    ``answer`` is 0/1 for rates, 0/0.5/1 for one pair's preferences (a tie is 0.5), or any number within
    ``bounds``. Call it again with all votes whenever there are more. ``tuned_for`` is the number of
    raters where it should be narrowest. With ``method="betting"`` give the votes of raters who are done,
    in the order in which they came. Without ``rater`` each vote counts as one rater's only vote.
    """
    n = same_length(answer=answer, rater=rater, item=item, weight=weight)
    alone = rater is None
    rater = np.arange(n) if rater is None else rater
    votes, weight_of, who = numbers(answer, "answer"), weights(weight, n), encode(rater)
    low, high = bounds
    if not low < high or votes.min() < low or votes.max() > high:
        raise InputError(f"Answers must lie within bounds={bounds}.")
    if method == "betting":
        return _betting(votes, np.asarray(rater), bounds, tuned_for)
    mean, influence = mean_influence(votes, weight_of)
    found = cluster_variance(influence, who, as_items(item))
    clusters = float(min(found.clusters.values())) if who.size > 1 and found.clusters else 1.0
    floor, effective = _floor(votes, weight_of, mean, bounds, clusters if found.variance == 0 else np.inf)
    variance = max(found.variance, floor)
    information = effective * floor / variance
    between, within = _components(votes, who)
    notes = found.notes + ((NO_RATER_NOTE,) if alone else ())
    if np.isinf(anytime_multiplier(clusters, tuned_for=tuned_for)):
        notes += (f"With {clusters:g} raters nothing can be concluded yet.",)
    return ConfidenceSequence(
        estimate=mean,
        standard_error=float(np.sqrt(variance)),
        n=n,
        method=f"confidence sequence, {found.method}",
        rule=AnytimeRule(clusters, information, low, high, tuned_for),
        clusters=found.clusters,
        convention="anytime-valid t mixture",
        notes=notes,
        design_effect=found.design_effect,
        bounds=bounds,
        information=information,
        between=between,
        within=within,
        tuned_for=tuned_for,
    )


def _floor(
    votes: FloatArray, weight: FloatArray, mean: float, bounds: tuple[float, float], most: float
) -> tuple[float, float]:
    """Return the variance of independent votes, a pseudo-vote at each end added, and their number.

    ``most`` is the number of clusters where these do not differ: then they count as single votes.
    """
    share = weight / weight.sum()
    effective = min(float(1 / (share**2).sum()), most)
    ends = (bounds[0] - mean) ** 2 + (bounds[1] - mean) ** 2
    spread = (effective * float(share @ (votes - mean) ** 2) + ends) / (effective + 2)
    return spread / effective, effective


def _components(votes: FloatArray, who: Codes) -> tuple[float, float]:
    """Return the variance between raters and within a rater's votes, by one-way analysis of variance."""
    each = sums_by(who.codes, np.ones(len(votes)), who.size)
    means = sums_by(who.codes, votes, who.size) / each
    n, raters = len(votes), who.size
    inside = float(((votes - means[who.codes]) ** 2).sum())
    within = inside / (n - raters) if n > raters else 0.0
    if raters < 2:
        return 0.0, within
    spread = float((each * (means - votes.mean()) ** 2).sum()) / (raters - 1)
    size = (n - float((each**2).sum()) / n) / (raters - 1)
    return max(0.0, (spread - within) / size), within


def _betting(
    votes: FloatArray, rater: np.ndarray, bounds: tuple[float, float], tuned_for: float
) -> ConfidenceSequence:
    """Return the hedged-capital sequence on completed raters' means in order of their first vote."""
    names, first, who = np.unique(rater, return_index=True, return_inverse=True)
    codes = Codes(who.ravel().astype(np.int64), names)
    means = sums_by(codes.codes, votes, codes.size) / sums_by(codes.codes, np.ones(len(votes)), codes.size)
    ordered = (means[np.argsort(first)] - bounds[0]) / (bounds[1] - bounds[0])
    between, within = _components(votes, codes)
    spread = float(means.std(ddof=1)) if len(means) > 1 else bounds[1] - bounds[0]
    return ConfidenceSequence(
        estimate=float(means.mean()),
        standard_error=spread / float(np.sqrt(len(means))),
        n=len(votes),
        method="confidence sequence by betting on raters' means",
        rule=BettingRule(tuple(ordered.tolist()), bounds),
        clusters={"rater": codes.size},
        convention="anytime-valid, exact for bounded raters",
        notes=("Each rater weighs alike; only raters who are done may be given.",),
        bounds=bounds,
        information=float(codes.size),
        between=between,
        within=within,
        tuned_for=tuned_for,
    )


@dataclass(frozen=True)
class BettingRule:
    """Waudby-Smith and Ramdas' (2024) hedged capital: means against which no bet grew to 1/(1 - level)."""

    values: tuple[float, ...]
    bounds: tuple[float, float]
    grid: int = 2001

    def __call__(self, estimate: Any, standard_error: Any, level: float) -> Interval[Any]:
        """Return the smallest interval that holds every mean not yet refuted."""
        x, alpha = np.asarray(self.values), 1 - level
        stakes = _predictable_stakes(x, alpha)
        means = np.linspace(0, 1, self.grid)
        up, down = np.zeros(self.grid), np.zeros(self.grid)
        refuted = np.zeros(self.grid, dtype=bool)
        for value, stake in zip(x, stakes, strict=True):
            with np.errstate(divide="ignore"):
                up += np.log1p(np.minimum(stake, 0.5 / np.maximum(means, 1e-12)) * (value - means))
                down += np.log1p(-np.minimum(stake, 0.5 / np.maximum(1 - means, 1e-12)) * (value - means))
            refuted |= np.maximum(up, down) + np.log(0.5) >= -np.log(alpha)
        kept = means[~refuted]
        low, high = (kept.min(), kept.max()) if len(kept) else (estimate, estimate)
        step, width = 1 / (self.grid - 1), self.bounds[1] - self.bounds[0]
        start = self.bounds[0]
        return Interval(
            float(start + width * max(0.0, low - step)), float(start + width * min(1.0, high + step))
        )


def _predictable_stakes(x: FloatArray, alpha: float) -> FloatArray:
    """Return the predictable plug-in stakes: each uses only what came before."""
    t = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    before = np.concatenate([[0.25], variance[:-1]])
    return np.asarray(np.sqrt(2 * np.log(2 / alpha) / (before * t * np.log(t + 1))))


def sequential_difference(
    strengths: Strengths, label: Any, other: Any, *, tuned_for: float = TUNED_FOR
) -> Tested[float]:
    """Return a difference of log-strengths whose interval may be looked at after every vote.

    ``strengths`` must come with errors clustered by rater. While there are too few raters to conclude
    anything the interval is infinite, and ``notes`` say so. Its p-value is anytime-valid: the smallest
    1 - level at which the sequence excludes 0.
    """
    raters = strengths.clusters.get("rater", 0)
    if raters < 2:
        raise NotEstimableError("A sequence over preferences needs errors clustered by at least two raters.")
    plain = strengths.difference(label, other)
    clusters = float(min(strengths.clusters.values()))
    information = strengths.n / max(strengths.design_effect or 1.0, 1.0)
    reach = anytime_multiplier(clusters, information=information, tuned_for=tuned_for)
    too_few = (f"With {clusters:g} raters nothing can be concluded yet: the interval has no ends.",)
    return Tested(
        estimate=plain.estimate,
        standard_error=plain.standard_error,
        n=plain.n,
        method=f"confidence sequence of a {plain.method}",
        rule=AnytimeRule(clusters, information, -np.inf, np.inf, tuned_for),
        clusters=strengths.clusters,
        convention="anytime-valid t mixture",
        notes=strengths.notes + (too_few if np.isinf(reach) else ()),
        pvalue=anytime_pvalue(
            plain.estimate, plain.standard_error, clusters, information=information, tuned_for=tuned_for
        ),
    )


def anytime_pvalue(
    estimate: float,
    standard_error: float,
    clusters: float,
    *,
    information: float = 0.0,
    tuned_for: float = TUNED_FOR,
) -> float:
    """Return the anytime-valid p-value of 0: 1 over the mixture's likelihood ratio, at most 1."""
    if clusters < 2 or standard_error <= 0:
        return 1.0
    growth = 1 + max(clusters, information) * _prior_variance(tuned_for, 0.95)
    x = (estimate / standard_error) ** 2 / (clusters - 1)
    log_ratio = -0.5 * np.log(growth) + clusters / 2 * (np.log1p(x) - np.log1p(x / growth))
    return float(min(1.0, np.exp(-log_ratio)))
