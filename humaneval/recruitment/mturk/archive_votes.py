"""Votes of an archive, stored like any other: in bulk, each once, its worker known by a keyed hash alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db.models import Max

from humaneval.rating.identity import session_token, token_hash
from humaneval.rating.models import Answer, Assignment, Rater, Session, SessionState, Vote
from humaneval.recruitment.people import person_hash
from humaneval.studies.models import Study, Trial

PANEL = "mturk"
BATCH = 1_000


@dataclass(frozen=True)
class ArchivedVote:
    """What one worker answered to one trial; ``values`` are canonical, by question key."""

    assignment: str
    worker: str
    trial: Trial
    order: list[int]
    values: dict[str, int]
    submitted: datetime
    response_ms: float
    extras: dict[str, Any]

    @property
    def key(self) -> UUID:
        """The vote's idempotency key: the same for the same row of the same file."""
        return uuid5(NAMESPACE_URL, f"mturk:{self.assignment}:{self.trial.number}")


def store(study: Study, votes: Sequence[ArchivedVote]) -> int:
    """Store the votes that are not there yet, a fixed number of queries for each thousand; return how many.

    A worker's second answer to a trial is not taken. The caller holds the transaction.
    """
    sessions = _sessions(study, {person_hash(PANEL, vote.worker) for vote in votes})
    new = _new(study, votes, sessions)
    places = _next_places(study)
    assignments = []
    for session, vote in new:
        position = places.get(session.pk, 0)
        places[session.pk] = position + 1
        assignments.append(
            Assignment(
                session=session,
                trial=vote.trial,
                position=position,
                order=vote.order,
                lease_until=vote.submitted,
            )
        )
    Assignment.objects.bulk_create(assignments, batch_size=BATCH)
    rows = [
        Vote(
            assignment=assignment,
            key=vote.key,
            response_ms=vote.response_ms,
            timings={**vote.extras, "submitted_at": vote.submitted.isoformat()},
        )
        for assignment, (_session, vote) in zip(assignments, new, strict=True)
    ]
    _answer(study, Vote.objects.bulk_create(rows, batch_size=BATCH), [vote for _session, vote in new])
    return len(new)


def _answer(study: Study, rows: Sequence[Vote], votes: Sequence[ArchivedVote]) -> None:
    questions = {question.key: question for question in study.questions.all()}
    Answer.objects.bulk_create(
        (
            Answer(vote=row, question=questions[name], value=value)
            for row, vote in zip(rows, votes, strict=True)
            for name, value in vote.values.items()
        ),
        batch_size=BATCH,
    )


def _new(
    study: Study, votes: Sequence[ArchivedVote], sessions: dict[str, Session]
) -> list[tuple[Session, ArchivedVote]]:
    answered = Assignment.objects.filter(session__study=study, is_repeat=False)
    seen = set(answered.values_list("session_id", "trial_id"))
    keys = set(Vote.objects.filter(assignment__session__study=study).values_list("key", flat=True))
    found = []
    for vote in votes:
        session = sessions[person_hash(PANEL, vote.worker)]
        if vote.key in keys or (session.pk, vote.trial.pk) in seen:
            continue
        seen.add((session.pk, vote.trial.pk))
        keys.add(vote.key)
        found.append((session, vote))
    return found


def _next_places(study: Study) -> dict[int, int]:
    rows = Assignment.objects.filter(session__study=study).order_by().values_list("session")
    return {session: last + 1 for session, last in rows.annotate(last=Max("position"))}


def _sessions(study: Study, hashes: set[str]) -> dict[str, Session]:
    """Return each worker's session by their hash, made where there is none."""
    Rater.objects.bulk_create(
        [Rater(panel=PANEL, key_hash=one) for one in sorted(hashes)],
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    raters = [rater for rater in Rater.objects.filter(panel=PANEL) if rater.key_hash in hashes]
    Session.objects.bulk_create(
        [
            Session(
                study=study,
                rater=rater,
                token_hash=token_hash(session_token(study, rater)),
                consent_hash="",  # what a worker agreed to, the archive does not say
                state=SessionState.COMPLETED,
                arrival={"imported": "MTurk batch results"},
            )
            for rater in raters
        ],
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    own = Session.objects.filter(study=study, number=0, rater__panel=PANEL).select_related("rater")
    return {session.rater.key_hash: session for session in own}
