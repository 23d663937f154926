"""Reports that a worker makes: of many votes, one takes more time and memory than a web process has to give.

Of a study with at most ``DIRECT_VOTES`` the report is built where it is asked for. Of a larger one a job
takes a snapshot; until there is one, :class:`BeingMade` is raised. While votes come in, a snapshot serves for
``FRESH_SECONDS``, or nobody would ever see one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from humaneval.jobs import services
from humaneval.jobs.models import Job, JobState
from humaneval.reports.freshness import Basis, current_basis
from humaneval.reports.models import Snapshot
from humaneval.reports.snapshots import payload_of, take_snapshot
from humaneval.studies.models import Study

KIND = "reports.build"
DIRECT_VOTES = 20_000
"""Of a study with more, reports and archives are made by a worker only."""
FRESH_SECONDS = 300


class BeingMade(Exception):
    """A worker makes the report; it is there in a while."""


class NotMade(Exception):
    """The worker could not make the report; the message says why."""


def report_at_hand(study: Study) -> dict[str, Any]:
    """Return the report as of now, or of a large study as of the last ``FRESH_SECONDS``.

    Raises BeingMade where a worker has to make it first (which it is asked to do here), and NotMade where it
    has just tried in vain.
    """
    basis = current_basis(study)
    if basis.vote_count <= DIRECT_VOTES:
        return payload_of(study, basis)
    kept = _fresh(study, basis)
    if kept is not None:
        return kept.payload
    _ask(study)
    raise BeingMade(
        _("A worker makes the report, after imports and launches that wait before it. Ask again.")
    )


def new_snapshot(study: Study, *, again: bool = False) -> Snapshot:
    """Return a snapshot of now, taken here if the study is small.

    Raises BeingMade where a worker takes it, and NotMade where it has just tried in vain; ``again`` lets it
    try once more.
    """
    basis = current_basis(study)
    kept = Snapshot.objects.filter(study=study, fingerprint=basis.fingerprint).first()
    if kept is not None:
        return kept
    if basis.vote_count <= DIRECT_VOTES:
        return take_snapshot(study=study)
    _ask(study, again=again)
    raise BeingMade(_("The report is being made in the background. It is there in a while."))


@dataclass(frozen=True)
class Making:
    """How the last report stands that a worker was asked for; ``failed`` says why, for a while."""

    under_way: bool = False
    progress: str = ""
    failed: str = ""


def making_of(study: Study) -> Making:
    """Return how the making of a study's report stands. One query."""
    job = Job.objects.filter(kind=KIND, key__startswith=_prefix(study)).order_by("-id").first()
    if job is None:
        return Making()
    if job.state in (JobState.QUEUED, JobState.RUNNING):
        return Making(under_way=True, progress=job.progress_text)
    since = timezone.now() - timedelta(seconds=FRESH_SECONDS)
    just_now = job.finished_at is None or job.finished_at >= since
    return Making(failed=job.error if job.state == JobState.FAILED and just_now else "")


def _ask(study: Study, *, again: bool = False) -> None:
    """Have a worker make the report, unless one does, or has just failed to."""
    making = making_of(study)
    if making.failed and not again:
        raise NotMade(_("The report could not be made: %(why)s") % {"why": making.failed})
    if not making.under_way:
        services.submit(
            kind=KIND, key=f"{_prefix(study)}{uuid.uuid4().hex}", args={"study": study.pk}, team=study.team_id
        )


def _fresh(study: Study, basis: Basis) -> Snapshot | None:
    same = Snapshot.objects.filter(study=study, fingerprint=basis.fingerprint).first()
    since = timezone.now() - timedelta(seconds=FRESH_SECONDS)
    return same or Snapshot.objects.filter(study=study, created_at__gte=since).first()


def _prefix(study: Study) -> str:
    return f"{KIND}:{study.pk}:"
