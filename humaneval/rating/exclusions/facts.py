"""What rules may know of a vote, read in one pass over a study's votes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from humaneval.protocols import registry
from humaneval.rating.models import Answer, Session, SessionState, Vote
from humaneval.studies.models import Study, Trial

CHUNK = 5_000


@dataclass(frozen=True)
class VoteFacts:
    """One vote.

    ``answers`` are canonical values by question; ``pressed`` are the same as they stood on the screen (the
    place, or the point of a scale), which is what somebody repeats who does not look. ``expected`` holds the
    right answers of a gold trial. ``handed_at`` and ``received_at`` are by the server's clock.
    """

    vote_id: int
    session_id: int
    trial_id: int
    position: int
    is_repeat: bool
    simulated: bool
    screened_out: bool
    handed_at: datetime
    received_at: datetime
    late: bool
    spoilt: bool
    response_ms: float
    answers: dict[str, int]
    pressed: tuple[int, ...]
    expected: dict[str, int] | None


_COLUMNS = (
    "assignment__order",
    "pk",
    "assignment__session_id",
    "assignment__trial_id",
    "assignment__position",
    "assignment__is_repeat",
    "assignment__session__rater__simulated",
    "screened_out",
    "assignment__created_at",
    "received_at",
    "late",
    "spoilt",
    "response_ms",
)


def read_facts(study: Study, session: Session | None = None) -> list[VoteFacts]:
    """Return the facts of a study's votes, or of one session's, by session and position: three queries."""
    votes = Vote.objects.filter(assignment__session__study=study)
    answers = Answer.objects.filter(vote__assignment__session__study=study)
    if session is not None:
        votes = votes.filter(assignment__session=session)
        answers = answers.filter(vote__assignment__session=session)
    given = _by_vote(answers)
    known = Trial.objects.filter(study=study, expected__isnull=False)
    gold = {trial: expected for trial, expected in known.values_list("id", "expected") if expected}
    uses_scale = registry.get(study.protocol).uses_scale
    rows = (
        votes.annotate(screened_out=Q(assignment__session__state=SessionState.SCREENED_OUT))
        .order_by("assignment__session_id", "assignment__position")
        .values_list(*_COLUMNS)
    )
    return [
        _facts(columns, [] if uses_scale else order, given, gold)
        for order, *columns in rows.iterator(chunk_size=CHUNK)
    ]


def _facts(
    columns: list[Any],
    order: list[int],
    answers: Mapping[int, dict[str, int]],
    gold: Mapping[int, dict[str, int]],
) -> VoteFacts:
    vote, _session, trial, *_others = columns
    given = answers.get(vote, {})
    facts: list[Any] = [*columns, given, _pressed(given, order), gold.get(trial)]
    return VoteFacts(*facts)


def _by_vote(answers: QuerySet[Answer]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for vote, question, value in answers.values_list("vote_id", "question__key", "value").iterator(CHUNK):
        found[vote][question] = value
    return found


def _pressed(answers: dict[str, int], order: list[int]) -> tuple[int, ...]:
    """Return each answer as it stood on screen: the place of a slot, or the value itself."""
    several = len(order) > 1
    values = (answers[key] for key in sorted(answers))
    return tuple(order.index(value) if several and value in order else value for value in values)
