"""The page of a study's exports: have one made, see how far it is, take it away."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from humaneval.reports.api import EXPORT
from humaneval.studies.models import Study
from humaneval.teams.access import PermissionsIn, find
from humaneval.workspace.kept_exports import ExportForm, exports_of, start_export

REFRESH_SECONDS = 5
SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def exports(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a study's exports; a post has one made."""
    study = find(request.user, Study.objects.all(), EXPORT, slug=slug)
    if request.method == "POST":
        return _start(request, study)
    kept = exports_of(study)[:SHOWN]
    context = {
        "study": study,
        "perms": PermissionsIn(request.user, study),
        "exports": kept,
        "forms": ExportForm.choices,
        "under_way": any(export.is_under_way for export in kept),
        "every": REFRESH_SECONDS,
    }
    response = render(request, "workspace/exports.html", context)
    if context["under_way"]:
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


def _start(request: HttpRequest, study: Study) -> HttpResponse:
    form = request.POST.get("form", "")
    if form in ExportForm.values:
        start_export(study=study, form=ExportForm(form))
    else:
        messages.error(request, _("Choose what the export is to hold."))
    return HttpResponseRedirect(reverse("workspace:exports", args=[study.slug]))
