"""The rater's page and the researcher's preview of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csp.constants import SELF
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from humaneval.protocols import registry
from humaneval.rating.consent import consent_hash, consent_text
from humaneval.studies.flow import complete_flow, languages, words_in
from humaneval.studies.models import Study, StudyState
from humaneval.teams.access import find
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

NAMES = {code: info["name_local"] for code, info in LANG_INFO.items() if "name_local" in info}
"""Languages by what they call themselves."""

SCREENS = (
    ("", _("Consent")),
    ("device", _("Device")),
    ("slow", _("Display too slow")),
    ("instructions", _("Instructions")),
    ("comprehension", _("Comprehension")),
    ("sorry", _("Screened out")),
    ("practice", _("Practice")),
    ("trials", _("Trials")),
    ("break", _("Break")),
    ("closing", _("Closing questions")),
    ("end", _("End")),
)


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
    """Show a study in any state as raters will see it; nothing is stored. For its team only."""
    study = find(request.user, Study.objects.all(), slug=slug)
    page = _page(request, "rating/preview.html", study)
    return let_frame(request, page, ancestors=[SELF])


def _styles(study: Study) -> list[str]:
    """Return the style sheets of a study's page: its protocol's too where that has one."""
    protocol = f"protocols/{study.protocol}"
    own = [protocol] if finders.find(f"styles/{protocol}.css") else []
    flow = complete_flow(study.flow)
    extra = {"zoom": flow["allow_zoom"], "around": needs_more(flow)}
    return ["rater", *own, *(name for name, wanted in extra.items() if wanted)]


def _page(request: HttpRequest, template: str, study: Study) -> HttpResponse:
    """Return a page in the language chosen for this reader."""
    language = choose_language(study, request.GET.get("lang", ""), request.headers.get("Accept-Language", ""))
    flow = complete_flow(study.flow)
    names = (*MODULES, f"words/{words_of(language)}", f"protocols/{study.protocol}")
    context = {
        "study": study,
        "title": words_in(flow, language).get("title", study.title),
        "consent": consent_text(study, language),
        "consent_hash": consent_hash(study, language),
        "is_open": study.state == StudyState.OPEN,
        "language": language,
        "languages": [(code, NAMES.get(code, code)) for code in languages(flow)],
        "gate": " ".join(demands(flow["device"])),
        "asked": request.GET,
        "screens": screens_of(study, flow),
        "modules": [static(f"rater/{name}.js") for name in names],
        "styles": [static(f"styles/{name}.css") for name in _styles(study)],
    }
    with translation.override(language):
        return render(request, template, context)


def choose_language(study: Study, asked: str, accepted: str) -> str:
    """Return the language of a page: the link's, else the first that browser and study share, else its own.

    ``accepted`` is the browser's Accept-Language.
    """
    own = languages(study.flow)
    if asked in own or asked in LANGUAGES:
        return asked
    wanted = [code for code, _quality in parse_accept_lang_header(accepted)]
    spoken = {code.lower(): code for code in own}
    for code in wanted:
        for known in (code.lower(), code.split("-")[0].lower()):
            if known in spoken:
                return spoken[known]
    return own[0]


def words_of(language: str) -> str:
    """Return the language of the player's own words beside a study's: English where there are none."""
    base = language.split("-")[0]
    return base if base in LANGUAGES else LANGUAGES[0]


def demands(device: Mapping[str, Any]) -> list[str]:
    """Return what a device gate needs beyond what a browser tells at once: it is measured, or asked for.

    ``window`` stands for what needs neither.
    """
    wanted = {"refresh": device["min_refresh_hz"], "keyboard": device["keyboard"]}
    asked = [name for name, value in wanted.items() if value]
    plain = device["min_width"] or device["min_height"] or device["min_pixel_ratio"]
    return asked or (["window"] if plain else [])


def needs_more(flow: Mapping[str, Any]) -> bool:
    """Return whether a study has screens that need the styles of forms, pictures and verdicts."""
    practice = flow["practice"]["count"] or flow["practice"]["examples"]
    return bool(flow["comprehension"]["questions"] or flow["closing"] or flow["pictures"] or practice)


def screens_of(study: Study, flow: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the screens that a study has, by the name that its preview begins at, in order."""
    timed = registry.get(study.protocol).timed  # in blocks, with a rest between
    has = {
        "device": bool(demands(flow["device"])),
        "slow": timed,
        "comprehension": bool(flow["comprehension"]["questions"]),
        "sorry": bool(flow["comprehension"]["questions"]),
        "practice": bool(flow["practice"]["count"] or flow["practice"]["examples"]),
        "break": bool(flow["break_every"]) or timed,
        "closing": bool(flow["closing"]),
    }
    return [(name, str(title)) for name, title in SCREENS if has.get(name, True)]
