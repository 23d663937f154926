"""Intake's statements, written out for both databases.

Every vote runs all of these, and Django takes several times as long to compose such a statement and to make
models of its rows as a database takes to run it: written by the ORM, a server takes a third of the votes.
Everything else in this app goes through models.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection

from humaneval.rating.history import Handed, History
from humaneval.rating.judging import Submission, Verdict
from humaneval.rating.models import Rater, Session
from humaneval.studies.models import Study
from humaneval.studies.states import CHANGEABLE, StudyState

Row = tuple[Any, ...]

_UNSEEN = {"name", "owner"}
"""What may change in a launched study and no vote depends on."""

_VERSION = ("created_at", "state", *sorted((CHANGEABLE[StudyState.OPEN] or set()) - _UNSEEN))
"""What tells a launched study from what it was: all else in it is fixed."""

_SESSION = ("id", "study_id", "rater_id", "token_issued_at", "state", "allotment")
_RATER = ("id", "panel", "simulated")


def find_session(token_hash: str) -> Session | None:
    """Return the session that a token opens, with its rater and study, or None. One statement.

    Other fields than intake's are fetched when asked for.
    """
    return _session("session.token_hash = %s", token_hash)


def lock_session(session_id: int) -> Session:
    """Return a session with its row locked until the transaction ends, as in :mod:`.sessions`."""
    lock = " FOR UPDATE OF session" if connection.features.has_select_for_update_of else ""
    session = _session(f"session.id = %s{lock}", session_id)
    if session is None:
        raise Session.DoesNotExist
    return session


def _session(condition: str, value: object) -> Session | None:
    columns = [f"session.{name}" for name in _SESSION]
    columns += [f"rater.{name}" for name in _RATER] + [f"study.{name}" for name in _VERSION]
    rows = _fetch(
        f"SELECT {', '.join(columns)} FROM rating_session session"  # noqa: S608 (our own names)
        " JOIN studies_study study ON study.id = session.study_id"
        f" JOIN rating_rater rater ON rater.id = session.rater_id WHERE {condition}",
        [value],
    )
    return _as_session(iter(rows[0])) if rows else None


def _as_session(values: Iterator[Any]) -> Session:
    """Return a session with its rater and study from a row's values, read in order."""
    session = Session.from_db(connection.alias, _SESSION, list(islice(values, len(_SESSION))))
    session.token_issued_at = _moment(session.token_issued_at)
    session.rater = Rater.from_db(connection.alias, _RATER, list(islice(values, len(_RATER))))
    session.study = _study(session.study_id, *values)
    return session


@lru_cache(maxsize=64)
def _study(study_id: int, *version: object) -> Study:
    """Return a launched study with its questions, read once by each process; nobody changes it."""
    return Study.objects.prefetch_related("questions").get(pk=study_id)


def read_handed(session: Session, submissions: Sequence[Submission]) -> tuple[History, int]:
    """Return what of a session's assignments a batch touches, and how many have their vote.

    Touched are those that are answered in it, and those whose vote has one of its keys. Their number, not
    the session's length, is what this costs. One statement.
    """
    if not submissions:
        return History(()), _count_answered(session)
    assignments = [_uuid(row.assignment) for row in submissions]
    keys = [_uuid(row.key) for row in submissions]
    rows = _fetch(
        'SELECT a.id, a.trial_id, a.opening_id, a.position, a."order", a.cells, a.parameters, a.is_repeat,'  # noqa: S608 (our own names)
        " a.lapsed, a.lease_until, v.key, v.outcome, v.late,"
        f" ({_ANSWERED}) FROM rating_assignment a LEFT JOIN rating_vote v ON v.assignment_id = a.id"
        f" WHERE a.session_id = %s AND (a.id IN ({_marks(assignments)}) OR v.key IN ({_marks(keys)}))"
        " ORDER BY a.position",
        [session.pk, session.pk, *assignments, *keys],
    )
    answered = rows[0][-1] if rows else _count_answered(session)
    return History(tuple(_handed(row) for row in rows)), answered


_ANSWERED = (
    "SELECT count(*) FROM rating_assignment JOIN rating_vote"
    " ON rating_vote.assignment_id = rating_assignment.id WHERE rating_assignment.session_id = %s"
)


def _count_answered(session: Session) -> int:
    return _fetch(_ANSWERED, [session.pk])[0][0]


def _handed(row: Row) -> Handed:
    return Handed(
        id=_as_uuid(row[0]),
        trial_id=row[1],
        opening_id=row[2],
        position=row[3],
        order=json.loads(row[4]),
        cells=json.loads(row[5]),
        parameters=None if row[6] is None else json.loads(row[6]),
        is_repeat=bool(row[7]),
        lapsed=bool(row[8]),
        lease_until=_moment(row[9]),
        vote_key=None if row[10] is None else _as_uuid(row[10]),
        vote_outcome=row[11],
        vote_late=None if row[12] is None else bool(row[12]),
    )


def insert_votes(stored: Sequence[Verdict], now: datetime) -> None:
    """Insert votes and their answers: two statements, however many they are."""
    moment = connection.ops.adapt_datetimefield_value(now)
    votes = [_vote(verdict, moment) for verdict in stored]
    made = _fetch(
        "INSERT INTO rating_vote"  # noqa: S608 (our own names)
        " (assignment_id, key, outcome, late, spoilt, response_ms, timings, received_at)"
        f" VALUES {_tuples(votes)} RETURNING assignment_id, id",
        _flat(votes),
    )
    ids = {_as_uuid(assignment): vote for assignment, vote in made}
    answers = [
        (ids[verdict.submission.assignment], question, value)
        for verdict in stored
        for question, value in verdict.values.items()
    ]
    if answers:
        _run(
            f"INSERT INTO rating_answer (vote_id, question_id, value) VALUES {_tuples(answers)}",  # noqa: S608
            _flat(answers),
        )


def _vote(verdict: Verdict, moment: object) -> Row:
    given = verdict.submission
    return (
        _uuid(given.assignment),
        _uuid(given.key),
        str(verdict.outcome),
        verdict.late,
        verdict.spoilt,
        given.response_ms,
        json.dumps(dict(given.timings)),
        moment,
    )


def close_openings(openings: Sequence[int]) -> None:
    """Mark openings as filled by a vote."""
    marks = _marks(openings)
    _run(f"UPDATE rating_opening SET free_from = NULL WHERE id IN ({marks})", openings)  # noqa: S608


def _fetch(sql: str, parameters: Sequence[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _run(sql: str, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _tuples(rows: Sequence[Row]) -> str:
    return ", ".join(f"({_marks(row)})" for row in rows)


def _flat(rows: Iterable[Row]) -> list[Any]:
    return [value for row in rows for value in row]


def _uuid(value: UUID) -> object:
    return value if connection.features.has_native_uuid_field else value.hex


def _as_uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _moment(value: datetime) -> datetime:
    """Return a time as read: SQLite keeps it in UTC and does not say so."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)
