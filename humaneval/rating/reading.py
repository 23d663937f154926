"""Reading a study's votes into columns: a fixed few queries, a chunk of rows at a time."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from django.db.models import F, Field, Func, QuerySet, TextField
from django.db.models.functions import Cast

from humaneval.protocols import registry
from humaneval.rating.models import Answer, Session, SessionState, Vote
from humaneval.rating.vote_columns import NO_ANSWER, OUTCOMES, Bools, Ints, Smalls, VoteColumns
from humaneval.studies.models import Study, Trial

CHUNK = 20_000
"""Rows held as Python objects at a time."""


class Microseconds(Func):
    """A moment as microseconds since 1970: a number on PostgreSQL, on SQLite its text for NumPy to read.

    Django's own way makes a datetime of each, which for a million votes takes longer than all else.
    """

    arity = 1
    output_field = TextField()
    template = "CAST(%(expressions)s AS text)"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Return whole microseconds."""
        template = "(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"
        return self.as_sql(compiler, connection, template=template, **extra)


def _raw(field: str) -> Func:
    """Return a boolean as a number, of a kind that Django converts nothing of row by row."""
    return Func(F(field), template="CAST(%(expressions)s AS integer)", output_field=Field())


_PLAIN: tuple[tuple[str, Any, Any], ...] = (
    ("vote", F("pk"), np.int64),
    ("session", F("assignment__session_id"), np.int64),
    ("trial", F("assignment__trial_id"), np.int64),
    ("position", F("assignment__position"), np.int64),
    ("response_ms", F("response_ms"), np.float64),
    ("is_repeat", _raw("assignment__is_repeat"), np.bool_),
    ("late", _raw("late"), np.bool_),
    ("spoilt", _raw("spoilt"), np.bool_),
)
_TIMES = (
    ("handed_at", Microseconds("assignment__created_at")),
    ("received_at", Microseconds("received_at")),
)


class JsonNumber(Func):
    """A number in an object of JSON, NULL where it has none.

    The database takes it out, since to read a million objects takes Python longer than all else; and with no
    conversion of Django's own, row by row.
    """

    arity = 1
    output_field = Field()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Return the number of a key."""
        return self.as_sql(compiler, connection, template="(%(expressions)s ->> '%(key)s')::double precision")

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Return the number of a key."""
        template = "CAST(JSON_EXTRACT(%(expressions)s, '$.%(key)s') AS REAL)"
        return self.as_sql(compiler, connection, template=template)


_TIMED = tuple(
    (key, JsonNumber(F(field), key=key))
    for key, field in (("block", "assignment__parameters"), ("frames", "timings"), ("frame_ms", "timings"))
)


@contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """Keep Python from searching rows by the million for cycles that they do not have: a quarter of the time.

    Whoever finds the search switched off leaves it to whoever did that to switch it on again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@no_search_for_garbage()
def read_vote_columns(study: Study, session: Session | None = None) -> VoteColumns:
    """Return a study's votes, or one session's, in order of arrival. Five queries.

    Votes that arrive meanwhile are in whole or not at all.
    """
    protocol = registry.get(study.protocol)
    of = {"session__study": study} if session is None else {"session": session}
    votes = Vote.objects.filter(**{f"assignment__{name}": value for name, value in of.items()})
    columns = _read(votes, on_scale=protocol.uses_scale, timed=protocol.timed)
    questions = dict(study.questions.order_by("position", "id").values_list("id", "key"))
    answers = _answers_to(columns["vote"], list(questions), of)
    given = answers.values_list("vote_id", "question_id", "value")
    expected, is_gold = _gold(study, columns["trial"], list(questions.values()))
    return VoteColumns(
        questions=tuple(questions.values()),
        names_slots=protocol.names_slots,
        answers=_answers(columns["vote"], list(questions), given.iterator(CHUNK)),
        expected=expected,
        is_gold=is_gold,
        **columns,
        **_of_sessions(study, columns["session"]),
    )


def _read(votes: Any, *, on_scale: bool, timed: bool) -> dict[str, Any]:
    """Return what the votes' own rows and their assignments hold, in order of arrival. One query.

    They are put into order here: a database would sort them all before it gave the first.
    """
    wanted = {
        **{name: field for name, field, _ in _PLAIN},
        **dict(_TIMES),
        "outcome": F("outcome"),
        **({} if on_scale else {"order": Cast("assignment__order", TextField())}),
        **dict(_TIMED if timed else ()),
    }
    fields = {f"read_{name}": field for name, field in wanted.items()}
    rows = votes.order_by().annotate(**fields).values_list(*fields).iterator(chunk_size=CHUNK)
    parts = [_part(dict(zip(wanted, chunk, strict=True))) for chunk in _chunks(rows)]
    parts = parts or [_part(dict.fromkeys(wanted, ()))]
    width = max(part["order"].shape[1] for part in parts)
    for part in parts:
        part["order"] = _widened(part["order"], width)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    by_arrival = np.argsort(columns["vote"])
    return {name: column[by_arrival] for name, column in columns.items()}


def _chunks(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows as tuples of columns, so many at a time."""
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield list(zip(*chunk, strict=True))


