"""Files that a browser sends a few at a time: dropped on a sample set's page, or chosen there.

A sitting of drops is one import. Every request stands for itself: its files are verified, stored and counted
when it is answered, so that a lost connection loses nothing, and sending a file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, cast

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from humaneval.samples import intake
from humaneval.samples.batches import THREADS, batched
from humaneval.samples.intake import LISTED, Accepted, Outcome, Present
from humaneval.samples.models import ImportRun, Sample, SampleSet
from humaneval.samples.prompt_lists import by_number, is_prompt_list, said_in_order
from humaneval.samples.prompts import PromptsError
from humaneval.samples.rows import is_table, opened
from humaneval.samples.sources import (
    NAME_LENGTH,
    READ_ERRORS,
    Entry,
    Problem,
    check_limits,
    is_clutter,
    objection,
    showable,
    tidy_path,
)
from humaneval.samples.tables import Table, said_by_name

WHOLE = "what was dropped"

SOURCE = "files sent from a browser"
"""What such an import is called in the list of imports."""


@dataclass(frozen=True)
class Dropped:
    """One file and the path that it has among the files dropped."""

    name: str
    file: UploadedFile


@dataclass(frozen=True)
class There:
    """What a set holds under a name: the content's SHA-256 and bytes."""

    sha256: str
    size: int


def open_drop(*, sample_set: SampleSet, user: User | None, run_id: int | None = None) -> ImportRun:
    """Return the import that a sitting's files belong to: the one begun earlier, or a new one."""
    if run_id is not None:
        found = drop_of(sample_set, run_id)
        if found is not None:
            return found
    return ImportRun.objects.create(
        sample_set=sample_set, source=SOURCE, created_by=user, finished_at=timezone.now()
    )


def drop_of(sample_set: SampleSet, run_id: int) -> ImportRun | None:
    """Return an earlier sitting of this set, None where that is no such import."""
    return sample_set.imports.filter(pk=run_id, source=SOURCE, job=None).first()


def files_there(*, sample_set: SampleSet, names: Iterable[str]) -> dict[str, There]:
    """Return what the set holds of these files, by the names as they were asked for; one query."""
    asked = {name: tidy_path(name) for name in names if not _objection(tidy_path(name))}
    rows = Sample.objects.filter(sample_set=sample_set, name__in=set(asked.values()))
    held = {name: There(sha256, size) for name, sha256, size in rows.values_list("name", "sha256", "size")}
    return {name: held[tidy] for name, tidy in asked.items() if tidy in held}


def take_files(*, run: ImportRun, dropped: Sequence[Dropped]) -> list[Outcome]:
    """Bring files into the run's set and return what became of each; tables come last.

    A desktop's own files (``.DS_Store``) are passed over without a word. Raises SourceError where the
    sitting has come to more files or bytes than an import may have; nothing of this batch is kept then.
    """
    wanted = [one for one in dropped if not _is_passed_over(one.name)]
    files = [one for one in wanted if not is_table(one.name)]
    received = run.received + sum(one.file.size or 0 for one in wanted)
    if wanted:
        check_limits(run.added + run.unchanged + run.rejected + len(wanted), received, "upload")
    outcomes = _bring_in(run, [_offer(one) for one in files])
    for table in (one for one in wanted if is_table(one.name)):
        outcomes += _read_in(run, table)
    return _count(run, outcomes, received)


def _bring_in(run: ImportRun, entries: list[Entry | Problem]) -> list[Outcome]:
    with ThreadPoolExecutor(THREADS, thread_name_prefix="drop") as threads:
        outcomes = intake.check_batch(
            entries,
            sample_set_id=run.sample_set_id,
            rows={},
            keep=intake.keep_in_storage,
            threads=threads,
        )
    return intake.insert(run=run, outcomes=outcomes)


def _offer(one: Dropped) -> Entry | Problem:
    name = tidy_path(one.name)
    reason = _objection(name)
    if reason:
        return Problem(showable(name)[:NAME_LENGTH], reason)
    return Entry(name=name, size=one.file.size or 0, open=lambda: _from_start(one.file))


