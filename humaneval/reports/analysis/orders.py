"""Orders of several conditions, beyond their strengths: how far raters agree on them.

An order says of each condition on the screen which share of the others it is put above (a tie, as between
those that are neither best nor worst, counts half). That share stands in for a mean where one is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.protocols.base import Protocol
from humaneval.protocols.orders import shares_above
from humaneval.reports.analysis.adapters import attempt, distinct, interval_of, method_of, no_interval
from humaneval.reports.analysis.outcomes import Outcomes, Quality, sums
from humaneval.reports.analysis.preferences import mean_of
from humaneval.reports.numbers import plain
from humaneval.reports.results import Agreement, ConditionFacts, Estimate, QuestionFacts, finite
from humaneval.reports.votes import Ballots, IntArray
from humaneval.stats import order_agreement
from humaneval.stats.order_agreement import OrderAgreement

Floats = NDArray[np.float64]
COEFFICIENT = "Kendall's tau"
LEVEL = "order"
"""What an agreement says of its level where answers are orders."""
SHARE_ABOVE = "mean share of the others on the screen that a condition is put above"


def outcomes_of_orders(ballots: Ballots, protocol: Protocol, settings: Mapping[str, Any]) -> Outcomes:
    """Return an outcome for each condition in each order: the share of the others that it is put above."""
    above = _above(ballots, protocol, settings)
    order, slot = np.nonzero(ballots.lineup > 0)
    return Outcomes(
        ballots.row[order],
        ballots.lineup[order, slot],
        ballots.rater[order],
        ballots.unit[order],
        above[order, slot],
    )


def quality_of_orders(
    ballots: Ballots, rows: int, protocol: Protocol, settings: Mapping[str, Any]
) -> Quality | None:
    """Return how far each order goes with the other raters' mean order of the same images, by Kendall's tau.

    For a table of so many rows; ``None`` where no images were put in order by two raters.
    """
    above = np.nan_to_num(_above(ballots, protocol, settings))
    others = np.stack(
        [sums(one, ballots.unit) - sums(one, ballots.unit, ballots.rater) for one in above.T], axis=1
    )
    value = np.full(rows, np.nan)
    value[ballots.row] = _tau(above, np.round(others, 9), ballots.lineup > 0)
    if not np.isfinite(value).any():
        return None
    return Quality(value, "agreement with the other raters' mean order", "tau")


def estimate_shares(
    ballots: Ballots,
    question: QuestionFacts,
    conditions: Sequence[ConditionFacts],
    protocol: Protocol,
    settings: Mapping[str, Any],
) -> list[Estimate]:
    """Return each condition's mean share of the others on the screen that it is put above."""
    outcomes = outcomes_of_orders(ballots, protocol, settings)
    simulated = np.zeros(int(ballots.row.max(initial=-1)) + 1, dtype=bool)
    simulated[ballots.row] = ballots.simulated
    found = []
    for condition in conditions:
        own = outcomes.where(outcomes.condition == condition.id)
        found.append(_share(own, question, condition, bool(simulated[own.row].any())))
    return found


def _share(own: Outcomes, question: QuestionFacts, condition: ConditionFacts, simulated: bool) -> Estimate:
    result, note = attempt(lambda: mean_of(own.value, rater=own.rater, item=own.item))
    naive, reason = attempt(lambda: mean_of(own.value))
    return Estimate(
        condition=condition.id,
        label=condition.label,
        kind=condition.kind,
        question=question.key,
        measure="share_above",
        measure_label="Share of the others on the screen that it is put above",
        unit="share",
        headline=False,
        estimate=finite(result.estimate) if result else None,
        interval=interval_of(result) if result else no_interval(note),
        naive=interval_of(naive) if naive else no_interval(reason),
        votes=len(own.value),
        raters=distinct(own.rater),
        items=distinct(own.item),
        method=method_of(result) if result else "",
        design_effect=finite(result.design_effect) if result else None,
        simulated=simulated,
        note=note,
    )


