"""Intake: votes come in, in batches and in any order, and each gets its answer.

**Once.** A session's votes are judged under the lock on its row, and an assignment has one vote by the
database's own constraint. A vote sent again under its key is a *duplicate*, and its sender is told what is
stored; another vote for an answered assignment is *rejected*.

**Durable.** Verdicts are returned after the transaction has committed, so what is acknowledged is stored.

**Late.** A vote that comes after its lease had expired is kept and marked. It fills the opening unless
another vote has; whoever has been handed the opening meanwhile may still vote. So a trial has more votes
than it wants only where one of them is marked late.

**What fills an opening.** Every answer, "cannot tell" too. Where the images did not show there was nothing to
judge: the vote is kept, and the opening is offered to other raters. So it is where a timed trial was spoilt,
if the study has such trials replaced.

A paused or closed study takes votes for what it has handed out: the work is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from humaneval.monitoring.instruments import VOTES
from humaneval.rating.adapting import answers_depend_on_votes, feedback_on, parameters_ahead
from humaneval.rating.judging import Judge, Submission, Verdict
from humaneval.rating.models import Opening, Session
from humaneval.rating.progress import Progress, progress_of
from humaneval.rating.statements import lock_session, store


@dataclass(frozen=True)
class Intake:
    """The verdicts on a batch, in its order, and how far the session is now."""

    verdicts: list[Verdict]
    progress: Progress
    feedback: Mapping[UUID, bool] = field(default_factory=dict)
    """By assignment, whether the vote was right, where the study tells its raters."""
    parameters: Mapping[UUID, dict[str, Any]] = field(default_factory=dict)
    """By assignment, those of timed trials that are still to be answered, as far as they are set."""


def store_votes(*, session: Session, submissions: Sequence[Submission]) -> Intake:
    """Store a batch of a session's votes in one transaction; return what became of each, once committed."""
    with transaction.atomic():
        history, answered = lock_session(session, submissions)
        now = timezone.now()
        judge = Judge(session, history, now)
        verdicts = [judge.judge(submission) for submission in submissions]
        stored = [verdict for verdict in verdicts if verdict.status == "stored"]
        if stored:
            _free_openings(stored, now)
            store(stored, _filled(stored), now, last=not answers_depend_on_votes(session.study))
        intake = Intake(
            verdicts,
            progress_of(session, answered=answered + len(stored)),
            feedback=feedback_on(session, verdicts),
            parameters=parameters_ahead(session),
        )
    for verdict in verdicts:
        VOTES.labels(verdict.status).inc()
    return intake


def _filled(stored: list[Verdict]) -> list[int]:
    """Return the openings that these votes fill."""
    handed = [verdict.handed for verdict in stored if verdict.fills]
    return [row.opening_id for row in handed if row and row.opening_id]


def _free_openings(stored: list[Verdict], now: datetime) -> None:
    """Free the openings that a rater held but could not judge."""
    handed = [verdict.handed for verdict in stored if not verdict.fills]
    if freed := [row.opening_id for row in handed if row and row.opening_id and not row.lapsed]:
        Opening.objects.filter(pk__in=freed, free_from__isnull=False).update(free_from=now)
