"""Background jobs of recruitment: one kind for each kind of call, and the look at what is going on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from humaneval.jobs.registry import job_handler
from humaneval.jobs.running import JobFailed, JobPostponed, RunningJob
from humaneval.recruitment.models import IntentKind, IntentState


@contextmanager
def _patience() -> Iterator[None]:
    """Let a job wait for as long as a panel asks it to."""
    from humaneval.recruitment.recruiters import NotSent

    try:
        yield
    except NotSent as error:
        raise JobPostponed(str(error), error.wait) from error


def run_intent(job: RunningJob) -> dict[str, Any]:
    """Carry out an intent, after making sure that this worker still holds the job."""
    from humaneval.recruitment.intents import carry_out

    job.progress(0, 1)
    with _patience():
        intent = carry_out(job.args["intent"])
    if intent.state != IntentState.DONE:
        raise JobFailed(intent.problem)
    return {"outcome": intent.outcome}


for _kind in IntentKind:
    job_handler(f"recruitment.{_kind}", max_attempts=12)(run_intent)


@job_handler("recruitment.poll", max_attempts=3)
def run_poll(job: RunningJob) -> dict[str, Any]:
    """Bring what is known of a posting up to date with the panel."""
    from humaneval.recruitment.models import Posting
    from humaneval.recruitment.polling import poll_posting
    from humaneval.recruitment.recruiters import PanelRefused

    try:
        with _patience():
            return {"submissions": poll_posting(Posting.objects.get(pk=job.args["posting"]))}
    except PanelRefused as refusal:
        raise JobFailed(str(refusal)) from refusal


@job_handler("recruitment.forget", max_attempts=3)
def run_forget(job: RunningJob) -> dict[str, Any]:
    """Erase panel ids that have been kept for as long as the setting says."""
    from humaneval.recruitment.withdrawing import forget_old_ids

    return {"erased": forget_old_ids()}
