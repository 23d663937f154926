"""Whether trivial facts of a study's files give the answer away: what launch pages and the API show."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from humaneval.jobs.attendance import nobody_for
from humaneval.samples.leakage import audits, words
from humaneval.samples.models import LeakageAudit
from humaneval.studies.models import Study


@dataclass(frozen=True)
class LeakCheck:
    """Where a study's check for leaks stands.

    ``state``: ``unneeded`` (nothing real beside something generated, or nothing in it yet), ``missing``,
    ``running``, ``failed`` (``note`` says why) or ``done``. ``waiting`` says that no worker is there to go
    on, and what to do. ``warnings`` are sentences for the launch.
    """

    state: str
    note: str = ""
    waiting: str = ""
    warnings: list[str] = field(default_factory=list)
    audit: LeakageAudit | None = None


def leak_check(study: Study) -> LeakCheck:
    """Return where the check of the sets as they are now stands; starts nothing."""
    conditions = list(study.conditions.select_related("sample_set"))
    if not audits.comparable(condition.sample_set for condition in conditions):
        return LeakCheck("unneeded")
    return _of(audits.find_audit(condition.sample_set_id for condition in conditions))


def start_leak_check(study: Study) -> LeakCheck:
    """Start the check of the sets as they are now unless it is there; return where it stands."""
    ids = list(study.conditions.values_list("sample_set_id", flat=True))
    try:
        return _of(audits.start_audit(ids))
    except audits.NothingToAudit as reason:
        return LeakCheck("unneeded", note=str(reason))


def _of(audit: LeakageAudit | None) -> LeakCheck:
    if audit is None:
        return LeakCheck("missing", warnings=[_("The images have not been checked for leaks.")])
    if audit.result is not None:
        return LeakCheck("done", warnings=words.warnings(audit), audit=audit)
    if audit.is_underway:
        note = audit.job.progress_text if audit.job else ""
        return LeakCheck("running", note=note, waiting=nobody_for(audit.job), audit=audit)
    reason = (audit.job and audit.job.error) or _("its job is gone")
    text = _("The check of the images for leaks failed: %(reason)s")
    return LeakCheck("failed", note=reason, warnings=[text % {"reason": reason}], audit=audit)
