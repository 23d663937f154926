"""Judging a submitted vote: whether it is this session's, new, and an answer to what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from humaneval.protocols import registry
from humaneval.protocols.base import AnswerError, QuestionSpec
from humaneval.protocols.exposures import ExposureError
from humaneval.rating.history import Handed, History
from humaneval.rating.models import Session, VoteOutcome
from humaneval.studies.models import Question

Status = Literal["stored", "duplicate", "rejected"]


@dataclass(frozen=True)
class Submission:
    """A well-formed vote as a client sent it; ``answers`` maps question keys to what was chosen on screen."""

    assignment: UUID
    key: UUID
    outcome: VoteOutcome
    response_ms: float
    answers: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What becomes of a submission: whether it is stored, and whether it came late.

    ``values`` maps question ids to canonical values, for one that is stored; ``fills`` says whether it is one
    of the votes that its trial wants. ``code`` (for programs) and
    ``detail`` (for people) say why one is rejected.
    """

    submission: Submission
    status: Status
    outcome: str = ""
    late: bool = False
    handed: Handed | None = None
    values: Mapping[int, int] = field(default_factory=dict)
    spoilt: bool = False
    fills: bool = True
    code: str = ""
    detail: str = ""


class Judge:
    """Judges one session's submissions one by one; those of one batch know of one another."""

    def __init__(self, session: Session, history: History, now: datetime) -> None:
        self._study = session.study
        self._protocol = registry.get(session.study.protocol)
        self._now = now
        self._handed = {row.id: row for row in history.rows}
        self._votes = {
            row.id: _Known(row.vote_key, row.vote_outcome or "", bool(row.vote_late))
            for row in history.rows
            if row.vote_key is not None
        }
        self._questions = {question.key: question for question in session.study.questions.all()}

    def judge(self, submission: Submission) -> Verdict:
        """Return what becomes of a submission; a stored one counts for those that follow."""
        known = self._votes.get(submission.assignment)
        if known is not None and known.key == submission.key:
            return Verdict(submission, "duplicate", outcome=known.outcome, late=known.late)
        try:
            verdict = self._accept(submission, known)
        except _Unfit as reason:
            return Verdict(submission, "rejected", code=reason.code, detail=str(reason))
        self._votes[submission.assignment] = _Known(submission.key, verdict.outcome, verdict.late)
        return verdict

    def _accept(self, submission: Submission, known: _Known | None) -> Verdict:
        handed = self._handed.get(submission.assignment)
        if handed is None:
            raise _Unfit("foreign_assignment", "This assignment was not handed to this session.")
        if known is not None:
            raise _Unfit("already_answered", "This assignment has its vote already; votes are not changed.")
        if any(vote.key == submission.key for vote in self._votes.values()):
            raise _Unfit("key_reused", "This key belongs to another assignment's vote: make one for each.")
        spoilt = self._is_spoilt(submission, handed)
        replaced = spoilt and self._protocol.replaces_spoilt(self._study.settings)
        return Verdict(
            submission,
            "stored",
            outcome=submission.outcome,
            late=handed.lapsed or self._now > handed.lease_until,
            handed=handed,
            values=self._decode(submission, handed),
            spoilt=spoilt,
            fills=submission.outcome != VoteOutcome.NOT_SHOWN and not replaced,
        )

    def _is_spoilt(self, submission: Submission, handed: Handed) -> bool:
        """Return whether a timed stimulus was not shown as asked; refuses timings that do not say."""
        if handed.parameters is None:
            raise _Unfit("out_of_turn", "This trial waits for the vote on the one before it.")
        if not self._protocol.timed or submission.outcome == VoteOutcome.NOT_SHOWN:
            return False
        try:
            return self._protocol.is_spoilt(submission.timings, handed.parameters)
        except ExposureError as error:
            raise _Unfit("bad_timings", str(error)) from error

    def _decode(self, submission: Submission, handed: Handed) -> dict[int, int]:
        """Return canonical values by question id: of every question if answered, of none otherwise."""
        unknown = sorted(submission.answers.keys() - self._questions.keys())
        if unknown:
            raise _Unfit("unknown_question", f"This study does not ask “{unknown[0]}”.")
        if submission.outcome != VoteOutcome.ANSWERED:
            if submission.answers:
                raise _Unfit("unwanted_answer", f"A vote that is “{submission.outcome}” has no answers.")
            return {}
        missing = [key for key in self._questions if key not in submission.answers]
        if missing:
            raise _Unfit("missing_answer", f"There is no answer to “{missing[0]}”.")
        return {q.pk: self._value(q, submission.answers[key], handed) for key, q in self._questions.items()}

    def _value(self, question: Question, shown: Any, handed: Handed) -> int:
        spec = QuestionSpec(
            key=question.key,
            text=question.text,
            points=question.points,
            low_label=question.low_label,
            middle_label=question.middle_label,
            high_label=question.high_label,
        )
        try:
            return self._protocol.decode(spec, shown, handed.order, self._study.settings)
        except AnswerError as error:
            raise _Unfit("bad_answer", f"“{question.key}”: {error}") from error


@dataclass(frozen=True)
class _Known:
    """A vote that an assignment has."""

    key: UUID
    outcome: str
    late: bool


class _Unfit(Exception):
    """Why a submission is rejected."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
