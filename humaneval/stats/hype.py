"""HYPE: how often people err about real and generated images (Zhou et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.columns import same_length
from humaneval.stats.errors import NotEstimableError
from humaneval.stats.rates import RateMethod, RateResult, rate, zero_one


@dataclass(frozen=True, kw_only=True)
class HypeScore(RateResult):
    """The share of wrong judgements (0.5 is chance: indistinguishable; above it, more real than real).

    ``fakes`` is the share of generated images judged real, ``reals`` that of real images judged fake.
    """

    fakes: RateResult
    reals: RateResult


def hype_score(
    *,
    answer: ArrayLike,
    real: ArrayLike,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    method: RateMethod = "clustered",
    seed: int = 0,
) -> HypeScore:
    """Return HYPE scores: ``answer`` is 1 for "real", ``real`` 1 where the image was.

    The overall score is the mean error over all judgements, so that it is HYPE's only where each rater saw
    as many real as generated images; else a note says so. The paper's interval is
    ``method="cluster_bootstrap"``; the default also counts images as drawn from a population.
    """
    same_length(answer=answer, real=real, rater=rater, item=item)
    said, true = zero_one(answer), zero_one(real) > 0
    if not true.any() or true.all():
        raise NotEstimableError("A HYPE score needs both real and generated images.")
    wrong = (said > 0) != true

    def part(chosen: np.ndarray) -> RateResult:
        return rate(
            wrong[chosen],
            rater=None if rater is None else np.asarray(rater)[chosen],
            item=None if item is None else np.asarray(item)[chosen],
            method=method,
            seed=seed,
        )

    overall = part(np.ones(len(wrong), dtype=bool))
    notes = overall.notes
    if true.mean() != 0.5:
        notes += (f"{true.mean():.0%} of the images were real; the published score has half.",)
    return HypeScore(
        estimate=overall.estimate,
        standard_error=overall.standard_error,
        n=overall.n,
        method=f"share of wrong judgements, {overall.method}",
        rule=overall.rule,
        clusters=overall.clusters,
        convention=overall.convention,
        notes=notes,
        design_effect=overall.design_effect,
        successes=overall.successes,
        fakes=part(~true),
        reals=part(true),
    )