def _from_start(upload: UploadedFile) -> IO[bytes]:
    file = upload.open()
    return cast(IO[bytes], file)


def _objection(name: str) -> str:
    """Return why a name cannot be stored, nothing if it can: names come from strangers' browsers."""
    return objection(name, WHOLE) if name else f"its path leads outside {WHOLE}"


def _is_passed_over(name: str) -> bool:
    return any(is_clutter(part) for part in tidy_path(name).split("/") if part != "..")


# --- tables ---------------------------------------------------------------------------------------------


def _read_in(run: ImportRun, table: Dropped) -> list[Outcome]:
    """Give the samples that a table names, or that a prompt list numbers, what it says of them."""
    name = showable(tidy_path(table.name))[:NAME_LENGTH]
    try:
        said = _said(run, name, _from_start(table.file))
    except (PromptsError, *READ_ERRORS) as error:
        return [Problem(name, str(error))]
    outcomes: list[Outcome] = []
    for names in batched(sorted(said.rows)):
        compared = intake.compare_rows(sample_set_id=run.sample_set_id, names=names, rows=said.rows)
        outcomes += intake.insert(run=run, outcomes=compared)
    _remark_on(run, said)
    return [outcome for outcome in outcomes if isinstance(outcome, Problem)]


def _said(run: ImportRun, name: str, file: IO[bytes]) -> Table:
    """Return what a table says by samples' names, which start at the table's own folder."""
    folder = name[: name.rfind("/") + 1]
    with opened(file, name) as rows:
        if not is_prompt_list(rows.columns):
            return said_by_name(rows, folder)
        samples = Sample.objects.filter(sample_set_id=run.sample_set_id)
        names = list(samples.values_list("name", flat=True))
        below = folder if any(one.startswith(folder) for one in names) else ""
        numbered = by_number(said_in_order(rows), names, below=below)
        return Table(name, numbered.rows, [numbered.use])


def _remark_on(run: ImportRun, table: Table) -> None:
    """List what is to be said of a table, once however often it is sent."""
    with transaction.atomic():
        row = ImportRun.objects.select_for_update().get(pk=run.pk)
        said = [{"name": table.name, "reason": text} for text in table.remarks]
        row.remarks = [*row.remarks, *(one for one in said if one not in row.remarks)][:LISTED]
        row.save(update_fields=["remarks"])


# --- counting -------------------------------------------------------------------------------------------


def _count(run: ImportRun, outcomes: list[Outcome], received: int) -> list[Outcome]:
    """Add a batch to the run, so that what is sent twice counts once and what was mended is bad no more."""
    with transaction.atomic():
        row = ImportRun.objects.select_for_update().get(pk=run.pk)
        fine = {outcome.name for outcome in outcomes if not isinstance(outcome, Problem)}
        problems = {one["name"]: one["reason"] for one in row.problems if one["name"] not in fine}
        row.rejected -= len(row.problems) - len(problems)
        for outcome in outcomes:
            _note(row, outcome, problems)
        row.problems = [{"name": name, "reason": reason} for name, reason in problems.items()][:LISTED]
        row.received, row.finished_at = received, timezone.now()
        row.save()
    run.refresh_from_db()
    return outcomes


def _note(row: ImportRun, outcome: Outcome, problems: dict[str, str]) -> None:
    if isinstance(outcome, Problem):
        row.rejected += outcome.name not in problems
        problems[outcome.name] = outcome.reason
    elif isinstance(outcome, Present):
        row.unchanged += outcome.brought_by != row.pk
    else:
        row.added += 1
        _remark(row, outcome)


def _remark(row: ImportRun, accepted: Accepted) -> None:
    if accepted.facts.remark and len(row.remarks) < LISTED:
        row.remarks = [*row.remarks, {"name": accepted.name, "reason": accepted.facts.remark}]
