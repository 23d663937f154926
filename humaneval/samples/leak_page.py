"""The checks for leaks on a sample set's page: what they have found, and a check against another set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from humaneval.samples.leakage import audits, words
from humaneval.samples.models import LeakageAudit, Sample, SampleSet
from humaneval.teams.access import find, may, visible

CHECK = "samples.add_leakageaudit"
SHOWN = 5
"""Audits on a set's page; the list of audits has them all."""


@dataclass(frozen=True)
class Standing:
    """An audit as a set's page shows it: with which sets, its warnings, how far it is or why it failed."""

    audit: LeakageAudit
    others: list[str]
    warnings: list[str]
    progress: str
    error: str
    is_current: bool


def leak_context(request: HttpRequest, sample_set: SampleSet) -> dict[str, Any]:
    """Return what the section shows: the newest audits of a set, and sets to compare it with."""
    rows = sample_set.leakage_audits.select_related("job").prefetch_related("sample_sets")
    seen = list(visible(request.user, rows)[: SHOWN + 1])
    may_check = may(request.user, CHECK, sample_set)
    return {
        "leak_audits": [_standing(audit, sample_set) for audit in seen[:SHOWN]],
        "more_audits": len(seen) > SHOWN,
        "may_check": may_check,
        "comparable": list(_comparable(request, sample_set)) if may_check else [],
    }


def check_leaks(request: HttpRequest, object_id: str) -> HttpResponse:
    """Start the check of a set against the one chosen, and lead back to its page."""
    key = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
    sample_set = find(request.user, SampleSet.objects.all(), CHECK, pk=key)
    if request.method == "POST":
        _start(request, sample_set)
    page = reverse("admin:samples_sampleset_change", args=[sample_set.pk])
    return HttpResponseRedirect(f"{page}#leaks-title")


def _start(request: HttpRequest, sample_set: SampleSet) -> None:
    chosen = request.POST.get("other", "")
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 19 else 0
    other = _comparable(request, sample_set).filter(pk=number).first()
    if other is None:
        messages.error(
            request, _("Choose a set of the same team to compare with: a real and a generated one.")
        )
        return
    try:
        audit = audits.start_audit([sample_set.pk, other.pk])
    except audits.NothingToAudit as reason:
        messages.error(request, str(reason))
        return
    found = _("This is checked already; the result is below.")
    messages.success(request, found if audit.result else _("The check for leaks has started."))


def _comparable(request: HttpRequest, sample_set: SampleSet) -> QuerySet[SampleSet]:
    """Return the team's sets of the other kind that hold samples."""
    own = visible(request.user, SampleSet.objects.filter(team=sample_set.team_id), CHECK)
    filled = Exists(Sample.objects.filter(sample_set=OuterRef("pk")))
    return own.exclude(kind=sample_set.kind).filter(filled)


def _standing(audit: LeakageAudit, sample_set: SampleSet) -> Standing:
    job = audit.job
    lost = "" if audit.result is not None or audit.is_underway else _("its job is gone")
    return Standing(
        audit=audit,
        others=[name for key, name in words.set_names(audit).items() if key != sample_set.pk],
        warnings=words.warnings(audit, about=sample_set),
        progress=job.progress_text if job and audit.is_underway else "",
        error=(lost and job and job.error) or lost,
        is_current=audits.is_current(audit),
    )
