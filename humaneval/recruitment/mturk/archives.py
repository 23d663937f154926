"""Batch result files that MTurk's requester site gave out, read into a study, to be analysed like any other.

Such a file has a row for each assignment: MTurk's own columns (``HITId``, ``AssignmentId``, ``WorkerId``,
``AssignmentStatus``, ``AcceptTime``, ``SubmitTime``, ``WorkTimeInSeconds``), what the batch put in
(``Input.*``) and what the worker gave (``Answer.*``). Input columns say what was shown: the number of one of
the study's trials, or the image at each place, from which a draft makes its trials. Answer columns say what
was answered to each of the study's questions.
"""

from __future__ import annotations

import csv
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from humaneval.protocols import registry
from humaneval.protocols.base import AnswerError, QuestionSpec
from humaneval.recruitment.mturk import archive_answers
from humaneval.recruitment.mturk.archive_images import columns_of
from humaneval.recruitment.mturk.archive_shown import ByImages, ByNumber, Reading
from humaneval.recruitment.mturk.archive_votes import ArchivedVote, store
from humaneval.recruitment.mturk.batch_files import NEEDED, parse_time
from humaneval.studies.design import NotLaunchable, question_specs
from humaneval.studies.models import Study, Trial
from humaneval.teams.audit import record_action

MOST_PROBLEMS = 20
SURPLUS = "cells beyond the heading"


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
    images: Sequence[str] = ()
    """Where the image at each place is named, in place of ``trial`` and ``order``."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Answer column by question key; by default ``Answer.<key>``."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """What the file's words for answers, in small letters, mean on the rater's page: ``left`` is ``0``."""

    def of(self, question: str) -> str:
        """Return the column that answers a question."""
        return self.answers.get(question, f"Answer.{question}")

    @property
    def shown(self) -> list[str]:
        """The columns without which nobody knows what was shown."""
        return columns_of(self.images) if self.images else [self.trial]


@dataclass(frozen=True)
class ImportedBatch:
    """What an import brought: new votes, votes that were there, rows left out because they were rejected."""

    votes: int
    known: int
    rejected: int


@dataclass(frozen=True)
class _Row:
    number: int
    key: Hashable
    vote: dict[str, Any]


def import_batch(
    *,
    study: Study,
    lines: Iterable[str],
    columns: Columns,
    with_rejected: bool = False,
    user: User | None = None,
) -> ImportedBatch:
    """Read a batch result file into a study; return what came of it.

    Where rows name images, a draft's trials are made from them and it is closed; a study that was launched
    must have the trials that rows name. All or nothing: raises :class:`ArchiveRefused` with the reasons.
    Reading the same file again adds nothing: an assignment of MTurk's gives one vote for each trial.
    """
    reading = _reading(study, columns)
    rows, rejected = _read(study, lines, columns, with_rejected, reading)
    with transaction.atomic():
        trials = reading.trials([row.key for row in rows])
        _refuse_without_trial(rows, trials)
        votes = [ArchivedVote(trial=trials[row.key], **row.vote) for row in rows]
        stored = store(study, votes)
        record_action(action="import MTurk batch", subject=study, user=user, votes=stored, rows=len(rows))
    return ImportedBatch(stored, len(rows) - stored, rejected)


def _reading(study: Study, columns: Columns) -> Reading:
    if not columns.images:
        return ByNumber(study, columns.trial, columns.order)
    try:
        return ByImages(study, columns.images)
    except NotLaunchable as refusal:
        raise ArchiveRefused(list(refusal.messages)) from refusal


def _refuse_without_trial(rows: Sequence[_Row], trials: Mapping[Hashable, Trial]) -> None:
    text = _("Row %(number)s: no trial of the study shows these images together, and it is launched already")
    problems = [text % {"number": row.number} for row in rows if row.key not in trials]
    if problems:
        raise ArchiveRefused(problems[:MOST_PROBLEMS])


def _read(
    study: Study, lines: Iterable[str], columns: Columns, with_rejected: bool, reading: Reading
) -> tuple[list[_Row], int]:
    reader = csv.DictReader(lines, restkey=SURPLUS)
    _check_header(study, _names(reader), columns)
    specs = question_specs(study)
    rows, problems, rejected = [], [], 0
    for raw in _raw_rows(reader):
        if raw["AssignmentStatus"] == "Rejected" and not with_rejected:
            rejected += 1
            continue
        try:
            rows.append(_row(study, reader.line_num, raw, columns, reading, specs))
        except (ValueError, AnswerError) as error:
            problems.append(_("Row %(number)s: %(reason)s") % {"number": reader.line_num, "reason": error})
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise ArchiveRefused(problems)
    return rows, rejected


def _names(reader: csv.DictReader[str]) -> Sequence[str]:
    try:
        return reader.fieldnames or []
    except csv.Error as error:
        raise _no_csv(0, error) from error


def _raw_rows(reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    """Yield the rows; raises ArchiveRefused for what is no CSV, naming the line."""
    try:
        yield from reader
    except csv.Error as error:
        raise _no_csv(reader.line_num, error) from error


def _no_csv(line: int, error: csv.Error) -> ArchiveRefused:
    text = _("After line %(line)s the file is no CSV (%(reason)s): save it anew as CSV.")
    return ArchiveRefused([text % {"line": line, "reason": error}])


def _check_header(study: Study, names: Iterable[str], columns: Columns) -> None:
    there = set(names)
    answers = [columns.of(spec.key) for spec in question_specs(study)]
    missing = [name for name in [*NEEDED, *columns.shown] if name not in there]
    missing += [name for name in answers if not archive_answers.holds(there, name)]
    if missing:
        text = _("The file has no column %(names)s: say which columns hold what was shown and the answers.")
        raise ArchiveRefused([text % {"names": ", ".join(missing)}])


def _row(
    study: Study,
    number: int,
    raw: Mapping[str, str],
    columns: Columns,
    reading: Reading,
    specs: Sequence[QuestionSpec],
) -> _Row:
    if SURPLUS in raw:
        raise ValueError(_("it has more cells than the heading: quote cells that have commas in them"))
    if not raw["AssignmentId"] or not raw["WorkerId"]:
        raise ValueError(_("AssignmentId or WorkerId is empty"))
    key, order = reading.read(raw)
    vote = {
        "assignment": raw["AssignmentId"],
        "worker": raw["WorkerId"],
        "order": order,
        "values": _values(study, raw, columns, specs, order),
        "submitted": _time(raw["SubmitTime"] or ""),
        "response_ms": _milliseconds(raw.get("WorkTimeInSeconds") or ""),
        "extras": {"mturk_hit": raw.get("HITId", ""), "mturk_status": raw["AssignmentStatus"]},
    }
    return _Row(number, key, vote)


def _values(
    study: Study,
    raw: Mapping[str, str],
    columns: Columns,
    specs: Sequence[QuestionSpec],
    order: Sequence[int],
) -> dict[str, int]:
    protocol = registry.get(study.protocol)
    found = {spec: archive_answers.given(raw, columns.of(spec.key), columns.meanings) for spec in specs}
    return {spec.key: protocol.decode(spec, shown, order, study.settings) for spec, shown in found.items()}


def _time(text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ValueError(_("“%(text)s” is no time that MTurk writes") % {"text": text}) from error


def _milliseconds(text: str) -> float:
    stripped = text.strip()
    return float(stripped) * 1000 if stripped.isascii() and stripped.isdecimal() else 0.0
