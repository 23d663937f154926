"""How often did people answer yes: rates and their differences, for raters who answer many times.

The default estimand is the population of raters and items, not these votes: votes of one rater (and votes
about one item) go together, and the interval says so. The independent-vote intervals of the textbooks are
there by name, computed by statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from humaneval.stats import bootstrap
from humaneval.stats.alike import is_alike, one_error
from humaneval.stats.clusters import ClusterVariance, cluster_variance, mean_influence
from humaneval.stats.columns import Codes, encode, numbers, same_length, sums_by, weights
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import Binomial, Percentile, Score
from humaneval.stats.items import Items, Repeating, as_items
from humaneval.stats.mixed_logit import mixed_logit
from humaneval.stats.results import FloatArray, IntervalRule, Result
from humaneval.stats.tables import only_counts, right_of

RateMethod = Literal["clustered", "wilson", "clopper_pearson", "jeffreys", "cluster_bootstrap", "mixed_logit"]
_NAIVE = {"wilson": "Wilson", "clopper_pearson": "Clopper-Pearson", "jeffreys": "Jeffreys"}


@dataclass(frozen=True, kw_only=True)
class RateResult(Result[float]):
    """A rate between 0 and 1; ``successes`` is the (weighted) number of yes answers."""

    successes: float


def rate(
    answer: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: Repeating | None = None,
    weight: ArrayLike | None = None,
    successes: float | None = None,
    trials: float | None = None,
    counts: ArrayLike | None = None,
    method: RateMethod = "clustered",
    replicates: int = 2000,
    seed: int = 0,
) -> RateResult:
    """Return the share of yes answers (``answer`` is 0/1 or bool, one value a vote).

    ``method="clustered"``: sandwich variance two-way by rater and item where items (one a vote, or several)
    repeat across raters, else by rater (CR2), put into Wilson's score interval through the effective number
    of votes p(1-p)/se² with a Student quantile. ``cluster_bootstrap`` redraws raters, and items where these
    repeat (percentile interval, widened for few);
    ``mixed_logit`` fits crossed rater and item effects (:mod:`humaneval.stats.mixed_logit`);
    ``wilson``, ``clopper_pearson`` and ``jeffreys`` take votes as independent, which votes of people are
    not. Those three also take ready ``successes`` out of ``trials``, or ``counts`` (yes, no).

    Raises InputError for answers other than 0 and 1, NotEstimableError where there are no votes.
    """
    if counts is not None:
        only_counts(answer=answer, rater=rater, item=item, weight=weight, successes=successes, trials=trials)
        successes, trials = right_of(counts)
    if answer is None:
        if successes is None or trials is None:
            raise InputError("Give either answer= (one 0/1 a vote) or successes= and trials=.")
        return _rate_of_counts(float(successes), float(trials), "wilson" if method == "clustered" else method)
    same_length(answer=answer, rater=rater, item=item, weight=weight)
    votes = zero_one(answer)
    weight_of = weights(weight, len(votes))
    if method in _NAIVE:
        return _naive(float(weight_of @ votes), float(weight_of.sum()), method, len(votes))
    raters = None if rater is None else encode(rater)
    items = as_items(item)
    if method == "clustered":
        return _clustered(votes, weight_of, raters, items)
    if raters is None:
        raise InputError(f"method={method!r} needs rater=.")
    if items is not None and items.several and method in ("cluster_bootstrap", "mixed_logit"):
        raise InputError(f"method={method!r} takes one item a vote; the default takes several.")
    if method == "cluster_bootstrap":
        return _bootstrapped(votes, weight_of, raters, items, replicates, seed)
    if method == "mixed_logit":
        return _mixed(votes, weight_of, raters, items)
    raise InputError(f"Unknown method {method!r} for a rate.")


def zero_one(answer: ArrayLike) -> FloatArray:
    """Return answers as 0.0 and 1.0, or raise InputError."""
    votes = numbers(answer, "answer")
    if not np.isin(votes, (0.0, 1.0)).all():
        raise InputError("The answers of a rate are 0 or 1; code them first (for example answer == 'real').")
    return votes


def _rate_of_counts(successes: float, trials: float, method: str) -> RateResult:
    if method not in _NAIVE:
        raise InputError(f"method={method!r} needs the votes (answer= and rater=), not their counts.")
    if trials <= 0:
        raise NotEstimableError("There are no votes to estimate a rate from.")
    if not 0 <= successes <= trials:
        raise InputError(f"{successes:g} successes out of {trials:g} trials is impossible.")
    return _naive(successes, trials, method, int(trials))


def _naive(successes: float, trials: float, method: str, n: int) -> RateResult:
    p = successes / trials
    rules: dict[str, IntervalRule] = {
        "wilson": Score(trials),
        "clopper_pearson": Binomial(successes, trials, "beta"),
        "jeffreys": Binomial(successes, trials, "jeffreys"),
    }
    return RateResult(
        estimate=p,
        standard_error=float(np.sqrt(p * (1 - p) / trials)),
        n=n,
        method=f"independent votes ({_NAIVE[method]})",
        rule=rules[method],
        convention=_NAIVE[method],
        notes=("Votes are taken as independent; votes of one rater are not.",),
        design_effect=1.0,
        successes=successes,
    )


def _clustered(votes: FloatArray, weight: FloatArray, rater: Codes | None, item: Items | None) -> RateResult:
    p, influence = mean_influence(votes, weight)
    variance = cluster_variance(influence, rater, item).or_independent()
    rule, notes = _score_rule(p, variance, float(1.0 / (influence.share**2).sum()))
    return RateResult(
        estimate=p,
        standard_error=float(np.sqrt(variance.variance)) or one_error(rule, p),
        n=len(votes),
        method=variance.method,
        rule=rule,
        clusters=variance.clusters,
        convention="Wilson score on the effective number of votes, Student quantile",
        notes=variance.notes + notes,
        design_effect=variance.design_effect,
        successes=float(weight @ votes),
    )


def _score_rule(p: float, variance: ClusterVariance, votes: float) -> tuple[IntervalRule, tuple[str, ...]]:
    """Return Wilson's rule on p(1-p)/variance votes, or what is known where the variance is 0."""
    if 0 < p < 1 and variance.variance > 0:
        freedom = variance.degrees_of_freedom if variance.degrees_of_freedom > 0 else np.inf
        return Score(p * (1 - p) / variance.variance, freedom), ()
    units = min(variance.clusters.values(), default=votes)
    note = f"All answers are alike: the interval takes the {units:g} independent units as that many votes."
    return Score(units), (note,)


