"""Intake's statements, written out for both databases.

Every vote runs all of these, and Django takes several times as long to compose such a statement and to make
models of its rows as a database takes to run it: written by the ORM, a server takes a third of the votes.
Everything else in this app goes through models.

What needs no answer in between goes to PostgreSQL together, in one trip, and each statement is one that is
planned at once: a join of three tables takes longer to plan than to run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from humaneval.rating.history import Handed, History
from humaneval.rating.judging import Submission, Verdict
from humaneval.rating.models import Rater, Session
from humaneval.studies.models import Study
from humaneval.studies.states import CHANGEABLE, StudyState

Row = tuple[Any, ...]

Statement = tuple[str, list[Any]]
"""A statement and its parameters."""

_UNSEEN = {"name", "owner"}
"""What may change in a launched study and no vote depends on."""

_VERSION = ("created_at", "state", *sorted((CHANGEABLE[StudyState.OPEN] or set()) - _UNSEEN))
"""What tells a launched study from what it was: all else in it is fixed."""

_SESSION = ("id", "study_id", "rater_id", "token_hash", "token_issued_at")
"""What stays as it is as long as a token opens its session."""


def find_session(token_hash: str) -> Session | None:
    """Return the session that a token opens, its rater known by id and as simulated or not; None if unknown.

    One statement, none where this process has seen the token before: :func:`lock_session` notices where what
    was seen then is no longer so. Other fields are fetched when asked for, and so is the study.
    """
    try:
        *fields, simulated = _seen_session(token_hash)
    except Session.DoesNotExist:
        return None
    session = Session.from_db(connection.alias, _SESSION, fields)
    session.rater = Rater.from_db(connection.alias, ("id", "simulated"), [session.rater_id, simulated])
    return session


@lru_cache(maxsize=10_000)
def _seen_session(token_hash: str) -> Row:
    rows = _fetch(
        f"SELECT {', '.join(_SESSION)}, (SELECT simulated FROM rating_rater WHERE id = rater_id)"  # noqa: S608
        " FROM rating_session WHERE token_hash = %s",
        [token_hash],
    )
    if not rows:
        raise Session.DoesNotExist
    *fields, issued_at, simulated = rows[0]
    return *fields, _moment(issued_at), bool(simulated)


def forget_sessions() -> None:
    """Forget what this process has seen of tokens: each is looked up again when it comes again."""
    _seen_session.cache_clear()


@lru_cache(maxsize=64)
def _study(study_id: int, *version: object) -> Study:
    """Return a launched study with its questions, read once by each process; nobody changes it."""
    return Study.objects.prefetch_related("questions").get(pk=study_id)


def lock_session(session: Session, submissions: Sequence[Submission]) -> tuple[History, int]:
    """Lock a session's row, as in :mod:`.sessions`; return what a batch touches, and how many are answered.

    Touched are the assignments that are answered in the batch, and those whose vote has one of its keys.
    Their number, not the session's length, is what is read. The session's study and its allotment are as
    they are under the lock: each statement sees all that was committed before it began. A fifth statement is
    needed only where a key is known already. Raises Session.DoesNotExist where the session is gone, or its
    token is no longer the one that it had when it was read.
    """
    assignments = [_uuid(row.assignment) for row in submissions]
    keys = [_uuid(row.key) for row in submissions]
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    locked, version, rows, counts = _fetch_each(
        (
            f"SELECT allotment FROM rating_session WHERE id = %s AND token_hash = %s{lock}",  # noqa: S608
            [session.pk, session.token_hash],
        ),
        (_STUDY, [session.study_id]),
        (_handed_where(f"a.id IN ({_marks(assignments)})"), [session.pk, *assignments]),
        (
            f"SELECT count(*), count(CASE WHEN v.key IN ({_marks(keys)}) THEN 1 END) "
            + _VOTES[connection.vendor],
            [*keys, session.pk],
        ),
    )
    if not locked:
        raise Session.DoesNotExist
    session.allotment, answered, known = locked[0][0], *counts[0]
    session.study = _study(session.study_id, *version[0])
    if known:
        touched = f"a.id IN ({_marks(assignments)}) OR v.key IN ({_marks(keys)})"
        rows = _fetch(_handed_where(touched), [session.pk, *assignments, *keys])
    return History(tuple(_handed(row) for row in rows)), answered


_STUDY = f"SELECT {', '.join(_VERSION)} FROM studies_study WHERE id = %s"  # noqa: S608 (our own names)

_VOTES = {
    # One plan is possible: the session's few assignments, and the vote of each. A plain join PostgreSQL may
    # plan as a scan of all votes, for as long as it has not counted them.
    "postgresql": "FROM rating_assignment a,"
    " LATERAL (SELECT key FROM rating_vote WHERE assignment_id = a.id LIMIT 1) v WHERE a.session_id = %s",
    "sqlite": "FROM rating_assignment a JOIN rating_vote v ON v.assignment_id = a.id WHERE a.session_id = %s",
}


def _handed_where(condition: str) -> str:
    return (
        'SELECT a.id, a.trial_id, a.opening_id, a.position, a."order", a.cells, a.parameters, a.is_repeat,'  # noqa: S608 (our own names)
        " a.lapsed, a.lease_until, v.key, v.outcome, v.late"
        " FROM rating_assignment a LEFT JOIN rating_vote v ON v.assignment_id = a.id"
        f" WHERE a.session_id = %s AND ({condition}) ORDER BY a.position"
    )


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


def store(stored: Sequence[Verdict], filled: Sequence[int], now: datetime, *, last: bool = False) -> None:
    """Insert votes and their answers, and mark the openings that they fill: three statements at most.

    ``last`` says that nothing follows in the transaction: PostgreSQL is then told to commit in the same trip.
    """
    moment = connection.ops.adapt_datetimefield_value(now)
    votes = [_vote(verdict, moment) for verdict in stored]
    statements = [
        (
            "INSERT INTO rating_vote"  # noqa: S608 (our own names)
            " (assignment_id, key, outcome, late, spoilt, response_ms, timings, received_at)"
            f" VALUES {_tuples(votes)}",
            _flat(votes),
        )
    ]
    if answers := list(_answers(stored)):
        row = "((SELECT id FROM rating_vote WHERE assignment_id = %s), %s, %s)"
        rows = ", ".join([row] * len(answers))
        statements.append(
            (f"INSERT INTO rating_answer (vote_id, question_id, value) VALUES {rows}", _flat(answers))  # noqa: S608
        )
    if filled:
        marks = _marks(filled)
        statements.append(
            (f"UPDATE rating_opening SET free_from = NULL WHERE id IN ({marks})", list(filled))  # noqa: S608
        )
    if last and _is_outermost():
        statements.append(("COMMIT", []))
    _run(*statements)


def _is_outermost() -> bool:
    """Return whether the transaction is PostgreSQL's own, and ends where the one block ends that began it.

    Once PostgreSQL has committed, psycopg has nothing left to commit, and makes no trip at the block's end.
    """
    return connection.vendor == "postgresql" and connection.in_atomic_block and not connection.savepoint_ids


def _answers(stored: Sequence[Verdict]) -> Iterator[Row]:
    for verdict in stored:
        for question, value in verdict.values.items():
            yield _uuid(verdict.submission.assignment), question, value


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


def _fetch(sql: str, parameters: Sequence[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _fetch_each(*statements: Statement) -> list[list[Row]]:
    """Return the rows of each of some statements, run one after the other."""
    if connection.vendor != "postgresql":
        return [_fetch(*statement) for statement in statements]
    with connection.cursor() as cursor:
        cursor.execute(*_joined(statements))
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
        return results


def _run(*statements: Statement) -> None:
    """Run statements that return nothing, one after the other."""
    with connection.cursor() as cursor:
        together = connection.vendor == "postgresql"
        for sql, parameters in [_joined(statements)] if together else statements:
            cursor.execute(sql, parameters)


def _joined(statements: Sequence[Statement]) -> Statement:
    """Return statements that PostgreSQL takes in one trip; each sees what was committed before it began."""
    return "; ".join(sql for sql, _ in statements), _flat(parameters for _, parameters in statements)


def _marks(values: Sequence[object]) -> str:
    """Return placeholders for values, or what is equal to nothing where there are none."""
    return ", ".join(["%s"] * len(values)) or "NULL"


def _tuples(rows: Sequence[Row]) -> str:
    return ", ".join(f"({_marks(row)})" for row in rows)


def _flat(rows: Iterable[Sequence[Any]]) -> list[Any]:
    return [value for row in rows for value in row]


def _uuid(value: UUID) -> object:
    return value if connection.features.has_native_uuid_field else value.hex


def _as_uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _moment(value: datetime) -> datetime:
    """Return a time as read: SQLite keeps it in UTC and does not say so."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)
