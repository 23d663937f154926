"""The researcher's page of invitations: names in, links out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from humaneval.recruitment.access import INVITE, staff_who_may, user_of
from humaneval.recruitment.forms import NamesForm
from humaneval.recruitment.link.invitations import ListRefused, invite, read_names, rows_of_links
from humaneval.studies.models import Study
from humaneval.teams.access import PermissionsIn, find
from humaneval.teams.audit import record_action
from humaneval.ui.spreadsheets import csv_lines

MOST_BYTES = 2_000_000


@require_http_methods(["GET", "HEAD", "POST"])
@staff_who_may(INVITE)
def invitations(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how many are invited; take a list of more."""
    study = find(request.user, Study.objects.all(), INVITE, slug=slug)
    form = NamesForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = invite(study=study, names=read_names(_text(form)), user=user_of(request))
        except ListRefused as error:
            form.add_error(None, str(error))
        else:
            text = ngettext("%(n)d invitation was made.", "%(n)d invitations were made.", made)
            messages.success(request, text % {"n": made})
            return redirect("recruitment:invitations", slug=slug)
    context = {
        "study": study,
        "perms": PermissionsIn(request.user, study),
        "form": form,
        "count": study.invitations.count(),
        "used": study.invitations.exclude(session=None).count(),
    }
    return render(request, "recruitment/invitations.html", context, status=400 if form.errors else 200)


def _text(form: NamesForm) -> str:
    file = form.cleaned_data["file"]
    if file is None:
        return str(form.cleaned_data["names"])
    if file.size > MOST_BYTES:
        raise ListRefused(_("The file is too large for a list of names."))
    try:
        return str(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ListRefused(_("The file is no text in UTF-8: save it as CSV UTF-8.")) from None


@require_safe
@never_cache
@staff_who_may(INVITE)
def links_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the list with everybody's own link. Whoever has it can rate as them: it is noted who took it."""
    study = find(request.user, Study.objects.all(), INVITE, slug=slug)
    lines = "".join(csv_lines(("name", "link", "state"), rows_of_links(study)))
    record_action(action="download invitation links", subject=study, user=user_of(request))
    disposition = f'attachment; filename="{study.slug}-links.csv"'
    return HttpResponse(lines, content_type="text/csv", headers={"Content-Disposition": disposition})
