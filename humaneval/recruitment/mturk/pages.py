"""What MTurk shows in its frame: the way in, the preview, and the form that hands in; and, for staff, the
page that reads archived results."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from io import StringIO

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_http_methods, require_safe

from humaneval.rating.completion import ending_of
from humaneval.rating.models import SessionState
from humaneval.rating.panels import Ending
from humaneval.recruitment.access import IMPORT, staff_who_may, user_of
from humaneval.recruitment.forms import ArchiveForm
from humaneval.recruitment.models import Posting, Submission
from humaneval.recruitment.mturk.archives import ArchiveRefused, Columns, ImportedBatch, import_batch
from humaneval.recruitment.mturk.panel import ASSIGNMENT, NOT_ACCEPTED, SALT
from humaneval.recruitment.mturk.recruiter import MTurkRecruiter
from humaneval.studies.design import question_specs
from humaneval.studies.links import rater_url
from humaneval.studies.models import Study
from humaneval.teams.access import PermissionsIn, find

MOST_BYTES = 50_000_000


@require_safe
@xframe_options_exempt
@never_cache
def entrance(request: HttpRequest, posting_id: int) -> HttpResponseBase:
    """Lead a worker who has accepted to the study; show anybody else what it is, and take no answer."""
    postings = Posting.objects.filter(panel=MTurkRecruiter.name).select_related("study")
    posting = get_object_or_404(postings, pk=posting_id)
    if request.GET.get(ASSIGNMENT, NOT_ACCEPTED) == NOT_ACCEPTED:
        return csp_replace(_ancestors())(partial(_preview, posting=posting))(request)
    return HttpResponseRedirect(f"{rater_url(posting.study)}?{request.GET.urlencode()}")


def _preview(request: HttpRequest, *, posting: Posting) -> HttpResponse:
    questions = posting.study.questions.all()
    context = {"study": posting.study, "posting": posting, "questions": questions}
    return render(request, "recruitment/mturk_preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_who_may(IMPORT)
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Read a batch result file of MTurk's into a study, all of it or nothing, and say what came of it."""
    study = find(request.user, Study.objects.all(), IMPORT, slug=slug)
    questions = [(spec.key, spec.text) for spec in question_specs(study)]
    form = ArchiveForm(request.POST or None, request.FILES or None, questions=questions)
    if request.method == "POST" and form.is_valid():
        try:
            found = _import(study, form, user_of(request))
        except ArchiveRefused as refusal:
            for problem in refusal.problems:
                form.add_error(None, problem)
        else:
            text = _(
                "%(votes)s votes were stored, %(known)s were there, %(rejected)s rejected were left out."
            )
            messages.success(request, text % asdict(found))
            return redirect("recruitment:overview", slug=slug)
    perms = PermissionsIn(request.user, study)
    context = {"study": study, "form": form, "notice": MTurkRecruiter.notice, "perms": perms}
    return render(request, "recruitment/archive.html", context, status=400 if form.errors else 200)


def _import(study: Study, form: ArchiveForm, user: User) -> ImportedBatch:
    data = form.cleaned_data
    if data["file"].size > MOST_BYTES:
        raise ArchiveRefused([_("The file is larger than 50 MB: split it, or use import_mturk_batch.")])
    columns = Columns(
        trial=data["trial"],
        order=data["order"],
        images=data["images"],
        answers=form.answers(),
        meanings=data["meanings"],
    )
    try:
        lines = StringIO(data["file"].read().decode("utf-8-sig"), newline="")
    except UnicodeDecodeError:
        raise ArchiveRefused([_("The file is no text in UTF-8: save it as CSV UTF-8.")]) from None
    return import_batch(
        study=study, lines=lines, columns=columns, with_rejected=data["with_rejected"], user=user
    )


@require_safe
@xframe_options_exempt
@never_cache
def hand_in(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show the button that hands a finished session in to MTurk; nobody else's address works."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise Http404 from None
    found = Submission.objects.select_related("session", "posting__study")
    submission = get_object_or_404(found, pk=pk)
    ending = _ending(submission)
    if ending is None:
        raise Http404
    origin = submission.details.get("submit_to", "")
    rules = {**_ancestors(), **({"form-action": [origin]} if origin else {})}
    return csp_replace(rules)(partial(_form, submission=submission, ending=ending))(request)


def _ending(submission: Submission) -> str | None:
    """Return how a worker's visit ended, None while it is going on."""
    if submission.session is None:
        return submission.details.get("ending")
    return None if submission.session.state == SessionState.ACTIVE else ending_of(submission.session)


def _form(request: HttpRequest, *, submission: Submission, ending: str) -> HttpResponse:
    origin = submission.details.get("submit_to", "")
    completed = ending == Ending.COMPLETED
    context = {
        "submission": submission,
        "completed": completed,
        "code": submission.posting.study.completion_code if completed else ending,
        "action": f"{origin}/mturk/externalSubmit" if origin else "",
    }
    return render(request, "recruitment/mturk_hand_in.html", context)


def _ancestors() -> dict[str, list[str]]:
    return {"frame-ancestors": settings.RATER_FRAME_ANCESTORS}
