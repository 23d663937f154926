"""Looking at a running study: intervals that hold however often, and whenever, somebody looks.

They are confidence sequences, clustered by rater and trial, one for each condition and question. What is
estimated stands in the report too: the rate that the protocol names, the mean of a scale, the share of pairs
that are called the same; the win rate against the field (a tie counts half), and of orders the share of the
others on the screen that a condition is put above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from humaneval.protocols import registry
from humaneval.protocols.orders import shares_above
from humaneval.rating.counted import CountedVotes
from humaneval.samples.models import SampleKind
from humaneval.stats import confidence_sequence
from humaneval.stats.sequential import ConfidenceSequence
from humaneval.studies.models import Study

LEVEL = 0.95
FEWEST_RATERS = 2

Answers = tuple[int, NDArray[np.float64], CountedVotes]


@dataclass(frozen=True)
class Look:
    """A condition's estimate on a question so far, with an interval valid at every look."""

    condition: int
    question: str
    estimate: float
    low: float
    high: float
    raters: int
    votes: int


def look_at(study: Study, votes: CountedVotes) -> list[Look]:
    """Return the study's intervals so far; none of a condition that fewer than two raters have voted on."""
    found = []
    for (condition, question), sequence in sequences(study, votes).items():
        low, high = sequence.confidence_interval(LEVEL)
        raters = sequence.clusters.get("rater", 1)
        found.append(
            Look(condition, question, float(sequence.estimate), float(low), float(high), raters, sequence.n)
        )
    return found


def sequences(study: Study, votes: CountedVotes) -> dict[tuple[int, str], ConfidenceSequence]:
    """Return the confidence sequence of each condition and question that two raters have voted on."""
    points = dict(study.questions.values_list("key", "points"))
    real = set(study.conditions.filter(sample_set__kind=SampleKind.REAL).values_list("pk", flat=True))
    found: dict[tuple[int, str], ConfidenceSequence] = {}
    for number, key in enumerate(votes.keys):
        asked = votes.where(votes.question == number)
        bounds = _bounds(study, points[key])
        for condition, answers, rows in _by_condition(study, asked, real):
            if len(np.unique(rows.rater)) >= FEWEST_RATERS:
                found[condition, key] = confidence_sequence(
                    answers, rater=rows.rater, item=rows.trial, bounds=bounds
                )
    return found


def _bounds(study: Study, points: int) -> tuple[float, float]:
    protocol = registry.get(study.protocol)
    if protocol.analysis == "scale":
        low, high = protocol.value_range(points, study.settings)
        return float(low), float(high)
    return 0.0, 1.0


def _by_condition(study: Study, votes: CountedVotes, real: set[int]) -> list[Answers]:
    """Return each condition with its answers, on the scale of its estimate, and their rows."""
    found = []
    shown = np.unique(np.concatenate([votes.condition, votes.other, votes.lineup.ravel()]))
    for condition in shown[shown > 0].tolist():
        answers, rows = _about(condition, study, votes, real)
        if len(rows):
            found.append((condition, np.asarray(answers, dtype=np.float64), rows))
    return found


def _about(
    condition: int, study: Study, votes: CountedVotes, real: set[int]
) -> tuple[NDArray[Any], CountedVotes]:
    """Return the answers that tell of a condition, and their rows."""
    protocol = registry.get(study.protocol)
    if protocol.analysis == "ranking":
        rows = votes.where((votes.lineup == condition).any(axis=1))
        counts = (rows.lineup > 0).sum(axis=1)
        shares = shares_above(
            rows.value, counts, lambda value, count: protocol.ordered_slots(value, count, study.settings)
        )
        slot = (rows.lineup == condition).argmax(axis=1)
        return shares[np.arange(len(rows)), slot], rows
    if protocol.analysis == "preference":
        rows = votes.where((votes.condition == condition) | (votes.other == condition))
        own = np.where(rows.condition == condition, 0, 1)
        return np.where(rows.value < 0, 0.5, rows.value == own), rows
    rows = votes.where(votes.condition == condition)
    if protocol.analysis == "scale":
        return rows.value, rows
    if protocol.analysis == "duplicates":
        return rows.value == 1, rows
    return protocol.successes(rows.value, np.full(len(rows), condition in real)), rows
