"""How metric runs stand, for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from humaneval.jobs.models import Job, JobState
from humaneval.monitoring.standings import Standing
from humaneval.scoring.features import READING
from humaneval.scoring.models import MetricRun


def step_of(job: Job) -> str:
    """Return whether a run reads images, or gets ready to, or computes scores, which may take hours each."""
    return "reading" if not job.progress_note or job.progress_note.startswith(READING) else "scoring"


def _still(job: Job) -> float:
    since = [at for at in (job.started_at, job.progress_at) if at]
    return max(0.0, (timezone.now() - max(since)).total_seconds()) if since else 0.0


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
        still = {**labels, "step": step_of(run.job)}
        yield Standing("metric_run_still_seconds", "Since a running run last moved.", _still(run.job), still)
    queued = Job.objects.filter(state=JobState.QUEUED, metric_run__isnull=False).count()
    yield Standing("metric_runs_queued", "Runs that wait for a worker.", queued)
    yield Standing("metric_runs_running", "Runs that a worker holds.", len(going))
