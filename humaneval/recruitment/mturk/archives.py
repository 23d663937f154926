"""Batch result files that MTurk's requester site gave out, read into a study, to be analysed like any other.

Such a file has a row for each assignment: MTurk's own columns (``HITId``, ``AssignmentId``, ``WorkerId``,
``AssignmentStatus``, ``AcceptTime``, ``SubmitTime``, ``WorkTimeInSeconds``), what the batch put in
(``Input.*``) and what the worker gave (``Answer.*``). One input column says which trial was shown; one
answer column for each of the study's questions says what was answered.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.protocols.base import AnswerError, QuestionSpec
from humaneval.rating.consent import consent_hash
from humaneval.rating.identity import session_token, token_hash
from humaneval.rating.models import Answer, Assignment, Rater, Session, SessionState, Vote
from humaneval.recruitment.audit import record_action
from humaneval.recruitment.people import person_hash
from humaneval.studies.design import question_specs
from humaneval.studies.models import Study, Trial

PANEL = "mturk"
NEEDED = ("AssignmentId", "WorkerId", "AssignmentStatus", "SubmitTime")
TIME_FORMATS = ("%a %b %d %H:%M:%S %z %Y", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S")
ZONES = {"PDT": "-0700", "PST": "-0800", "UTC": "+0000", "GMT": "+0000"}
"""MTurk's site wrote Pacific time: Tue Sep 17 21:30:23 PDT 2019."""

MOST_PROBLEMS = 20


class ArchiveRefused(ValueError):
    """Raised for a file that cannot be read into the study; ``problems`` are sentences, with row numbers."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Columns:
    """Which column says what."""

    trial: str = "Input.trial"
    order: str = "Input.order"
    """The slot at each place on screen, such as 1 0; a file without it showed them in order."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Answer column by question key; by default ``Answer.<key>``."""

    def of(self, question: str) -> str:
        """Return the column that answers a question."""
        return self.answers.get(question, f"Answer.{question}")


@dataclass(frozen=True)
class _Row:
    assignment: str
    worker: str
    trial: Trial
    order: list[int]
    values: dict[str, int]
    submitted: datetime
    response_ms: float
    extras: dict[str, Any]


@dataclass(frozen=True)
class ImportedBatch:
    """What an import brought: new votes, votes that were there, rows left out because they were rejected."""

    votes: int
    known: int
    rejected: int


def import_batch(
    *,
    study: Study,
    lines: Iterable[str],
    columns: Columns,
    with_rejected: bool = False,
    user: User | None = None,
) -> ImportedBatch:
    """Read a batch result file into a study whose trials are made; return what came of it.

    All or nothing: raises :class:`ArchiveRefused` with the reasons. Reading the same file again adds
    nothing: an assignment of MTurk's gives one vote for each trial.
    """
    rows, rejected = _read(study, lines, columns, with_rejected)
    with transaction.atomic():
        stored = sum(_store(study, row) for row in rows)
        record_action(action="import MTurk batch", subject=study, user=user, votes=stored, rows=len(rows))
    return ImportedBatch(stored, len(rows) - stored, rejected)


def _read(
    study: Study, lines: Iterable[str], columns: Columns, with_rejected: bool
) -> tuple[list[_Row], int]:
    reader = csv.DictReader(lines)
    _check_header(study, reader.fieldnames or [], columns)
    trials = {str(trial.number): trial for trial in study.trials.all()}
    specs = question_specs(study)
    rows, problems, rejected = [], [], 0
    for raw in reader:
        if raw["AssignmentStatus"] == "Rejected" and not with_rejected:
            rejected += 1
            continue
        try:
            rows.append(_row(study, raw, columns, trials, specs))
        except (ValueError, AnswerError) as error:
            problems.append(_("Row %(number)s: %(reason)s") % {"number": reader.line_num, "reason": error})
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise ArchiveRefused(problems)
    return rows, rejected


