"""How a study goes from draft to launching, open, paused and closed: the one place that changes states."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.jobs import services as jobs
from humaneval.studies.design import NotLaunchable, design_of, problems_of
from humaneval.studies.models import Study, StudyState, Trial
from humaneval.studies.states import MOVES, may_move

LAUNCH_JOB = "studies.launch"


class WrongState(ValidationError):
    """A change that a study's present state does not allow."""


def launch(study: Study, user: User | None = None) -> Study:
    """Start launching a draft: its trials are made and its stimuli rendered by a background job.

    Returns the study, now launching, with its ``launch_job``; the job opens it. Raises
    :class:`WrongState` unless it is a draft, and
    :class:`~humaneval.studies.design.NotLaunchable` with sentences if it cannot be launched as it is;
    these stay in ``launch_error``.
    """
    problems = _launch_problems(study)
    if problems:
        Study.objects.filter(pk=study.pk, state=StudyState.DRAFT).update(launch_error="\n".join(problems))
        raise NotLaunchable(problems)
    args = {"study": study.pk, "user": user.pk if user else None}
    with transaction.atomic():
        _move(study, "launch", launch_error="", recipe="", design_digest="")
        key = f"{LAUNCH_JOB}:{study.pk}:{secrets.token_hex(4)}"
        job = jobs.submit(kind=LAUNCH_JOB, key=key, args=args, team=study.team_id)
        Study.objects.filter(pk=study.pk).update(launch_job=job)
    return _fresh(study)


def _launch_problems(study: Study) -> list[str]:
    stored = Study.objects.get(pk=study.pk)
    check_move(stored, "launch")
    return problems_of(stored, design_of(stored))


def pause(study: Study) -> Study:
    """Stop handing out trials; votes on what is out are still taken. Returns the study."""
    return _move(study, "pause")


def resume(study: Study) -> Study:
    """Open a paused study again. Returns the study."""
    return _move(study, "resume")


def close(study: Study) -> Study:
    """End a study for good. Returns the study."""
    return _move(study, "close", closed_at=timezone.now())


def close_with_archive(study: Study, *, trial_count: int) -> Study:
    """Close a draft whose trials and votes come from an archive, or note what such a study has gained."""
    now = timezone.now()
    times = {} if study.closed_at else {"opened_at": now, "closed_at": now}
    return _move(study, "close_with_archive", trial_count=trial_count, launch_error="", **times)


def open_launched(study: Study) -> Study:
    """Open a study whose trials and stimuli are ready: the launch job's last step.

    Raises :class:`WrongState`, as :func:`return_to_draft` does, where it has been launched anew since it was
    loaded: a worker that stood still has no say in that launch.
    """
    return _change(_in_this_launch(study), study, "open_launched", {"opened_at": timezone.now()})


def return_to_draft(study: Study, reason: str) -> Study:
    """Take back a launch: the trials made so far are deleted, and ``launch_error`` says why."""
    with transaction.atomic():
        back = {"launch_error": reason, "recipe": "", "design_digest": ""}
        study = _change(_in_this_launch(study), study, "return_to_draft", back)
        Trial.objects.filter(study=study).delete()
        Study.objects.filter(pk=study.pk).update(gold_count=0)
    return study


def cancel_launch(study: Study) -> Study:
    """Stop a launch and return the study to draft: at once, or when its job next looks up.

    Also the way back for a launch whose job failed for good or was cancelled elsewhere. Raises
    :class:`WrongState` unless the study is launching.
    """
    study = _fresh(study)
    check_move(study, "return_to_draft")
    job = jobs.cancel(study.launch_job) if study.launch_job else None
    if job is not None and not job.is_finished:
        return study
    reason = (job and job.error) or _("The launch was cancelled.")
    return return_to_draft(study, reason)


def check_move(study: Study, name: str) -> None:
    """Raise :class:`WrongState` unless the study's state, as loaded, allows a move of ``states.MOVES``."""
    if not may_move(study.state, name):
        raise _wrong_state(study, name)


def _move(study: Study, name: str, **fields: Any) -> Study:
    return _change(Study.objects.filter(pk=study.pk), study, name, fields)


def _in_this_launch(study: Study) -> QuerySet[Study]:
    return Study.objects.filter(pk=study.pk, launch_job=study.launch_job_id)


def _change(rows: QuerySet[Study], study: Study, name: str, fields: Mapping[str, Any]) -> Study:
    """Change the state by one conditional UPDATE, so that of two attempts at once one is refused."""
    move = MOVES[name]
    if not rows.filter(state__in=move.sources).update(state=move.target, **fields):
        raise _wrong_state(_fresh(study), name)
    return _fresh(study)


def _fresh(study: Study) -> Study:
    study.refresh_from_db()
    return study


def _wrong_state(study: Study, move: str) -> WrongState:
    text = _("“%(study)s” is %(state)s and cannot become %(target)s: only what is %(sources)s can.")
    sources = _(" or ").join(str(state.label) for state in StudyState if state in MOVES[move].sources)
    words = {
        "study": study,
        "state": study.get_state_display(),
        "target": MOVES[move].target.label,
        "sources": sources,
    }
    return WrongState(text % words, code="wrong_state")
