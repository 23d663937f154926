"""Reading a batch of votes: each by itself, so that a malformed one does not hold up the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError

from humaneval.rating.judging import Submission, Verdict
from humaneval.rating.models import VoteOutcome
from humaneval.rating.serializers import VoteSerializer, first_problem


@dataclass(frozen=True)
class Malformed:
    """A vote that cannot be read: what it called itself, and why."""

    key: str | None
    assignment: str | None
    detail: str


@dataclass(frozen=True)
class ReadBatch:
    """A batch in its order; ``submissions`` are those of it that can be judged."""

    items: list[Submission | Malformed]

    @property
    def submissions(self) -> list[Submission]:
        """The well-formed ones, in order."""
        return [item for item in self.items if isinstance(item, Submission)]


def read_submissions(votes: Iterable[Any]) -> ReadBatch:
    """Return the votes of a request's body, well-formed or not."""
    return ReadBatch([_read(vote) for vote in votes])


def verdicts_in_order(
    batch: ReadBatch, verdicts: Sequence[Verdict], feedback: Mapping[UUID, bool]
) -> list[dict[str, Any]]:
    """Return the results of a whole batch, in its order, with ``verdicts`` on its submissions.

    ``feedback`` says by assignment whether a stored vote was right, where raters are told.
    """
    judged = iter(verdicts)
    return [
        _refuse_malformed(item) if isinstance(item, Malformed) else _report(next(judged), feedback)
        for item in batch.items
    ]


def _read(vote: Any) -> Submission | Malformed:
    try:
        fields = _READER.run_validation(vote)
    except ValidationError as error:
        name = vote if isinstance(vote, dict) else {}
        reason = _printable(first_problem(error.detail))
        return Malformed(_name(name.get("key")), _name(name.get("assignment")), reason)
    return Submission(**{**fields, "outcome": VoteOutcome(fields["outcome"])})


_READER = VoteSerializer()
"""Made once: making a serializer costs more than reading a vote with it, and reading changes nothing."""


def _name(value: Any) -> str | None:
    """Return what a client called something, cut to a sane length, or None if it is no text."""
    return _printable(value[:100]) if isinstance(value, str) else None


def _printable(text: str) -> str:
    """Return a text that can be sent: halves of surrogate pairs become question marks."""
    return text.encode(errors="replace").decode()


def _refuse_malformed(item: Malformed) -> dict[str, Any]:
    return {
        "key": item.key,
        "assignment": item.assignment,
        "status": "rejected",
        "outcome": "",
        "late": False,
        "code": "malformed",
        "detail": item.detail,
        "feedback": None,
    }


def _report(verdict: Verdict, feedback: Mapping[UUID, bool]) -> dict[str, Any]:
    correct = feedback.get(verdict.submission.assignment)
    return {
        "key": str(verdict.submission.key),
        "assignment": str(verdict.submission.assignment),
        "status": verdict.status,
        "outcome": verdict.outcome,
        "late": verdict.late,
        "code": verdict.code,
        "detail": verdict.detail,
        "feedback": None if correct is None else {"correct": correct},
    }