def _bootstrapped(
    votes: FloatArray, weight: FloatArray, rater: Codes, item: Items | None, replicates: int, seed: int
) -> RateResult:
    if rater.size < 2:
        raise NotEstimableError("A bootstrap over raters needs at least two raters.")
    two_way = item if item is not None and item.size > 1 and item.crossed(rater) else None
    draws = _draws(votes, weight, rater, two_way, replicates, seed)
    clusters = {"rater": rater.size} if two_way is None else {"rater": rater.size, two_way.name: two_way.size}
    fewest = min(clusters.values())
    growth = fewest / (fewest - 1)
    p, influence = mean_influence(votes, weight)
    variance = float(draws.var(ddof=1)) * growth
    naive = cluster_variance(influence, None, None).independent
    if is_alike(variance, naive):
        return _clustered(votes, weight, rater, item)
    return RateResult(
        estimate=p,
        standard_error=float(np.sqrt(variance)),
        n=len(votes),
        method=f"bootstrap over {' and '.join(name + 's' for name in clusters)} ({replicates}, seed {seed})",
        rule=Percentile(draws, float(np.sqrt(growth)), 0.0, 1.0, fewest - 1.0),
        clusters=clusters,
        convention="percentile, widened for few clusters",
        design_effect=variance / naive if naive > 0 else None,
        successes=float(weight @ votes),
    )


def _draws(
    votes: FloatArray, weight: FloatArray, rater: Codes, item: Items | None, replicates: int, seed: int
) -> FloatArray:
    if item is None:
        yes = sums_by(rater.codes, weight * votes, rater.size)
        total = sums_by(rater.codes, weight, rater.size)
        return bootstrap.ratio_replicates(yes, total, replicates=replicates, seed=seed)
    place, shape = (rater.codes, item.codes[:, 0]), (rater.size, item.size)
    said = sparse.coo_matrix((weight * votes, place), shape).tocsr()
    asked = sparse.coo_matrix((weight, place), shape).tocsr()
    return bootstrap.crossed_ratio_replicates(said, asked, replicates=replicates, seed=seed)


def _mixed(votes: FloatArray, weight: FloatArray, rater: Codes, item: Items | None) -> RateResult:
    if not (weight == weight[0]).all():
        raise InputError("A mixed logit takes no weights.")
    found = mixed_logit(votes, rater, None if item is None else item.one_code())
    return RateResult(
        estimate=found.estimate,
        standard_error=found.standard_error,
        n=found.n,
        method=found.method,
        rule=found.rule,
        clusters=found.clusters,
        convention=found.convention,
        notes=found.notes,
        successes=float(votes.sum()),
    )
