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
from humaneval.samples.prompts import PromptsError, PromptText, read_prompts
from humaneval.samples.sources import (
    NAME_LENGTH,
    OWN_TABLES,
    Entry,
    Problem,
    check_limits,
    is_clutter,
    tidy_name,
)

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
    """Bring files into the run's set and return what became of each; tables of prompts come last.

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
        outcomes += _give_prompts(run, table)
    return _count(run, outcomes, received)


def _bring_in(run: ImportRun, entries: list[Entry | Problem]) -> list[Outcome]:
    with ThreadPoolExecutor(THREADS, thread_name_prefix="drop") as threads:
        outcomes = intake.check_batch(
            entries,
            sample_set_id=run.sample_set_id,
            prompts={},
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
    return not _is_table(name) and any(is_clutter(part) for part in parts)


def _is_table(name: str) -> bool:
    return tidy_name(name).rsplit("/", 1)[-1] in OWN_TABLES


# --- prompts --------------------------------------------------------------------------------------------


def _give_prompts(run: ImportRun, table: Dropped) -> list[Outcome]:
    """Give the samples that a prompts.csv names their prompts; its names start at its own folder."""
    name = tidy_name(table.name)
    try:
        prompts = read_prompts(_from_start(table.file))
    except PromptsError as error:
        return [Problem(name[:NAME_LENGTH], str(error))]
    folder = name[: name.rfind("/") + 1]
    full = {one if one.startswith(folder) else folder + one: text for one, text in prompts.items()}
    outcomes: list[Outcome] = []
    for names in batched(sorted(full)):
        outcomes += intake.insert(run=run, outcomes=_prompted(run, names, full))
    return [outcome for outcome in outcomes if isinstance(outcome, Problem)]


def _prompted(run: ImportRun, names: list[str], prompts: dict[str, PromptText]) -> list[Outcome]:
    known = intake.known_names(run.sample_set_id, names)
    lacking = [
        Problem(name[:NAME_LENGTH], "is named in prompts.csv, but there is no such file in the set")
        for name in names
        if name not in known
    ]
    there = (intake.compare(name, known[name].sha256, prompts[name], known[name]) for name in known)
    return [*lacking, *there]


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
