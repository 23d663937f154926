"""Importing folders and archives into sample sets: what commands, the admin, the API and jobs call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from humaneval.jobs.services import submit
from humaneval.samples.archives import ArchiveSource
from humaneval.samples.batches import Progress, say_nothing
from humaneval.samples.holding import HeldElsewhere, begin, held
from humaneval.samples.models import ImportRun, SampleSet
from humaneval.samples.origins import check_origin, open_origin
from humaneval.samples.passage import BadFiles, carry_out
from humaneval.samples.prompts import PromptsError
from humaneval.samples.roots import roots_for
from humaneval.samples.sources import NAME_LENGTH, SourceError, not_open
from humaneval.teams.models import DEFAULT_TEAM, Team


class ImportRefused(Exception):
    """Nothing more comes in from this import; the message says why, and ``run`` lists the bad files."""

    def __init__(self, run: ImportRun) -> None:
        super().__init__(run.error)
        self.run = run


class ImportHeld(Exception):
    """Another process is at work on the same import; the message says so."""


GONE_ON_WITH = "was interrupted, and has been gone on with"


# --- sample sets ------------------------------------------------------------------------------------


def create_sample_set(
    *,
    name: str,
    kind: str,
    description: str = "",
    settings: Mapping[str, Any] | None = None,
    user: User | None = None,
    team: Team | None = None,
) -> SampleSet:
    """Return a new, empty set of a team, by default the one that is always there.

    Raises django.core.exceptions.ValidationError, also for a taken name.
    """
    sample_set = SampleSet(
        name=name.strip(),
        slug=free_slug(name),
        kind=kind,
        description=description,
        settings=dict(settings or {}),
        created_by=user,
        team_id=team.pk if team else DEFAULT_TEAM,
    )
    sample_set.full_clean()
    sample_set.save()
    return sample_set


def free_slug(name: str) -> str:
    """Return an address part for a set of this name that no other set has."""
    stem = slugify(name)[:100] or "set"
    taken = set(SampleSet.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    candidates = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(slug for slug in candidates if slug not in taken)


# --- entrances --------------------------------------------------------------------------------------


def import_folder(
    *,
    sample_set: SampleSet,
    folder: str | Path,
    prompts: str | Path | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> ImportRun:
    """Import a server folder here and now, as :func:`import_origin` does."""
    return import_origin(
        sample_set=sample_set, origin=folder, prompts=prompts, strict=strict, progress=progress
    )


def import_origin(
    *,
    sample_set: SampleSet,
    origin: str | Path,
    prompts: str | Path | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> ImportRun:
    """Import what lies at a path or address here and now; return the finished run with counts and problems.

    See :mod:`humaneval.samples.origins` for what it may be. Without ``prompts``, the source's own table is
    taken, such as a prompts.csv at the top of a folder. An import of the same that was interrupted is gone on
    with. Raises ImportRefused if the source or its table as a whole cannot be used, and in a strict import
    for any bad file; ImportHeld if another process is at work on it.
    """
    tell = progress or say_nothing
    try:
        run, goes_on = begin(
            sample_set=sample_set, origin=origin, prompts=prompts, strict=strict, progress=tell
        )
        with (
            held(run) as hold,
            _refusals_recorded(run),
            open_origin(str(origin), prompts=prompts) as source,
        ):
            carry_out(run=run, source=source, progress=hold.watched(tell))
    except HeldElsewhere as error:
        raise ImportHeld(str(error)) from error
    if goes_on:
        run.remarks = [{"name": run.source, "reason": GONE_ON_WITH}, *run.remarks]
        run.save(update_fields=["remarks"])
    return run


def start_folder_import(
    *,
    sample_set: SampleSet,
    folder: str,
    prompts: str = "",
    strict: bool = False,
    user: User | None = None,
) -> ImportRun:
    """Queue the import of what lies within IMPORT_ROOTS on the server; return the run. Raises SourceError.

    ``folder`` may be anything that :mod:`humaneval.samples.origins` opens: S3 prefixes too, if a root is one.
    """
    check_folder_import(folder=folder, prompts=prompts, team=sample_set.team_id)
    with transaction.atomic():
        run = ImportRun.objects.create(
            sample_set=sample_set, source=folder, prompts=prompts, strict=strict, created_by=user
        )
        return _submit(run)


def check_folder_import(*, folder: str, prompts: str = "", team: int | None) -> None:
    """Raise SourceError for what a team cannot import from the server, before anything is queued."""
    check_origin(folder, roots=roots_for(team))
    if prompts:
        check_prompts_path(prompts, team)


def start_archive_import(
    *, sample_set: SampleSet, archive: UploadedFile | File, strict: bool = False, user: User | None = None
) -> ImportRun:
    """Keep an uploaded zip archive and queue its import; return the run. Raises SourceError."""
    ArchiveSource(cast(IO[bytes], archive)).count()
    archive.seek(0)
    with transaction.atomic():
        run = ImportRun.objects.create(
            sample_set=sample_set,
            source=Path(archive.name or "archive.zip").name[:NAME_LENGTH],
            archive=archive,
            strict=strict,
            created_by=user,
        )
        return _submit(run)


def run_queued_import(*, run: ImportRun, progress: Progress) -> ImportRun:
    """Carry out a queued import; may be called again after a kill. Raises ImportRefused."""
    with _refusals_recorded(run):
        if run.finished_at is not None:
            return run
        if run.archive:
            with run.archive.open("rb") as file:
                carry_out(run=run, source=ArchiveSource(cast(IO[bytes], file)), progress=progress)
        else:
            roots = roots_for(run.sample_set.team_id)
            with open_origin(run.source, roots=roots, prompts=run.prompts or None) as source:
                carry_out(run=run, source=source, progress=progress)
    _drop_archive(run)
    return run


def _submit(run: ImportRun) -> ImportRun:
    run.job = submit(
        kind="samples.import",
        key=f"samples.import:{run.pk}",
        args={"import_run": run.pk},
        team=run.sample_set.team_id,
    )
    run.save(update_fields=["job"])
    return run


def check_prompts_path(prompts: str, team: int | None) -> None:
    """Raise SourceError for a table that is not there, or not within what IMPORT_ROOTS opens to the team.

    A path without a leading slash is one among the files that are imported, which are looked at later.
    """
    path = Path(prompts)
    if not path.is_absolute():
        return
    roots = roots_for(team)
    if not any(path.resolve().is_relative_to(Path(root).resolve()) for root in roots):
        raise not_open(prompts, roots)
    if not path.is_file():
        raise SourceError(f"There is no file {prompts} on this machine.")


def _drop_archive(run: ImportRun) -> None:
    if run.archive:
        run.archive.delete(save=False)
        run.save(update_fields=["archive"])


@contextmanager
def _refusals_recorded(run: ImportRun) -> Iterator[None]:
    """Write why a whole import was refused to its run, and raise ImportRefused with it."""
    try:
        yield
    except (SourceError, PromptsError, BadFiles) as error:
        run.error = str(error)
        run.finished_at, run.lease_until = timezone.now(), None
        run.save()
        _drop_archive(run)
        raise ImportRefused(run) from error
