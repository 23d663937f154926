"""How well does an automated score predict people, given that both are uncertain?

A correlation over systems has three sources of chance: which raters and items were asked, how noisy the
score is, and which systems happened to be compared. The bootstrap here redraws all of them together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.alike import one_error
from humaneval.stats.bootstrap import multiplicities
from humaneval.stats.columns import Codes, encode, numbers, same_length, sums_by
from humaneval.stats.correlations import (
    FEWEST_FOR_ORDER,
    PERFECT,
    PerfectOrder,
    check_varies,
    coefficient_and_pvalue,
)
from humaneval.stats.errors import InputError, NotEstimableError
from humaneval.stats.intervals import BiasCorrected, Given
from humaneval.stats.permutations import Kind
from humaneval.stats.results import FloatArray, IntervalRule, Result


@dataclass(frozen=True, kw_only=True, eq=False)
class HumanMetricCorrelation(Result[float]):
    """A correlation of human means and metric scores over systems; ``n`` counts votes.

    ``human`` are the systems' means in the order of ``systems``, ``kind`` the coefficient.
    """

    systems: int
    kind: Kind
    human: FloatArray
    undefined: int
    replicates: FloatArray = field(repr=False)


def human_metric_correlation(
    *,
    answer: ArrayLike,
    condition: ArrayLike,
    rater: ArrayLike,
    item: ArrayLike | None = None,
    metric: dict[object, float],
    metric_error: dict[object, float] | None = None,
    kind: Kind = "spearman",
    replicates: int = 2000,
    resample_systems: bool = True,
    seed: int = 0,
) -> HumanMetricCorrelation:
    """Return the correlation of mean answers and metric scores, with a hierarchical bootstrap.

    ``metric`` maps each condition to its score, ``metric_error`` to the score's standard error (0 where
    absent). Each replicate redraws raters and items (a vote counts the product of their draws), adds
    normal noise to the scores, and (``resample_systems``) redraws the systems: the interval is then
    about systems like these, else about these very systems. Own code: no library redraws all of these
    together (Deutsch, Dror and Roth 2021 redraw systems and inputs).
    """
    n = same_length(answer=answer, condition=condition, rater=rater, item=item)
    systems = encode(condition)
    names = [label.item() if hasattr(label, "item") else label for label in systems.labels]
    missing = [str(name) for name in names if name not in metric]
    if missing:
        raise InputError(f"metric has no score for {', '.join(missing)}.")
    scores = np.array([metric[name] for name in names], dtype=float)
    errors = np.array([(metric_error or {}).get(name, 0.0) for name in names], dtype=float)
    votes = numbers(answer, "answer")
    human = sums_by(systems.codes, votes, systems.size) / sums_by(systems.codes, np.ones(n), systems.size)
    check_varies(human, scores)
    value, _ = coefficient_and_pvalue(human, scores, kind)
    who = encode(rater)
    what = encode(item) if item is not None else Codes(np.zeros(n, dtype=np.int64), np.zeros(1))
    draws = _human_replicates(votes, systems, who, what, replicates, np.random.default_rng(seed))
    values = _correlate(draws, scores, errors, kind, resample_systems, np.random.default_rng(seed + 1))
    kept = values[np.isfinite(values)]
    if len(kept) < 2:
        raise NotEstimableError("Hardly any replicate has two different systems: there are too few.")
    drawn = systems.size if resample_systems else np.inf
    rule: IntervalRule = BiasCorrected(kept, drawn, low=-1.0, high=1.0)
    error, convention = float(kept.std(ddof=1)), "bias-corrected percentile"
    convention += ", widened for few systems" if resample_systems else ""
    notes = _notes(systems.size)
    low, high = rule(value, error, 0.95)
    if error <= 1e-9 or high - low <= 1e-9:
        rule, convention = _without_spread(value, systems.size, kind, resample_systems)
        error = max(error, one_error(rule, value))
        notes += ("Raters, items and systems are (nearly) all alike in this: the bootstrap sees no spread.",)
    return HumanMetricCorrelation(
        estimate=value,
        standard_error=error,
        n=n,
        method=f"{kind} over {systems.size} systems, hierarchical bootstrap ({replicates}, seed {seed})",
        rule=rule,
        clusters={"rater": who.size, "item": what.size, "system": systems.size},
        convention=convention,
        notes=notes,
        systems=systems.size,
        kind=kind,
        human=human,
        undefined=len(values) - len(kept),
        replicates=kept,
    )


def _without_spread(value: float, systems: int, kind: Kind, resampled: bool) -> tuple[IntervalRule, str]:
    """Return the rule where all replicates are one: exact at ±1 over drawn systems, else all there is."""
    if resampled and systems >= FEWEST_FOR_ORDER and abs(value) > 1 - PERFECT:
        return PerfectOrder(systems, kind), "exact, from independent pairs of systems"
    return Given(-1.0, 1.0), "the whole range"


def _notes(systems: int) -> tuple[str, ...]:
    if systems >= 10:
        return ()
    return (f"Only {systems} systems: the correlation says little beyond them.",)


def _human_replicates(
    votes: FloatArray, systems: Codes, who: Codes, what: Codes, replicates: int, rng: np.random.Generator
) -> FloatArray:
    """Return bootstrap means (replicates, systems) over raters and items together."""
    result = np.full((replicates, systems.size), np.nan)
    for number in range(replicates):
        weight = multiplicities(who.size, 1, rng)[0][who.codes]
        if what.size > 1:
            weight = weight * multiplicities(what.size, 1, rng)[0][what.codes]
        total = sums_by(systems.codes, weight, systems.size)
        seen = total > 0
        result[number, seen] = sums_by(systems.codes, weight * votes, systems.size)[seen] / total[seen]
    return result


def _correlate(
    human: FloatArray,
    scores: FloatArray,
    errors: FloatArray,
    kind: Kind,
    resample: bool,
    rng: np.random.Generator,
) -> FloatArray:
    values = np.full(len(human), np.nan)
    for number, row in enumerate(human):
        noisy = scores + errors * rng.standard_normal(len(scores))
        pick = rng.integers(0, len(scores), len(scores)) if resample else np.arange(len(scores))
        pick = pick[np.isfinite(row[pick])]
        x, y = row[pick], noisy[pick]
        if len(pick) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0:
            values[number] = coefficient_and_pvalue(x, y, kind)[0]
    return values


@dataclass(frozen=True, kw_only=True)
class NoiseCeiling:
    """The highest correlation a perfect metric could reach with estimates this noisy.

    ``reliability`` is the share of the estimates' variance between systems that is not noise.
    """

    ceiling: float
    reliability: float
    note: str


def noise_ceiling(estimates: ArrayLike, standard_errors: ArrayLike) -> NoiseCeiling:
    """Return √reliability of human estimates, one a system (Spearman 1904's attenuation).

    Reliability is 1 - mean(error²)/variance of the estimates, at least 0. Dividing an observed Pearson
    correlation by the ceiling estimates what it would be with noiseless people.
    """
    n = same_length(estimates=estimates, standard_errors=standard_errors)
    values, errors = numbers(estimates, "estimates"), numbers(standard_errors, "standard_errors")
    if n < 3:
        raise NotEstimableError("A noise ceiling needs at least three systems.")
    check_varies(values)
    reliability = max(0.0, 1 - float((errors**2).mean()) / float(values.var(ddof=1)))
    note = (
        "The systems do not differ by more than noise: no metric can be seen to follow people."
        if reliability == 0
        else f"Noise in the human estimates caps any metric's correlation near {np.sqrt(reliability):.2f}."
    )
    return NoiseCeiling(ceiling=float(np.sqrt(reliability)), reliability=reliability, note=note)
