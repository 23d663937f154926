"""How metric runs stand, for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from humaneval.jobs.models import Job, JobState
from humaneval.monitoring.standings import Standing
from humaneval.scoring.models import MetricRun


def metric_runs() -> Iterator[Standing]:
    """Yield how many runs wait and go on, and how far those that go on are: two queries."""
    going = MetricRun.objects.filter(job__state=JobState.RUNNING).select_related("job")
    for run in going:
        assert run.job is not None  # noqa: S101 - filtered by it
        labels = {"run": str(run.pk)}
        share = run.job.progress_done / run.job.progress_total if run.job.progress_total else 0.0
        yield Standing("metric_run_progress", "Share of a run's work that is done.", share, labels)
        yield Standing(
            "metric_run_images_done", "Images a running run is through with.", run.job.progress_done, labels
        )
    queued = Job.objects.filter(state=JobState.QUEUED, metric_run__isnull=False).count()
    yield Standing("metric_runs_queued", "Runs that wait for a worker.", queued)
    yield Standing("metric_runs_running", "Runs that a worker holds.", len(going))
