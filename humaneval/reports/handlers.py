"""Background work of this app."""

from __future__ import annotations

from typing import Any

from humaneval.jobs.registry import job_handler
from humaneval.jobs.running import JobFailed, RunningJob


@job_handler("reports.build", queue="long", max_attempts=3)
def run_building(job: RunningJob) -> dict[str, Any]:
    """Take a snapshot of one study's report; its result says which."""
    from humaneval.reports.snapshots import take_snapshot
    from humaneval.studies.models import Study

    study = Study.objects.filter(pk=job.args["study"]).first()
    if study is None:
        raise JobFailed("This study was deleted before its report was made.")
    job.check_cancelled()
    return {"snapshot": take_snapshot(study=study).pk}
