"""All agreement coefficients of the same votes side by side, and in words why they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from humaneval.stats.agreement import (
    AgreementResult,
    Alpha,
    Coefficient,
    Fleiss,
    Gwet,
    Level,
    Percent,
    agreement_weights,
    estimate,
    require_order,
    units_of,
)
from humaneval.stats.units import Units

_SKEWED = 0.75
_APART = 0.1


@dataclass(frozen=True, kw_only=True)
class AgreementOverview:
    """Coefficients of the same votes, and sentences that say what sets them apart."""

    percent: AgreementResult
    fleiss: AgreementResult
    alpha: AgreementResult
    gwet: AgreementResult
    largest_share: float
    explanation: tuple[str, ...]


def agreement_overview(
    table: ArrayLike | None = None,
    *,
    rater: ArrayLike | None = None,
    item: ArrayLike | None = None,
    answer: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    values: ArrayLike | None = None,
    level: Level = "nominal",
    replicates: int = 1000,
    seed: int = 0,
) -> AgreementOverview:
    """Return percent agreement, Fleiss' kappa, alpha and Gwet's AC of one table of units.

    Of a raters x units table, of ``counts`` (units x categories), or of votes. All use the same bootstrap
    draws of units. Gwet's coefficient is AC1 for nominal answers, AC2 with linear weights for ordinal and
    quadratic for interval and ratio ones.
    """
    units = units_of(table, rater, item, answer, counts, values)
    require_order(units, level)
    same = agreement_weights(units.values, "identity")
    partial = {"nominal": "identity", "ordinal": "linear"}.get(level, "quadratic")
    weighted = Gwet(agreement_weights(units.values, partial))
    coefficients: list[Coefficient] = [Percent(same), Fleiss(same), Alpha(units.values, level), weighted]
    percent, fleiss, alpha, gwet = (
        estimate(coefficient, units, replicates=replicates, seed=seed) for coefficient in coefficients
    )
    share = _largest_share(units)
    return AgreementOverview(
        percent=percent,
        fleiss=fleiss,
        alpha=alpha,
        gwet=gwet,
        largest_share=share,
        explanation=_explanation(units, percent, fleiss, alpha, gwet, share, level),
    )


def _largest_share(units: Units) -> float:
    counts = units.frequency @ units.patterns
    return float(counts.max() / counts.sum())


def _explanation(
    units: Units,
    percent: AgreementResult,
    fleiss: AgreementResult,
    alpha: AgreementResult,
    gwet: AgreementResult,
    share: float,
    level: Level,
) -> tuple[str, ...]:
    """Return sentences on what makes the coefficients of these votes differ."""
    said = [
        f"Two raters give the same answer {percent.estimate:.0%} of the time; by chance alone, given how "
        f"often each answer is used, it would be {fleiss.expected:.0%}."
    ]
    if share > _SKEWED and gwet.estimate - fleiss.estimate > _APART:
        said.append(
            f"{share:.0%} of all answers are the same one. Kappa and alpha then count most agreement as "
            "chance and come out low; Gwet's coefficient, which lets only guesses agree by chance, does not."
        )
    if level != "nominal" and alpha.estimate - fleiss.estimate > _APART:
        said.append(
            f"Alpha is {level}: neighbouring answers count as partly agreeing, to Fleiss' kappa they count "
            "as plain disagreement."
        )
    sizes = units.patterns.sum(axis=1)
    if np.ptp(sizes[sizes > 1]) > 0:
        said.append(
            "Items have different numbers of answers: alpha weighs each answer alike, the others each item."
        )
    if units.pairable < units.items:
        said.append(f"{units.items - units.pairable} items have a single answer and cannot show agreement.")
    return tuple(said)
