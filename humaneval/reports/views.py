"""The report's page for staff: the newest snapshot, earlier ones, and a button that takes a new one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from humaneval.reports.api import REFRESH, SEE
from humaneval.reports.freshness import Basis, current_basis
from humaneval.reports.models import Snapshot
from humaneval.reports.pages import render_standalone, report_body
from humaneval.reports.results import from_payload
from humaneval.reports.snapshots import current_payload, latest_snapshot, snapshots_of, take_snapshot
from humaneval.studies.models import Study
from humaneval.teams.access import PermissionsIn, find

_SHOWN_SNAPSHOTS = 20


@require_safe
@staff_member_required
def report_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the newest snapshot (the first visit takes one), or the one that ``?snapshot=`` names."""
    study = find(request.user, Study.objects.all(), SEE, slug=slug)
    snapshot = _chosen(study, request.GET.get("snapshot", ""))
    basis = current_basis(study)
    context = {
        "study": study,
        "perms": PermissionsIn(request.user, study),
        "snapshot": snapshot,
        "report": snapshot.payload,
        "body": report_body(snapshot),
        "is_current": basis.fingerprint == snapshot.fingerprint,
        "news": _what_is_new(basis, snapshot),
        "snapshots": snapshots_of(study)[:_SHOWN_SNAPSHOTS],
    }
    return render(request, "reports/page.html", context)


def _chosen(study: Study, wanted: str) -> Snapshot:
    if wanted:
        return get_object_or_404(Snapshot, study=study, pk=int(wanted) if wanted.isdecimal() else 0)
    return latest_snapshot(study) or take_snapshot(study=study)


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
    snapshot = take_snapshot(study=study)
    if before is not None and snapshot.pk == before.pk:
        messages.info(request, _("Nothing has changed since this report was made."))
    target = redirect("reports:page", slug=slug)
    if snapshot != latest_snapshot(study):
        target["Location"] += f"?snapshot={snapshot.pk}"
    return target


@require_safe
@staff_member_required
def download_report(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the report as it stands now as one self-contained HTML file."""
    study = find(request.user, Study.objects.all(), SEE, slug=slug)
    page = render_standalone(from_payload(current_payload(study)))
    disposition = f'attachment; filename="{study.slug}-report.html"'
    return HttpResponse(page, headers={"Content-Disposition": disposition})


@require_safe
@staff_member_required
def download_files(request: HttpRequest, slug: str) -> FileResponse:
    """Return everything for a paper as one zip: tables (CSV, Parquet, LaTeX), figures (PDF, SVG), methods."""
    from humaneval.reports.folder import report_archive

    study = find(request.user, Study.objects.all(), SEE, slug=slug)
    archive = report_archive(from_payload(current_payload(study)), study.slug)
    return FileResponse(archive, as_attachment=True, filename=f"{study.slug}-report.zip")
