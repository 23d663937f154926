"""Trials that wait for votes: exposures that follow from answers, and what a rater is told of a vote.

An assignment of a timed protocol has no parameters until the votes it depends on are in; until then its
images can be fetched, and a vote on it is refused. What decides them is the protocol's, and pure. Nothing
here costs other protocols a query.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np

from humaneval.protocols import registry
from humaneval.protocols.base import PastVote, Protocol
from humaneval.rating.history import Handed, History, read_history
from humaneval.rating.judging import Verdict
from humaneval.rating.models import Answer, Assignment, Session, Vote
from humaneval.samples.models import SampleKind
from humaneval.studies.models import Study


def first_parameters(study: Study) -> dict[str, Any] | None:
    """Return what a new assignment has: nothing to set, or None where votes are still to set it."""
    return None if registry.get(study.protocol).timed else {}


def preview_parameters(study: Study) -> dict[str, Any]:
    """Return the parameters of a session's first trial, for previews."""
    protocol = registry.get(study.protocol)
    return protocol.parameters(past=(), ahead=0, seed=study.seed, settings=study.settings)


def with_parameters(session: Session, history: History) -> History:
    """Set the parameters of pending assignments, as many as the protocol may look ahead; return the history.

    Two queries and one write where there is something to set; none for protocols that are not timed.
    """
    protocol = registry.get(session.study.protocol)
    if not protocol.timed:
        return history
    found = _to_set(history.pending, protocol.look_ahead(session.study.settings))
    if not found:
        return history
    past = _past_votes(session, protocol)
    chosen = {
        row.id: protocol.parameters(
            past=past,
            ahead=ahead,
            seed=session.study.seed + session.pk,
            settings=session.study.settings,
        )
        for row, ahead in found
    }
    Assignment.objects.bulk_update(
        [Assignment(pk=key, parameters=parameters) for key, parameters in chosen.items()], ["parameters"]
    )
    rows = (replace(row, parameters=chosen.get(row.id, row.parameters)) for row in history.rows)
    return History(tuple(rows), history.earlier)


def answers_depend_on_votes(study: Study) -> bool:
    """Return whether what a rater is told of a vote takes a look at the database once it is stored."""
    protocol = registry.get(study.protocol)
    return protocol.timed or protocol.gives_feedback(study.settings)


def parameters_ahead(session: Session) -> dict[UUID, dict[str, Any]]:
    """Return the parameters of all pending assignments that can have them; none for untimed protocols."""
    if not registry.get(session.study.protocol).timed:
        return {}
    history = with_parameters(session, read_history(session))
    return {row.id: row.parameters for row in history.pending if row.parameters is not None}


def feedback_on(session: Session, verdicts: Iterable[Verdict]) -> dict[UUID, bool]:
    """Return by assignment whether the votes that are stored were right, where the study tells its raters."""
    protocol = registry.get(session.study.protocol)
    if not protocol.gives_feedback(session.study.settings):
        return {}
    kept = [verdict.submission.assignment for verdict in verdicts if verdict.status != "rejected"]
    answers = Answer.objects.filter(vote__assignment__in=kept, vote__assignment__session=session)
    rows = answers.values_list(
        "vote__assignment", "value", "vote__assignment__trial__condition__sample_set__kind"
    )
    return {assignment: _is_correct(protocol, value, kind) for assignment, value, kind in rows}


def _to_set(pending: Sequence[Handed], look_ahead: int | None) -> list[tuple[Handed, int]]:
    """Return the assignments to be set now, each with how many others stand before it."""
    ahead = [sum(other.is_fresh for other in pending[:place]) for place in range(len(pending))]
    within = pending if look_ahead is None else pending[:look_ahead]
    return [(row, ahead[place]) for place, row in enumerate(within) if row.parameters is None]


def _past_votes(session: Session, protocol: Protocol) -> list[PastVote]:
    """Return the session's votes in order, repeats and gold trials aside."""
    votes = Vote.objects.filter(
        assignment__session=session, assignment__is_repeat=False, assignment__trial__expected__isnull=True
    )
    rows = votes.order_by("assignment__position").values_list(
        "assignment__parameters",
        "spoilt",
        "answers__value",
        "assignment__trial__condition__sample_set__kind",
    )
    return [
        PastVote(parameters or {}, None if value is None else _is_correct(protocol, value, kind), spoilt)
        for parameters, spoilt, value, kind in rows
    ]


def _is_correct(protocol: Protocol, value: int, kind: str) -> bool:
    wrong = protocol.errors(np.array([value]), np.array([kind == SampleKind.REAL]))
    return not bool(wrong[0])
