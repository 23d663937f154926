"""All sessions of a study as rows: how far each came, and its answers to the questions around the trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count

from humaneval.rating.models import Session
from humaneval.studies.flow import CHOOSING, complete_flow
from humaneval.studies.models import Study
from humaneval.ui.spreadsheets import Cell

COLUMNS = [
    "study", "session", "rater", "panel", "simulated", "state", "language", "votes",
    "comprehension_tries", "understood", "practice_answered", "practice_right", "started_at", "finished_at",
]  # fmt: skip
"""What every study's sessions have; a column for each closing question follows, named ``closing.<key>``."""


def session_columns(study: Study) -> list[str]:
    """Return the columns of a study's sessions, in order."""
    return [*COLUMNS, *(f"closing.{question['key']}" for question in _questions(study))]


def session_rows(study: Study) -> Iterator[list[Cell]]:
    """Yield one row for each session, in the order of arrival: one query, in constant memory.

    A choice is given in the study's own words, several of them divided by semicolons.
    """
    questions = _questions(study)
    sessions = Session.objects.filter(study=study).select_related("rater").order_by("pk")
    for session in sessions.annotate(votes=Count("assignments__vote")).iterator(chunk_size=500):
        closing = session.closing or {}
        yield [
            *_about(study, session),
            *(_answer(question, closing.get(question["key"])) for question in questions),
        ]


def _questions(study: Study) -> list[dict[str, Any]]:
    return list(complete_flow(study.flow)["closing"])


def _about(study: Study, session: Any) -> list[Cell]:
    finished = session.finished_at
    return [
        study.slug,
        session.pk,
        session.rater.pseudonym,
        session.rater.panel,
        session.rater.simulated,
        session.state,
        session.language,
        session.votes,
        session.comprehension_tries,
        session.understood,
        len(session.practice),
        sum(bool(row["correct"]) for row in session.practice),
        session.started_at.isoformat(),
        finished.isoformat() if finished else None,
    ]


def _answer(question: Mapping[str, Any], value: Any) -> Cell:
    if question["kind"] not in CHOOSING or value is None:
        return value
    chosen = value if isinstance(value, list) else [value]
    return "; ".join(question["options"][place] for place in chosen)
