"""Background work of this app."""

from __future__ import annotations

from typing import Any

from humaneval.jobs.registry import job_handler
from humaneval.jobs.running import JobFailed, RunningJob


@job_handler("samples.import", queue="long")
def run_import(job: RunningJob) -> dict[str, Any]:
    """Carry out one queued import; its counts are the job's result."""
    from humaneval.samples.importing import ImportRefused, run_queued_import
    from humaneval.samples.models import ImportRun

    run = ImportRun.objects.filter(pk=job.args["import_run"]).select_related("job").first()
    if run is None:
        raise JobFailed("This import was deleted before it ran.")
    try:
        run_queued_import(run=run, progress=job.progress)
    except ImportRefused as refusal:
        raise JobFailed(str(refusal)) from refusal
    return {"added": run.added, "unchanged": run.unchanged, "rejected": run.rejected}


@job_handler("samples.leakage", queue="long")
def run_leakage_audit(job: RunningJob) -> dict[str, Any]:
    """Carry out one queued audit; what leaks is the job's result."""
    from humaneval.samples.leakage.audits import carry_out
    from humaneval.samples.models import LeakageAudit
    from humaneval.samples.stimuli import StimulusError

    audit = LeakageAudit.objects.filter(pk=job.args["audit"]).first()
    if audit is None:
        raise JobFailed("This audit was deleted before it ran.")
    try:
        carry_out(audit=audit, progress=job.progress)
    except StimulusError as error:
        raise JobFailed(str(error)) from error
    return {"leaking": [group["leaking"] for group in (audit.result or {}).get("stimuli", [])]}


@job_handler("samples.duplicates", queue="long")
def run_duplicate_check(job: RunningJob) -> dict[str, Any]:
    """Carry out one queued check for near-duplicates; the counts are the job's result."""
    from humaneval.samples.duplicates import carry_out
    from humaneval.samples.models import DuplicateCheck
    from humaneval.samples.stimuli import StimulusError

    check = DuplicateCheck.objects.filter(pk=job.args["check"]).select_related("sample_set").first()
    if check is None:
        raise JobFailed("This check was deleted before it ran.")
    try:
        result = carry_out(check=check, progress=job.progress).result or {}
    except StimulusError as error:
        raise JobFailed(str(error)) from error
    return {"same": result["same"], "near": result["near"]}
