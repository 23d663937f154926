"""Reports as they stood: made when asked for, kept for ever, told apart by what they rest on."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet

from humaneval.reports.freshness import Basis, current_basis
from humaneval.reports.models import Snapshot
from humaneval.reports.version import code_version
from humaneval.studies.models import Study
from humaneval.ui.database import one_moment

_KEEP_SECONDS = 3600


def take_snapshot(*, study: Study) -> Snapshot:
    """Return the report as of now: the stored one where nothing has changed since, else a new one.

    What counts as a change is everything in :func:`humaneval.reports.freshness.current_basis`.
    """
    basis, payload = _report_of(study, current_basis(study))
    snapshot, _ = Snapshot.objects.get_or_create(
        study=study,
        fingerprint=basis.fingerprint,
        defaults={
            "vote_count": payload["votes"]["counted"],
            "last_vote": basis.last_vote,
            "last_score": basis.last_score,
            "payload": payload,
            "code_version": code_version(),
        },
    )
    return snapshot


def payload_of(study: Study, basis: Basis) -> dict[str, Any]:
    """Return the report on that basis, kept or built; built once while nothing changes."""
    return _report_of(study, basis)[1]


def _report_of(study: Study, basis: Basis) -> tuple[Basis, dict[str, Any]]:
    """Return a report and what it rests on: that basis, or one a little later, if it had to be built first.

    Were it kept under the earlier one, a vote that came meanwhile would be told of even after its withdrawal.
    """
    stored = Snapshot.objects.filter(study=study, fingerprint=basis.fingerprint).first()
    if stored is not None:
        return basis, stored.payload
    payload = cache.get(_key(study, basis))
    if payload is None:
        from humaneval.reports.report import build  # SciPy and pandas: seconds that starting up must not cost

        with one_moment():
            basis, payload = current_basis(study), build(study)
        cache.set(_key(study, basis), payload, _KEEP_SECONDS)
    return basis, payload


def _key(study: Study, basis: Basis) -> str:
    return f"report:{study.pk}:{basis.fingerprint}"


def latest_snapshot(study: Study) -> Snapshot | None:
    """Return the newest snapshot there is, however old, or ``None``."""
    return Snapshot.objects.filter(study=study).first()


def snapshots_of(study: Study) -> QuerySet[Snapshot]:
    """Return all snapshots without their payloads, newest first."""
    return Snapshot.objects.filter(study=study).defer("payload")
