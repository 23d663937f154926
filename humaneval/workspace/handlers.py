"""Background work of this app."""

from __future__ import annotations

from typing import Any

from humaneval.jobs.registry import job_handler
from humaneval.jobs.running import JobFailed, RunningJob


@job_handler("workspace.export", queue="long", max_attempts=3)
def run_export(job: RunningJob) -> dict[str, Any]:
    """Make one export; its result says where the file lies, how large it is, and its checksum."""
    from humaneval.studies.models import Study
    from humaneval.workspace.kept_exports import ExportForm, store_export

    study = Study.objects.filter(pk=job.args["study"]).first()
    if study is None:
        raise JobFailed("This study was deleted before its export was made.")
    job.check_cancelled()
    return store_export(study=study, form=ExportForm(job.args["form"]), job_id=job.id)


@job_handler("workspace.remove_exports", queue="long", max_attempts=3)
def run_removal(job: RunningJob) -> dict[str, Any]:
    """Remove the files of old exports."""
    from humaneval.workspace.kept_exports import remove_old_exports

    return {"removed": remove_old_exports()}
