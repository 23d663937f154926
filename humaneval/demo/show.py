"""The whole demo: material, sets, studies, votes, scores and reports, each step done once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections

from humaneval.demo.access import Login
from humaneval.demo.console import Console
from humaneval.demo.material import Material
from humaneval.demo.scores import start_scores
from humaneval.demo.sets import import_sets
from humaneval.demo.studies import PLANS, Plan, make_study
from humaneval.jobs.models import Job, JobState
from humaneval.rating.consent import consent_hash
from humaneval.rating.models import Session, SessionState
from humaneval.reports.snapshots import take_snapshot
from humaneval.samples.models import SampleSet
from humaneval.scoring.models import MetricRun
from humaneval.studies.leakage import start_leak_check
from humaneval.studies.models import Study, StudyState

POLL_SECONDS = 0.3
UNDER_WAY_SECONDS = 20
"""How long a download may keep the reports waiting."""


class DemoFailed(Exception):
    """A step that did not come to its end; the text says which and why."""


def prepare(console: Console, effort: float) -> tuple[Material, dict[str, SampleSet]]:
    """Return the material and its sample sets, made and imported unless they are there."""
    folder = Path(settings.DATA_DIR) / "demo"
    material = Material(folder, Path(settings.EXTRACTOR_DIR))
    if not material.facts.exists():
        from humaneval.demo.training import make_material

        make_material(material, console.say, effort)
    return material, import_sets(material, console.say)


def run(console: Console, address: str, login: Login, effort: float = 1.0) -> list[Study]:
    """Do all that is not done yet against the server at ``address``; return the studies.

    ``effort`` below 1 trains less and asks fewer raters, to try the way rather than to show results.
    """
    material, sets = prepare(console, effort)
    console.say("Making studies and starting the scores")
    plans = [plan.scaled(effort) for plan in PLANS]
    planned = [(plan, make_study(plan, sets, login.user)) for plan in plans]
    studies = [study for _, study in planned]
    digits_run, inception_run = start_scores(material, sets, login.user)
    for study in studies:
        wait_until_open(console, study)
    let_raters_vote(console, address, login, material, planned)
    wait_for_scores(console, digits_run)
    wait_until_under_way(inception_run)
    console.say("Building reports")
    for study in studies:
        take_snapshot(study=study)
    for study in studies:  # in the worker, while people look at the reports
        start_leak_check(study)
    return studies


def wait_until_open(console: Console, study: Study) -> None:
    """Return when the study's trials and stimuli are made."""
    if study.state != StudyState.LAUNCHING:
        return
    console.say(f"Making trials and stimuli of “{study}”")

    def is_open() -> bool:
        study.refresh_from_db()
        if study.state == StudyState.DRAFT:
            raise DemoFailed(f"“{study}” could not be launched: {study.launch_error}")
        return study.state != StudyState.LAUNCHING

    wait_for(is_open, lambda: study.launch_job, console)


def wait_for_scores(console: Console, run: MetricRun) -> None:
    """Return when the run is finished; raise DemoFailed with its reason if it failed."""
    job = run.job
    if job is None or job.state == JobState.SUCCEEDED:
        return
    console.say("Computing scores in a Celery worker")

    def is_finished() -> bool:
        job.refresh_from_db()
        return job.is_finished

    wait_for(is_finished, lambda: job, console)
    if job.state != JobState.SUCCEEDED:
        raise DemoFailed(f"The scores could not be computed: {job.error}")


def wait_until_under_way(run: MetricRun) -> None:
    """Return when the run is at its images, or finished: without weights it ends at once."""
    deadline = time.monotonic() + UNDER_WAY_SECONDS
    job = run.job
    while job and not job.is_finished and not job.progress_done and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        job.refresh_from_db()


def wait_for(done: Callable[[], bool], job: Callable[[], Job | None], console: Console) -> None:
    """Wait until ``done()``, showing the job's progress."""
    shown = (-1, -1)
    while not done():
        row = job()
        if row is not None:
            row.refresh_from_db()
            if row.progress_total and (row.progress_done, row.progress_total) != shown:
                shown = (row.progress_done, row.progress_total)
                console.progress(*shown, row.progress_note)
        time.sleep(POLL_SECONDS)
        close_old_connections()


def let_raters_vote(
    console: Console, address: str, login: Login, material: Material, planned: Sequence[tuple[Plan, Study]]
) -> None:
    """Let simulated raters fill every study that is not full."""
    empty = [(plan, study) for plan, study in planned if finished_raters(study) < plan.raters]
    if not empty:
        return
    from humaneval.demo.classifier import load_eye
    from humaneval.demo.client import RatingApi
    from humaneval.demo.digits import load_halves
    from humaneval.demo.material import SEED
    from humaneval.demo.perception import Eye
    from humaneval.demo.raters import fill_study

    eye = Eye(load_eye(material.eye), load_halves(SEED)[1])
    api = RatingApi(address, login.token)
    for plan, study in empty:
        console.say(f"{plan.raters} simulated raters take part in “{study}”")
        fill_study(
            api,
            eye,
            study.slug,
            consent_hash(study),
            seeds=range(plan.raters),
            progress=lambda done, total: console.progress(done, total, "raters"),
        )


def finished_raters(study: Study) -> int:
    """Return how many simulated raters have come to the end of a study."""
    done = Session.objects.filter(study=study, state=SessionState.COMPLETED, rater__simulated=True)
    return done.count()
