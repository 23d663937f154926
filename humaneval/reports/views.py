"""The report's page for staff: the newest snapshot, earlier ones, and a button that takes a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from humaneval.reports.api import REFRESH, SEE
from humaneval.reports.freshness import Basis, current_basis
from humaneval.reports.making import (
    BeingMade,
    NotMade,
    making_of,
    new_snapshot,
    report_at_hand,
)
from humaneval.reports.models import Snapshot
from humaneval.reports.pages import render_standalone, report_body
from humaneval.reports.results import Report, from_payload
from humaneval.reports.snapshots import latest_snapshot, snapshots_of
from humaneval.studies.models import Study
from humaneval.teams.access import PermissionsIn, find

_SHOWN_SNAPSHOTS = 20
_LOOK_AGAIN_SECONDS = 5


@require_safe
@staff_member_required
def report_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the newest snapshot (the first visit takes one), or the one that ``?snapshot=`` names.

    While a worker makes another one, the page says so and looks again by itself.
    """
    study = find(request.user, Study.objects.all(), SEE, slug=slug)
    try:
        snapshot = _chosen(study, request.GET.get("snapshot", ""))
    except (BeingMade, NotMade):
        return _render(request, "reports/being_made.html", study, {})
    basis = current_basis(study)
    context = {
        "snapshot": snapshot,
        "report": snapshot.payload,
        "body": report_body(snapshot),
        "is_current": basis.fingerprint == snapshot.fingerprint,
        "news": _what_is_new(basis, snapshot),
        "snapshots": snapshots_of(study)[:_SHOWN_SNAPSHOTS],
    }
    return _render(request, "reports/page.html", study, context)


def _render(request: HttpRequest, template: str, study: Study, context: dict[str, Any]) -> HttpResponse:
    making = making_of(study)
    shared = {"study": study, "perms": PermissionsIn(request.user, study), "making": making}
    response = render(request, template, {**shared, "every": _LOOK_AGAIN_SECONDS, **context})
    if making.under_way:
        response["Refresh"] = str(_LOOK_AGAIN_SECONDS)
    return response


def _chosen(study: Study, wanted: str) -> Snapshot:
    if wanted:
        is_number = wanted.isdecimal() and len(wanted) < 19
        return get_object_or_404(Snapshot, study=study, pk=int(wanted) if is_number else 0)
    return latest_snapshot(study) or new_snapshot(study)


def _what_is_new(basis: Basis, snapshot: Snapshot) -> str:
    """Return what has changed since the snapshot, in words; empty where nothing has."""
    if basis.fingerprint == snapshot.fingerprint:
        return ""
    votes = basis.vote_count - snapshot.payload["votes"]["total"]
    if votes > 0:
        words = ngettext(
            "%(count)d more vote has come in since.", "%(count)d more votes have come in since.", votes
        )
        return words % {"count": votes}
    if basis.last_score != snapshot.last_score:
        return _("Automated scores have been added since.")
    return _("The study, its scores, what raters were paid or this program have changed since.")


@require_POST
@staff_member_required
def refresh_report(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a new snapshot if anything changed, and show it."""
    study = find(request.user, Study.objects.all(), REFRESH, slug=slug)
    before = latest_snapshot(study)
    target = redirect("reports:page", slug=slug)
    try:
        snapshot = new_snapshot(study, again=True)
    except BeingMade:
        return target
    if before is not None and snapshot.pk == before.pk:
        messages.info(request, _("Nothing has changed since this report was made."))
    if snapshot != latest_snapshot(study):
        target["Location"] += f"?snapshot={snapshot.pk}"
    return target


@require_safe
@staff_member_required
def download_report(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return the report as it stands now as one self-contained HTML file."""
    return _download(request, slug, _one_page)


@require_safe
@staff_member_required
def download_files(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return everything for a paper as one zip: tables (CSV, Parquet, LaTeX), figures (PDF, SVG), methods."""
    return _download(request, slug, _all_files)


def _download(
    request: HttpRequest, slug: str, form: Callable[[Report, str], HttpResponseBase]
) -> HttpResponseBase:
    """Return the report in that form; while a worker makes it, go to its page, which says so."""
    study = find(request.user, Study.objects.all(), SEE, slug=slug)
    try:
        return form(from_payload(report_at_hand(study)), study.slug)
    except BeingMade:
        messages.info(request, _("The report is being made. Download it when this page shows it."))
    except NotMade as why:
        messages.error(request, str(why))
    return redirect("reports:page", slug=slug)


def _one_page(report: Report, slug: str) -> HttpResponse:
    disposition = f'attachment; filename="{slug}-report.html"'
    return HttpResponse(render_standalone(report), headers={"Content-Disposition": disposition})


def _all_files(report: Report, slug: str) -> FileResponse:
    from humaneval.reports.folder import report_archive

    return FileResponse(report_archive(report, slug), as_attachment=True, filename=f"{slug}-report.zip")
