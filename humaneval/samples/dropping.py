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
from humaneval.samples.prompt_lists import by_number, is_prompt_list, read_prompt_list
from humaneval.samples.prompts import PromptsError
from humaneval.samples.sources import (
    NAME_LENGTH,
    READ_ERRORS,
    Entry,
    Problem,
    check_limits,
    is_clutter,
    tidy_name,
)
from humaneval.samples.tables import TableRow, in_folder, read_table

TABLE_ENDINGS = (".csv", ".tsv")
"""What is read as a table of prompts, or as a prompt list."""

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
    asked = {name: tidy_name(name) for name in names if not _objection(tidy_name(name))}
    rows = Sample.objects.filter(sample_set=sample_set, name__in=set(asked.values()))
    held = {name: There(sha256, size) for name, sha256, size in rows.values_list("name", "sha256", "size")}
    return {name: held[tidy] for name, tidy in asked.items() if tidy in held}


def take_files(*, run: ImportRun, dropped: Sequence[Dropped]) -> list[Outcome]:
    """Bring files into the run's set and return what became of each; tables come last.

    A desktop's own files (``.DS_Store``) are passed over without a word. Raises SourceError where the
    sitting has come to more files or bytes than an import may have; nothing of this batch is kept then.
    """
    wanted = [one for one in dropped if not _is_passed_over(one.name)]
    files = [one for one in wanted if not _is_table(one.name)]
    received = run.received + sum(one.file.size or 0 for one in wanted)
    if wanted:
        check_limits(run.added + run.unchanged + run.rejected + len(wanted), received, "upload")
    outcomes = _bring_in(run, [_offer(one) for one in files])
    for table in (one for one in wanted if _is_table(one.name)):
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
    name = tidy_name(one.name)
    reason = _objection(name)
    if reason:
        return Problem(name.replace("\x00", "")[:NAME_LENGTH], reason)
    return Entry(name=name, size=one.file.size or 0, open=lambda: _from_start(one.file))


def _from_start(upload: UploadedFile) -> IO[bytes]:
    file = upload.open()
    return cast(IO[bytes], file)


def _objection(name: str) -> str:
    """Return why a name cannot be stored, nothing if it can: names come from strangers' browsers."""
    if not name or name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
        return "its path leads outside what was dropped"
    if len(name) > NAME_LENGTH:
        return f"its path is longer than {NAME_LENGTH} characters"
    if not name.isprintable():
        return "its name holds characters that cannot be shown: rename it"
    return ""


def _is_passed_over(name: str) -> bool:
    parts = [part for part in tidy_name(name).split("/") if part not in {".", ".."}]
    return any(is_clutter(part) for part in parts)


def _is_table(name: str) -> bool:
    return tidy_name(name).lower().endswith(TABLE_ENDINGS)


# --- tables ---------------------------------------------------------------------------------------------


def _read_in(run: ImportRun, table: Dropped) -> list[Outcome]:
    """Give the samples that a table names, or that a prompt list numbers, what it says of them."""
    name = tidy_name(table.name).replace("\x00", "")[:NAME_LENGTH]
    try:
        rows = _rows_of(run, name, _from_start(table.file))
    except (PromptsError, *READ_ERRORS) as error:
        return [Problem(name, str(error))]
    outcomes: list[Outcome] = []
    for names in batched(sorted(rows)):
        compared = intake.compare_rows(sample_set_id=run.sample_set_id, names=names, rows=rows)
        outcomes += intake.insert(run=run, outcomes=compared)
    return [outcome for outcome in outcomes if isinstance(outcome, Problem)]


def _rows_of(run: ImportRun, name: str, file: IO[bytes]) -> dict[str, TableRow]:
    """Return what a table says by samples' names, which start at the table's own folder."""
    folder = name[: name.rfind("/") + 1]
    if not is_prompt_list(file):
        return {in_folder(one, folder): row for one, row in read_table(file, name).items()}
    samples = Sample.objects.filter(sample_set_id=run.sample_set_id)
    names = list(samples.filter(name__startswith=folder).values_list("name", flat=True))
    names = names or list(samples.values_list("name", flat=True))
    start = _shared_folder(names)
    numbered = by_number(read_prompt_list(file, name), [one.removeprefix(start) for one in names])
    return {start + one: row for one, row in numbered.items()}


def _shared_folder(names: Sequence[str]) -> str:
    """Return the folder that was dropped as a whole: a number in its name is a model's, and no row's."""
    tops = {name[: name.find("/") + 1] for name in names}
    top = tops.pop() if len(tops) == 1 else ""
    return "" if top.rstrip("/").isdecimal() else top


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
