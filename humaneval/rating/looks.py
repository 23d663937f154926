"""Looking at a running study: intervals that hold however often, and whenever, somebody looks.

They are confidence sequences, clustered by rater and trial, one for each condition and question. What is
estimated is what the report does: the rate that the protocol names, the mean of a scale, the win rate against
the field (a tie counts half).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from humaneval.protocols import registry
from humaneval.rating.counted import CountedVotes
from humaneval.samples.models import SampleKind
from humaneval.stats import confidence_sequence
from humaneval.stats.sequential import ConfidenceSequence
from humaneval.studies.models import Study

LEVEL = 0.95
FEWEST_RATERS = 2


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
    """Return the confidence sequence of each condition and question that two raters have voted on.

    None for protocols whose answers are neither rates nor scales nor preferences.
    """
    points = dict(study.questions.values_list("key", "points"))
    real = set(study.conditions.filter(sample_set__kind=SampleKind.REAL).values_list("pk", flat=True))
    found: dict[tuple[int, str], ConfidenceSequence] = {}
    for number, key in enumerate(votes.keys):
        asked = votes.where(votes.question == number)
        bounds = _bounds(study, points[key])
        for condition, answers, rows in _by_condition(study, asked, real) if bounds else ():
            if len(np.unique(rows.rater)) >= FEWEST_RATERS:
                found[condition, key] = confidence_sequence(
                    answers, rater=rows.rater, item=rows.trial, bounds=bounds or (0.0, 1.0)
                )
    return found


def _bounds(study: Study, points: int) -> tuple[float, float] | None:
    protocol = registry.get(study.protocol)
    if protocol.analysis == "scale":
        low, high = protocol.value_range(points, study.settings)
        return float(low), float(high)
    return (0.0, 1.0) if protocol.analysis in {"rate", "preference"} else None


def _by_condition(
    study: Study, votes: CountedVotes, real: set[int]
) -> list[tuple[int, NDArray[np.float64], CountedVotes]]:
    """Return each condition with its answers, on the scale of its estimate, and their rows."""
    protocol = registry.get(study.protocol)
    found = []
    for condition in np.unique(np.concatenate([votes.condition, votes.other])).tolist():
        if not condition:
            continue
        if protocol.analysis == "preference":
            rows = votes.where((votes.condition == condition) | (votes.other == condition))
            own = np.where(rows.condition == condition, 0, 1)
            answers = np.where(rows.value < 0, 0.5, rows.value == own)
        else:
            rows = votes.where(votes.condition == condition)
            is_real = np.full(len(rows), condition in real)
            scale = protocol.analysis == "scale"
            answers = rows.value if scale else protocol.successes(rows.value, is_real)
        if len(rows):
            found.append((condition, np.asarray(answers, dtype=np.float64), rows))
    return found
