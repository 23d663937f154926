"""A vote's digest: SHA-256 over all that the vote says and all that gives it its meaning.

Covered are the vote, its answers, and what was on screen: the trial's slots, their order, the grid's cells.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from humaneval.rating.models import Answer, Vote
from humaneval.rating.votes import JUDGED

_FIELDS = {
    "vote": "pk",
    "assignment": "assignment_id",
    "session": "assignment__session_id",
    "rater": "assignment__session__rater_id",
    "position": "assignment__position",
    "order": "assignment__order",
    "cells": "assignment__cells",
    "repeat": "assignment__is_repeat",
    "parameters": "assignment__parameters",
    "trial": "assignment__trial__number",
    "slots": "assignment__trial__slots",
    "key": "key",
    "outcome": "outcome",
    "late": "late",
    "spoilt": "spoilt",
    "response_ms": "response_ms",
    "timings": "timings",
    "received_at": "received_at",
}


@dataclass(frozen=True)
class VoteContent:
    """What a digest covers of one vote, as JSON can hold it, and the study and condition it is of.

    A gold trial's vote is of no condition.
    """

    vote_id: int
    study_id: int
    condition_id: int | None
    content: dict[str, Any]

    @property
    def digest(self) -> str:
        """The vote's digest, 64 hexadecimal characters."""
        return digest_of(self.content)


def digest_of(content: dict[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of a vote's content in its one canonical spelling."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_contents(vote_ids: Collection[int]) -> list[VoteContent]:
    """Return the contents of votes, by id; those that are not there are left out. Two queries."""
    answers: dict[int, dict[str, int]] = defaultdict(dict)
    given = Answer.objects.filter(vote__in=vote_ids).values_list("vote_id", "question__key", "value")
    for vote, question, value in given:
        answers[vote][question] = value
    rows = Vote.objects.filter(pk__in=vote_ids).annotate(judged=JUDGED).order_by("pk")
    return [
        VoteContent(vote, study, condition, _content(values, answers[vote]))
        for vote, study, condition, *values in rows.values_list(
            "pk", "assignment__session__study_id", "judged", *_FIELDS.values()
        )
    ]


def _content(values: list[Any], answers: dict[str, int]) -> dict[str, Any]:
    content = dict(zip(_FIELDS, values, strict=True))
    for name in ("assignment", "key"):
        content[name] = str(content[name])
    content["received_at"] = content["received_at"].isoformat()
    return {**content, "answers": answers}
