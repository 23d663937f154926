"""A study's votes as analyses and exports read them. ``pandas.DataFrame(answer_rows(study))`` is a table.

**Which votes count for estimates**: answered ones of neither repeats nor gold trials
(:attr:`AnswerRow.counts`).
Late votes count, and carry their mark; so do simulated ones: who leaves votes out does so by these columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, Q, When

from humaneval.rating.models import Vote, VoteOutcome
from humaneval.studies.models import Study

CHUNK = 5_000
"""Rows fetched at a time."""

JUDGED = Case(When(assignment__trial__expected__isnull=True, then="assignment__trial__condition_id"))
"""The condition that a vote tells of; none for a gold trial's."""


class AnswerRow(NamedTuple):
    """One answer with its vote; a vote without answers is one row with no value and no question.

    ``order`` is the slot at each place on screen, from the left. ``value`` is in the protocol's canonical
    code (a slot, a scale point). ``lineup`` is the
    condition in each slot where they may be more than two. ``response_ms`` runs from images shown to answer.
    """

    vote_id: int
    received_at: datetime
    session_id: int
    rater_id: int
    panel: str
    simulated: bool
    position: int
    order: list[int]
    parameters: dict[str, Any] | None
    is_repeat: bool
    is_gold: bool
    late: bool
    spoilt: bool
    outcome: str
    response_ms: float
    timings: dict[str, Any]
    trial_id: int
    trial_number: int
    condition_id: int
    other_id: int | None
    prompt_id: int | None
    slots: list[list[int]]
    lineup: list[int]
    question: str
    value: int | None

    @property
    def pseudonym(self) -> str:
        """The rater's name in exports."""
        return f"r{self.rater_id}"

    @property
    def counts(self) -> bool:
        """Whether estimates rest on it: answered, shown as asked, and neither a repeat nor a gold trial."""
        return self.outcome == VoteOutcome.ANSWERED and not (self.is_repeat or self.is_gold or self.spoilt)


_COLUMNS = (
    "pk",
    "received_at",
    "assignment__session_id",
    "assignment__session__rater_id",
    "assignment__session__rater__panel",
    "assignment__session__rater__simulated",
    "assignment__position",
    "assignment__order",
    "assignment__parameters",
    "assignment__is_repeat",
    "is_gold",
    "late",
    "spoilt",
    "outcome",
    "response_ms",
    "timings",
    "assignment__trial_id",
    "assignment__trial__number",
    "assignment__trial__condition_id",
    "assignment__trial__other_id",
    "assignment__trial__prompt_id",
    "assignment__trial__slots",
    "assignment__trial__lineup",
    "answers__question__key",
    "answers__value",
)


def answer_rows(study: Study) -> Iterator[AnswerRow]:
    """Yield a study's answers in order of vote, then question: one query, in constant memory."""
    votes = Vote.objects.filter(assignment__session__study=study).annotate(
        is_gold=Q(assignment__trial__expected__isnull=False)
    )
    rows = votes.order_by("pk", "answers__question__position", "answers__question_id").values_list(*_COLUMNS)
    for row in rows.iterator(chunk_size=CHUNK):
        *vote, question, value = row
        yield AnswerRow._make((*vote, question or "", value))
