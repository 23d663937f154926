"""Reports as they stood: made when asked for, kept for ever, told apart by what they rest on."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet

from humaneval.reports.freshness import Basis, current_basis
from humaneval.reports.models import Snapshot
from humaneval.reports.version import code_version
from humaneval.studies.models import Study

_KEEP_SECONDS = 3600


def take_snapshot(*, study: Study) -> Snapshot:
    """Return the report as of now: the stored one where nothing has changed since, else a new one.

    What counts as a change is everything in :func:`humaneval.reports.freshness.current_basis`.
    """
    basis = current_basis(study)
    payload = _payload(study, basis)
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


def current_payload(study: Study) -> dict[str, Any]:
    """Return the report as of now without keeping a snapshot; built once while nothing changes."""
    return _payload(study, current_basis(study))


def _payload(study: Study, basis: Basis) -> dict[str, Any]:
    stored = Snapshot.objects.filter(study=study, fingerprint=basis.fingerprint).first()
    if stored is not None:
        return stored.payload
    key = f"report:{study.pk}:{basis.fingerprint}"
    payload = cache.get(key)
    if payload is None:
        from humaneval.reports.report import build  # SciPy and pandas: seconds that starting up must not cost

        payload = build(study)
        cache.set(key, payload, _KEEP_SECONDS)
    return payload


def latest_snapshot(study: Study) -> Snapshot | None:
    """Return the newest snapshot there is, however old, or ``None``."""
    return Snapshot.objects.filter(study=study).first()


def snapshots_of(study: Study) -> QuerySet[Snapshot]:
    """Return all snapshots without their payloads, newest first."""
    return Snapshot.objects.filter(study=study).defer("payload")
