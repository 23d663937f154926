"""The rater's page and the researcher's preview of it."""

from __future__ import annotations

from csp.constants import SELF
from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from humaneval.rating.consent import consent_hash
from humaneval.studies.flow import complete_flow
from humaneval.studies.models import Study, StudyState
from humaneval.ui.policy import let_frame

MODULES = (
    "attention",
    "display",
    "elements",
    "equipment",
    "header",
    "http",
    "images",
    "keepsake",
    "layout",
    "outbox",
    "protocols/registry",
    "questions",
    "screens",
    "server",
    "session",
    "shelf",
    "stage",
    "supply",
    "trials",
    "words",
)
"""What ``rater/main.js`` imports, named in the page so that no module waits for another."""

LANGUAGES = ("en", "de")
"""What the player's own words are in: a catalogue each in ``rater/words/``, and of this app's templates."""


@require_safe
@cache_control(no_cache=True)
def entry(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show a study's consent, or why nobody may begin just now; a draft is not there at all.

    Panels may show this page in a frame. No cookie is read or set.
    """
    study = get_object_or_404(Study.objects.exclude(state=StudyState.DRAFT), slug=slug)
    page = _page(request, "rating/session.html", study)
    return let_frame(request, page, ancestors=settings.RATER_FRAME_ANCESTORS)


@require_safe
@staff_member_required
@cache_control(private=True, no_store=True)
def preview(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show a study in any state as raters will see it; nothing is stored. For staff only."""
    page = _page(request, "rating/preview.html", get_object_or_404(Study, slug=slug))
    return let_frame(request, page, ancestors=[SELF])


def _styles(study: Study) -> list[str]:
    """Return the style sheets of a study's page: its protocol's too where that has one."""
    protocol = f"protocols/{study.protocol}"
    own = [protocol] if finders.find(f"styles/{protocol}.css") else []
    return ["rater", *own, *(["zoom"] if complete_flow(study.flow)["allow_zoom"] else [])]


def _page(request: HttpRequest, template: str, study: Study) -> HttpResponse:
    """Return a page in the language that the link asks for with ``lang``, else in English."""
    asked = request.GET.get("lang", "")
    language = asked if asked in LANGUAGES else LANGUAGES[0]
    names = (*MODULES, f"words/{language}", f"protocols/{study.protocol}")
    context = {
        "study": study,
        "is_open": study.state == StudyState.OPEN,
        "consent_hash": consent_hash(study),
        "modules": [static(f"rater/{name}.js") for name in names],
        "styles": [static(f"styles/{name}.css") for name in _styles(study)],
    }
    with translation.override(language):
        return render(request, template, context)
