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
from humaneval.reports.analysis.adapters import (
    attempt,
    distinct,
    interval_of,
    items_of,
    method_of,
    no_interval,
)
from humaneval.reports.analysis.agreement import NOT_NAMED
from humaneval.reports.analysis.estimating import Subject, estimate_of
from humaneval.reports.analysis.judged_samples import Ordered
from humaneval.reports.analysis.outcomes import Outcomes, Quality, sums
from humaneval.reports.analysis.preferences import mean_of
from humaneval.reports.numbers import plain
from humaneval.reports.results import Agreement, ConditionFacts, Estimate, QuestionFacts, finite
from humaneval.reports.votes import Ballots, IntArray
from humaneval.stats import order_agreement
from humaneval.stats.columns import cells, encode
from humaneval.stats.order_agreement import OrderAgreement

Floats = NDArray[np.float64]
COEFFICIENT = "Kendall's tau"
LEVEL = "order"
"""What an agreement says of its level where answers are orders."""
SHARE_ABOVE = "mean share of the others on the screen that a condition is put above"


def outcomes_of_orders(ballots: Ballots, protocol: Protocol, settings: Mapping[str, Any]) -> Outcomes:
    """Return an outcome for each condition in each order: the share of the others that it is put above."""
    above = put_above(ballots, protocol, settings)
    order, slot = np.nonzero(ballots.lineup > 0)
    return Outcomes(
        ballots.row[order],
        ballots.lineup[order, slot],
        ballots.rater[order],
        ballots.shared[order],
        above[order, slot],
    )


def quality_of_orders(
    ballots: Ballots, rows: int, protocol: Protocol, settings: Mapping[str, Any]
) -> Quality | None:
    """Return how far each order goes with the other raters' mean order of the same images, by Kendall's tau.

    For a table of so many rows; ``None`` where no images were put in order by two raters.
    """
    above = np.nan_to_num(put_above(ballots, protocol, settings))
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
    above = put_above(ballots, protocol, settings)
    return [_share(ballots, above, question, condition) for condition in conditions]


def _share(ballots: Ballots, above: Floats, question: QuestionFacts, condition: ConditionFacts) -> Estimate:
    order, slot = np.nonzero(ballots.lineup == condition.id)
    value, rater, item = above[order, slot], ballots.rater[order], ballots.shared[order]
    label = "Share of the others on the screen that it is put above"
    return estimate_of(
        Subject(condition, question, "share_above", label, "share"),
        attempt(lambda: mean_of(value, rater=rater, item=item)),
        attempt(lambda: mean_of(value)),
        {
            "votes": len(value),
            "raters": distinct(rater),
            "items": items_of(ballots.unit[order]),
            "simulated": bool(ballots.simulated[order].any()),
        },
    )


def agreement_on_orders(
    ballots: Ballots, question: QuestionFacts, protocol: Protocol, settings: Mapping[str, Any]
) -> Agreement:
    """Return Kendall's tau between raters who ordered the same images, averaged over sets of images.

    Where a rater met a set in two trials, the first order counts here.
    """
    ballots = _first_of(ballots)
    above = put_above(ballots, protocol, settings)
    result, note = attempt(partial(order_agreement, -above, rater=ballots.rater, item=ballots.unit))
    note = NOT_NAMED if result is None and items_of(ballots.unit) is None else note
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
    return _coded_sets(ballots.lineup)


def judged_in_orders(ballots: Ballots, above: Floats, samples: IntArray, prompt: IntArray) -> Ordered:
    """Return the places of single samples: ``samples`` (N x S) and ``prompt`` (0: none) of each ballot.

    ``above`` is :func:`put_above`'s. Ballots of the same images are one line-up, and line-ups of one prompt
    one group.
    """
    order, slot = np.nonzero((ballots.lineup > 0) & (samples[:, : ballots.lineup.shape[1]] > 0))
    lineup = _coded_sets(samples)
    group = np.where(prompt > 0, prompt + lineup.max(initial=0), lineup)
    return Ordered.of_places(
        above[order, slot],
        ballots.rater[order],
        ballots.lineup[order, slot],
        samples[order, slot],
        lineup=lineup[order],
        group=group[order],
    )


def _coded_sets(rows: IntArray) -> IntArray:
    """Return a code of the numbers in each row, in whichever columns they stand."""
    code = np.zeros(len(rows), dtype=np.int64)
    for column in np.sort(rows, axis=1).T:
        place = encode(column)
        code = cells(code, place.codes, place.size).codes
    return code


def put_above(ballots: Ballots, protocol: Protocol, settings: Mapping[str, Any]) -> Floats:
    """Return the share of the others that each slot's image is put above (N x S), NaN where there is none."""
    counts = (ballots.lineup > 0).sum(axis=1)
    found = np.full(ballots.lineup.shape, np.nan)
    shares = shares_above(
        ballots.value, counts, lambda value, count: protocol.ordered_slots(value, count, settings)
    )
    found[:, : shares.shape[1]] = shares
    return found


def _first_of(ballots: Ballots) -> Ballots:
    """Return the ballots without a rater's second and later ones about the same images."""
    unit = encode(ballots.unit)
    both = cells(encode(ballots.rater).codes, unit.codes, unit.size)
    if both.size == len(ballots):
        return ballots
    keep = np.zeros(len(ballots), dtype=bool)
    keep[both.first] = True
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
