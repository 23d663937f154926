"""Agreement between raters: Krippendorff's alpha at the level of the answers, with what it means in words.

Of orders it is Kendall's tau (:mod:`humaneval.reports.analysis.orders`): to alpha, two orders that differ by
one swap are as different as an order and its reverse.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from humaneval.reports.analysis.adapters import (
    attempt,
    distinct,
    interval_of,
    items_of,
    method_of,
    no_interval,
)
from humaneval.reports.results import Agreement, QuestionFacts, finite
from humaneval.reports.votes import VoteTable
from humaneval.stats import krippendorff_alpha
from humaneval.stats.columns import cells, encode

Level = Literal["nominal", "ordinal"]
COEFFICIENT = "Krippendorff's alpha"
NOT_NAMED = "The file does not name the items that votes are about: nothing can be said of agreement."
_LEVELS: dict[str, Level] = {
    "rate": "nominal",
    "preference": "nominal",
    "scale": "ordinal",
    "duplicates": "nominal",
}


def measure_agreement(table: VoteTable, question: QuestionFacts, analysis: str) -> Agreement:
    """Return alpha over the stimuli: nominal for choices, ordinal for scales.

    A unit is the set of images shown together, whichever trial showed it; where a rater met one in two
    trials, the first answer counts here.
    """
    level, table = _LEVELS[analysis], _first_answers(table)
    result, note = attempt(
        lambda: krippendorff_alpha(rater=table.rater, item=table.unit, answer=table.value, level=level)
    )
    note = NOT_NAMED if result is None and items_of(table.unit) is None else note
    estimate = finite(result.estimate) if result else None
    return Agreement(
        question=question.key,
        coefficient=COEFFICIENT,
        level=level,
        estimate=estimate,
        interval=interval_of(result) if result else no_interval(note),
        method=method_of(result) if result else "",
        answers=len(table),
        raters=distinct(table.rater),
        units=_shared_units(table),
        words=_in_words(estimate, note),
        simulated=bool(table.simulated.any()),
    )


def _first_answers(table: VoteTable) -> VoteTable:
    """Return the table without a rater's second and later answers about the same stimuli."""
    unit = encode(table.unit)
    first = cells(encode(table.rater).codes, unit.codes, unit.size).first
    keep = np.zeros(len(table), dtype=bool)
    keep[first] = True
    return table.where(keep)


def _shared_units(table: VoteTable) -> int:
    """Return how many stimuli two answers or more are about: the others say nothing of agreement."""
    _, counts = np.unique(table.unit, return_counts=True)
    return int((counts > 1).sum())


def _in_words(alpha: float | None, note: str) -> str:
    """Return what alpha says, by Krippendorff's own thresholds (0.667 and 0.8)."""
    if alpha is None:
        return note or "Agreement could not be computed."
    if alpha >= 0.8:
        said = "Raters agree well about single stimuli."
    elif alpha >= 0.667:
        said = "Raters agree enough about single stimuli for tentative conclusions."
    elif alpha > 0.2:
        said = "Raters often disagree about single stimuli; averages over many votes can still be firm."
    else:
        said = (
            "Raters hardly agree about single stimuli beyond chance. Where images are hard to tell apart "
            "this is what one expects; it says nothing against averages over many votes."
        )
    return f"{said} {note}".strip()
