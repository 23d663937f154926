"""Exports that a worker makes and storage keeps for some days: for a large one no request could wait.

Their row is the job: its arguments say of which study and in which form, its result where the file lies.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import QuerySet, TextChoices
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from humaneval.jobs import services
from humaneval.jobs.attendance import nobody_for
from humaneval.jobs.models import Job, JobState
from humaneval.studies.models import Study
from humaneval.workspace.exporting import bundle_archive, export_archive

KIND = "workspace.export"
CHUNK = 1 << 20


class ExportForm(TextChoices):
    """What is in an export."""

    FILES = "files", _("report, tables, votes and study file")
    BUNDLE = "bundle", _("bundle: all that the report rests on")


@dataclass(frozen=True)
class Making:
    """How an archive of one form is made, and what it is called when it is taken away."""

    make: Callable[..., IO[bytes]]
    suffix: str


MAKING = {
    ExportForm.FILES: Making(export_archive, ".zip"),
    ExportForm.BUNDLE: Making(bundle_archive, "-bundle.zip"),
}


@dataclass(frozen=True)
class KeptExport:
    """An export as people see it; ``stored`` is its name in storage, empty until made and once removed."""

    id: int
    form: ExportForm
    state: str
    progress: str
    waiting: str
    """That no worker is there to make it, and what to do; else empty."""
    error: str
    asked_at: datetime
    made_at: datetime | None
    size: int | None
    sha256: str
    stored: str

    @property
    def is_under_way(self) -> bool:
        """Whether it may still become a file by itself."""
        return self.state in {JobState.QUEUED, JobState.RUNNING}

    @property
    def removed_on(self) -> datetime | None:
        """When the file goes, or went; ``None`` where it stays."""
        if self.made_at is None or not settings.EXPORT_DAYS:
            return None
        return self.made_at + timedelta(days=settings.EXPORT_DAYS)


def start_export(*, study: Study, form: ExportForm) -> KeptExport:
    """Return an export that a worker makes from now on: the one under way, if there is one of this form."""
    for export in exports_of(study):
        if export.form == form and export.is_under_way:
            return export
    job = services.submit(
        kind=KIND,
        key=f"{_prefix(study)}{uuid.uuid4().hex}",
        args={"study": study.pk, "form": form},
        team=study.team_id,
    )
    job.refresh_from_db()
    return _export(job)


def exports_of(study: Study) -> list[KeptExport]:
    """Return a study's exports, newest first."""
    return [_export(job) for job in _jobs(study).order_by("-id")]


def export_with(*, study: Study, number: int) -> KeptExport | None:
    """Return one export of a study, or ``None``."""
    job = _jobs(study).filter(pk=number).first()
    return None if job is None else _export(job)


def open_file(export: KeptExport) -> IO[bytes] | None:
    """Return an export's file at its beginning; ``None`` where there is none yet, or no more."""
    if not export.stored or not default_storage.exists(export.stored):
        return None
    return default_storage.open(export.stored, "rb")


def file_name(study: Study, export: KeptExport) -> str:
    """Return what the file is called on the machine of whoever takes it away."""
    return f"{study.slug}{MAKING[export.form].suffix}"


def store_export(*, study: Study, form: ExportForm, job_id: int) -> dict[str, Any]:
    """Make an archive and put it into storage; return what the job's result says of it.

    Its name is its job's, so that a second attempt replaces what a killed one has left.
    """
    name = f"exports/{salted_hmac(KIND, str(job_id), algorithm='sha256').hexdigest()[:40]}.zip"
    digest, size = hashlib.sha256(), 0
    with MAKING[form].make(study=study) as archive:
        while chunk := archive.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        archive.seek(0)
        default_storage.delete(name)
        stored = default_storage.save(name, File(archive))
    return {"file": stored, "size": size, "sha256": digest.hexdigest()}


def remove_old_exports() -> int:
    """Remove the files of exports that were made ``EXPORT_DAYS`` ago or before; return how many."""
    if not settings.EXPORT_DAYS:
        return 0
    removed = 0
    before = timezone.now() - timedelta(days=settings.EXPORT_DAYS)
    made = Job.objects.filter(kind=KIND, state=JobState.SUCCEEDED, finished_at__lt=before)
    for job in made.exclude(result__file=""):
        result = job.result or {}
        default_storage.delete(result["file"])
        Job.objects.filter(pk=job.pk).update(result={**result, "file": ""})
        removed += 1
    return removed


def _jobs(study: Study) -> QuerySet[Job]:
    return Job.objects.filter(kind=KIND, key__startswith=_prefix(study))


def _prefix(study: Study) -> str:
    return f"{KIND}:{study.pk}:"


def _export(job: Job) -> KeptExport:
    made = job.state == JobState.SUCCEEDED
    result = job.result if made and job.result else {}
    return KeptExport(
        id=job.pk,
        form=ExportForm(job.args["form"]),
        state=job.state,
        progress=job.progress_text,
        waiting=nobody_for(job),
        error=job.error,
        asked_at=job.created_at,
        made_at=job.finished_at if made else None,
        size=result.get("size"),
        sha256=result.get("sha256", ""),
        stored=result.get("file", ""),
    )