def agreement_on_orders(
    ballots: Ballots, question: QuestionFacts, protocol: Protocol, settings: Mapping[str, Any]
) -> Agreement:
    """Return Kendall's tau between raters who ordered the same images, averaged over sets of images.

    Where a rater met a set in two trials, the first order counts here.
    """
    ballots = _first_of(ballots)
    above = _above(ballots, protocol, settings)
    result, note = attempt(partial(order_agreement, -above, rater=ballots.rater, item=ballots.unit))
    return Agreement(
        question=question.key,
        coefficient=COEFFICIENT,
        level=LEVEL,
        estimate=finite(result.estimate) if result else None,
        interval=interval_of(result) if result else no_interval(note),
        method=method_of(result) if result else "",
        answers=len(ballots),
        raters=distinct(ballots.rater),
        units=result.sets if isinstance(result, OrderAgreement) else 0,
        words=_in_words(result, note) if isinstance(result, OrderAgreement) else note,
        simulated=bool(ballots.simulated.any()),
    )


def lineups(ballots: Ballots) -> IntArray:
    """Return a code of the conditions in each lineup, in whichever slots they stand."""
    code = np.zeros(len(ballots), dtype=np.int64)
    for column in np.sort(ballots.lineup, axis=1).T:
        _, place = np.unique(column, return_inverse=True)
        _, code = np.unique(code * (place.max(initial=0) + 1) + place, return_inverse=True)
    return code


def _above(ballots: Ballots, protocol: Protocol, settings: Mapping[str, Any]) -> Floats:
    counts = (ballots.lineup > 0).sum(axis=1)
    found = np.full(ballots.lineup.shape, np.nan)
    shares = shares_above(
        ballots.value, counts, lambda value, count: protocol.ordered_slots(value, count, settings)
    )
    found[:, : shares.shape[1]] = shares
    return found


def _first_of(ballots: Ballots) -> Ballots:
    """Return the ballots without a rater's second and later ones about the same images."""
    _, unit = np.unique(ballots.unit, return_inverse=True)
    _, rater = np.unique(ballots.rater, return_inverse=True)
    _, first = np.unique(rater * (unit.max(initial=0) + 1) + unit, return_index=True)
    keep = np.zeros(len(ballots), dtype=bool)
    keep[first] = True
    return ballots.where(keep)


def _tau(one: Floats, other: Floats, shown: NDArray[np.bool_]) -> Floats:
    """Return tau-b of two orders, row by row; NaN where either puts all things alike."""
    first, second = np.triu_indices(one.shape[1], 1)
    there = shown[:, first] & shown[:, second]
    mine, theirs = (there * np.sign(side[:, first] - side[:, second]) for side in (one, other))
    size = np.sqrt((mine**2).sum(axis=1) * (theirs**2).sum(axis=1))
    found = np.full(len(one), np.nan)
    np.divide((mine * theirs).sum(axis=1), size, out=found, where=size > 0)
    return found


def _in_words(found: OrderAgreement, note: str) -> str:
    """Return what tau says, where chance stands, and Kendall's W beside it."""
    low, _high = found.confidence_interval()
    said = (
        "Raters order the same images more alike than by chance."
        if low > 0
        else "Raters are not shown to order the same images more alike than by chance. Where images are hard "
        "to tell apart this is what one expects; it says nothing against averages over many orders."
    )
    scale = "1 is the same order, 0 in the mean chance, −1 the reverse"
    pairs = (
        ""
        if found.tied
        else f" Two raters put two images of a set in the same order {50 * (1 + found.estimate):.0f}% of the "
        "time; by chance it would be 50%."
    )
    return (
        f"{said} Of tau, {scale}.{pairs} Kendall's W of all raters of a set is "
        f"{plain(found.concordance, 2)} in the mean; by chance it would be "
        f"{plain(found.chance_concordance, 2)}, one over the number of raters. {note}"
    ).strip()
