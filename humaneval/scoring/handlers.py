"""The jobs of this app."""

from __future__ import annotations

from typing import Any

from humaneval.jobs.registry import job_handler
from humaneval.jobs.running import JobFailed, RunningJob


@job_handler("scoring.run", queue="metrics")
def run_metrics(job: RunningJob) -> dict[str, Any]:
    """Compute what a metric run lacks."""
    from humaneval.scoring.computing import carry_out
    from humaneval.scoring.models import MetricRun

    run = MetricRun.objects.select_related("reference").filter(pk=job.args["run"]).first()
    if run is None:
        raise JobFailed("This metric run was deleted.")
    return carry_out(run, job)


@job_handler("scoring.shards", queue="metrics")
def help_with_features(job: RunningJob) -> dict[str, Any]:
    """Take shards of a set's features that another worker has begun."""
    from humaneval.scoring.helping import help_with

    return {"shards": help_with(job)}
