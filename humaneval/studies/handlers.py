"""Background jobs of studies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from humaneval.jobs.models import Job
from humaneval.jobs.registry import job_handler
from humaneval.jobs.running import JobCancelled, JobFailed, JobInterrupted, LeaseLost, RunningJob
from humaneval.protocols.base import Design
from humaneval.samples.stimuli import StimulusError
from humaneval.studies import design, examples, launching, lifecycle
from humaneval.studies.models import Study, StudyState


@job_handler(lifecycle.LAUNCH_JOB, queue="long")
def launch_study(job: RunningJob) -> dict[str, Any]:
    """Make a launching study's trials and stimuli, then open it; see :mod:`humaneval.studies.launching`."""
    study = _launching_study(job)
    if study.state != StudyState.LAUNCHING:  # opened by an attempt that was killed before it could say so
        return {"study": study.slug}
    with _draft_again_on_failure(job, study):
        samples = _prepare(job, study)
        lifecycle.open_launched(study)
    return {"study": study.slug, "trials": study.trial_count, "samples": samples}


def _launching_study(job: RunningJob) -> Study:
    study = Study.objects.filter(pk=job.args["study"]).first()
    if study is None:
        raise JobFailed(_("The study has been deleted."))
    if study.launch_job_id != job.id or study.state == StudyState.DRAFT:
        raise JobFailed(_("This launch was taken back. Launch the study again from its page."))
    return study


def _prepare(job: RunningJob, study: Study) -> int:
    """Make trials and stimuli; return the number of samples shown."""
    plan = design.design_of(study)
    if problems := design.problems_of(study, plan):
        raise JobFailed("\n".join(problems))
    samples = launching.make_trials(study, plan, job.progress)
    samples |= _plan_beside(study, plan, samples)
    try:
        launching.render_stimuli(study, samples, job.progress)
    except StimulusError as error:
        raise JobFailed(str(error)) from error
    return len(samples)


def _plan_beside(study: Study, plan: Design, used: set[int]) -> set[int]:
    """Keep the practice trials with the study; return the samples shown beside its trials."""
    extras = examples.plan_extras(study, plan, used)
    if extras.problems:
        raise JobFailed("\n".join(extras.problems))
    study.practice = [trial.as_json() for trial in extras.practice]
    Study.objects.filter(pk=study.pk).update(practice=study.practice)
    return examples.samples_beside(study, extras.practice)


@contextmanager
def _draft_again_on_failure(job: RunningJob, study: Study) -> Iterator[None]:
    """Return the study to draft when the job ends without success, not when it will be tried again."""
    try:
        yield
    except (LeaseLost, JobInterrupted):
        raise
    except JobCancelled:
        lifecycle.return_to_draft(study, _("The launch was cancelled."))
        raise
    except JobFailed as error:
        lifecycle.return_to_draft(study, str(error))
        raise
    except Exception as error:
        if _is_last_attempt(job):
            lifecycle.return_to_draft(study, f"{type(error).__name__}: {error}")
        raise


def _is_last_attempt(job: RunningJob) -> bool:
    row = Job.objects.only("attempts", "max_attempts").get(pk=job.id)
    return row.attempts >= row.max_attempts