def _check_header(study: Study, names: Iterable[str], columns: Columns) -> None:
    wanted = [*NEEDED, columns.trial, *(columns.of(spec.key) for spec in question_specs(study))]
    missing = [name for name in wanted if name not in set(names)]
    if missing:
        text = _("The file has no column %(names)s: say which columns hold the trial and the answers.")
        raise ArchiveRefused([text % {"names": ", ".join(missing)}])


def _row(
    study: Study,
    raw: Mapping[str, str],
    columns: Columns,
    trials: Mapping[str, Trial],
    specs: Sequence[QuestionSpec],
) -> _Row:
    trial = trials.get(raw[columns.trial].strip())
    if trial is None:
        raise ValueError(_("the study has no trial “%(name)s”") % {"name": raw[columns.trial]})
    if not raw["AssignmentId"] or not raw["WorkerId"]:
        raise ValueError(_("AssignmentId or WorkerId is empty"))
    protocol = registry.get(study.protocol)
    order = _order(raw.get(columns.order) or "", len(trial.slots))
    values = {
        spec.key: protocol.decode(spec, _shown(raw[columns.of(spec.key)]), order, study.settings)
        for spec in specs
    }
    return _Row(
        assignment=raw["AssignmentId"],
        worker=raw["WorkerId"],
        trial=trial,
        order=order,
        values=values,
        submitted=_time(raw["SubmitTime"]),
        response_ms=_milliseconds(raw.get("WorkTimeInSeconds", "")),
        extras={"mturk_hit": raw.get("HITId", ""), "mturk_status": raw["AssignmentStatus"]},
    )


def _order(text: str, places: int) -> list[int]:
    """Return the slot at each place: as the file says, else in order."""
    if not text.strip():
        return list(range(places))
    words = text.replace(",", " ").split()
    order = [int(word) for word in words if word.isascii() and word.isdecimal()]
    if sorted(order) != list(range(places)):
        raise ValueError(_("“%(text)s” is no order of %(places)s places") % {"text": text, "places": places})
    return order


def _shown(text: str) -> int | str:
    """Return an answer as it would come from a page: numbers as numbers."""
    stripped = text.strip()
    return int(stripped) if stripped.lstrip("-").isdecimal() and stripped.isascii() else stripped


def _time(text: str) -> datetime:
    words = text.strip()
    for zone, offset in ZONES.items():
        words = words.replace(f" {zone} ", f" {offset} ")
    for layout in TIME_FORMATS:
        try:
            found = datetime.strptime(words, layout)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    raise ValueError(_("“%(text)s” is no time that MTurk writes") % {"text": text})


def _milliseconds(text: str) -> float:
    stripped = text.strip()
    return float(stripped) * 1000 if stripped.isascii() and stripped.isdecimal() else 0.0


def _store(study: Study, row: _Row) -> int:
    """Store one row as a vote; return 0 if it was there already."""
    key = uuid5(NAMESPACE_URL, f"mturk:{row.assignment}:{row.trial.number}")
    if Vote.objects.filter(key=key, assignment__session__study=study).exists():
        return 0
    rater, _made = Rater.objects.get_or_create(panel=PANEL, key_hash=person_hash(PANEL, row.worker))
    session, _new = Session.objects.get_or_create(
        study=study,
        rater=rater,
        number=0,
        defaults={
            "token_hash": token_hash(session_token(study, rater)),
            "consent_hash": consent_hash(study),
            "state": SessionState.COMPLETED,
            "arrival": {"imported": "MTurk batch results"},
        },
    )
    if session.assignments.filter(trial=row.trial, is_repeat=False).exists():
        return 0
    assignment = Assignment.objects.create(
        session=session,
        trial=row.trial,
        position=session.assignments.count(),
        order=row.order,
        lease_until=row.submitted,
    )
    timings = {**row.extras, "submitted_at": row.submitted.isoformat()}
    vote = Vote.objects.create(assignment=assignment, key=key, response_ms=row.response_ms, timings=timings)
    questions = {question.key: question for question in study.questions.all()}
    Answer.objects.bulk_create(
        Answer(vote=vote, question=questions[name], value=value) for name, value in row.values.items()
    )
    return 1