def _part(chunk: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {name: np.array(chunk[name], dtype=kind) for name, _, kind in _PLAIN}
    found.update({name: _microseconds(chunk[name]) for name, _ in _TIMES})
    code = {name: place for place, name in enumerate(OUTCOMES)}
    found["outcome"] = np.array([code[name] for name in chunk["outcome"]], dtype=np.int16)
    found["order"] = _padded(chunk.get("order", ["[]"] * len(found["vote"])))
    return {**found, **_exposures(chunk, len(found["vote"]))}


def _microseconds(moments: Sequence[Any]) -> Ints:
    """Return moments as the database gave them, numbers or texts such as 2026-01-01 12:00:00.123456."""
    if moments and isinstance(moments[0], str):
        return np.array(moments, dtype="datetime64[us]").astype(np.int64)
    return np.array(moments, dtype=np.int64)


def _padded(texts: Sequence[str]) -> Smalls:
    """Return JSON lists as rows of one width, filled up with -1; there are few different ones."""
    place: dict[str, int] = {}
    codes = [place.setdefault(text, len(place)) for text in texts]
    rows = [json.loads(text) for text in place]
    width = max(map(len, rows), default=0)
    padded = np.array([[*row, *[-1] * (width - len(row))] for row in rows], dtype=np.int16)
    return padded.reshape(len(rows), width)[np.array(codes, dtype=np.int64)]


def _widened(order: Smalls, width: int) -> Smalls:
    return np.pad(order, ((0, 0), (0, width - order.shape[1])), constant_values=-1)


def _exposures(chunk: Mapping[str, Sequence[Any]], count: int) -> dict[str, Any]:
    """Return block, frames and length of a frame of timed votes."""
    if "block" not in chunk:
        return {"block": np.full(count, -1), "frames": np.zeros(count, np.int64), "frame_ms": np.zeros(count)}
    block, frames, frame_ms = (np.array(chunk[name], dtype=np.float64) for name, _ in _TIMED)
    timed = ~np.isnan(block)
    return {
        "block": np.where(timed, block, -1).astype(np.int64),
        "frames": np.where(timed, np.nan_to_num(frames), 0).astype(np.int64),
        "frame_ms": np.where(timed, np.nan_to_num(frame_ms), 0.0),
    }


DENSE = 4
"""Of a study's votes at least one in so many stands between its first and its last where votes are dense."""


def _answers_to(vote: Ints, questions: list[int], of: Mapping[str, Any]) -> QuerySet[Answer]:
    """Return the answers in votes (ascending ids), and perhaps some in votes that came since.

    Where a study's votes lie close together, those between the first and the last are read without looking up
    each one's session, which takes a database longer than all else.
    """
    if len(vote) and vote[-1] - vote[0] < DENSE * len(vote):
        return Answer.objects.filter(
            question__in=questions, vote__gte=int(vote[0]), vote__lte=int(vote[-1])
        ).order_by()
    return Answer.objects.filter(**{f"vote__assignment__{name}": value for name, value in of.items()})


def _answers(vote: Ints, questions: list[int], rows: Iterable[tuple[int, int, int]]) -> Smalls:
    """Return the answers of votes (in ascending order) to questions, by their ids."""
    found = np.full((len(vote), len(questions)), NO_ANSWER, dtype=np.int16)
    place = {question: number for number, question in enumerate(questions)}
    for chunk in _chunks(rows):
        ids, values = np.array(chunk[0], dtype=np.int64), np.array(chunk[2], dtype=np.int16)
        asked = np.array([place[question] for question in chunk[1]], dtype=np.int64)
        row = np.searchsorted(vote, ids)
        known = row < len(vote)
        known[known] = vote[row[known]] == ids[known]
        found[row[known], asked[known]] = values[known]
    return found


def _gold(study: Study, trial: Ints, keys: list[str]) -> tuple[Smalls, Bools]:
    """Return the right answers of votes on gold trials, and which votes are on one. One query."""
    rows = Trial.objects.filter(study=study, expected__isnull=False).order_by("id")
    known = [(pk, given or {}) for pk, given in rows.values_list("id", "expected")]
    expected = np.full((len(trial), len(keys)), NO_ANSWER, dtype=np.int16)
    if not known:
        return expected, np.zeros(len(trial), dtype=bool)
    ids = np.array([pk for pk, _ in known], dtype=np.int64)
    right = np.array(
        [[given.get(key, NO_ANSWER) for key in keys] for _, given in known],
        dtype=np.int16,
    )
    place = np.minimum(np.searchsorted(ids, trial), len(ids) - 1)
    is_gold: Bools = ids[place] == trial
    expected[is_gold] = right[place[is_gold]]
    return expected, is_gold


def _of_sessions(study: Study, session: Ints) -> dict[str, Any]:
    """Return what votes have of their sessions. One query."""
    rows = Session.objects.filter(study=study).order_by("pk")
    known = list(rows.values_list("pk", "rater_id", "rater__simulated", "state"))
    ids = np.array([row[0] for row in known], dtype=np.int64)
    place = np.searchsorted(ids, session)
    return {
        "rater": np.array([row[1] for row in known], dtype=np.int64)[place],
        "simulated": np.array([row[2] for row in known], dtype=bool)[place],
        "screened_out": np.array([row[3] == SessionState.SCREENED_OUT for row in known], dtype=bool)[place],
    }
