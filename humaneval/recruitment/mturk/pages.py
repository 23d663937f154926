"""What MTurk shows in its frame: the way in, the preview, and the form that hands in."""

from __future__ import annotations

from functools import partial

from csp.decorators import csp_replace
from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from humaneval.rating.completion import ending_of
from humaneval.rating.models import SessionState
from humaneval.rating.panels import Ending
from humaneval.recruitment.models import Posting, Submission
from humaneval.recruitment.mturk.panel import ASSIGNMENT, NOT_ACCEPTED, SALT
from humaneval.recruitment.mturk.recruiter import MTurkRecruiter
from humaneval.studies.links import rater_url


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
