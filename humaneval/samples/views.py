"""What browsers fetch: stimuli for raters, thumbnails for staff."""

from __future__ import annotations

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from humaneval.samples.models import Sample, Stimulus
from humaneval.samples.thumbnails import render_thumbnail
from humaneval.teams.access import find

YEAR = 31_536_000


@require_safe
@xframe_options_exempt
def stimulus(request: HttpRequest, token: str) -> HttpResponse:
    """Serve a stimulus by its token. Neither headers nor errors say anything of what it is.

    No ETag and no Last-Modified: a date would tell which set was rendered first. Any origin may show
    it, since a panel's sandboxed frame has an origin of its own kind.
    """
    row = Stimulus.objects.filter(token=token).only("file").first()
    if row is None:
        return _gone(request)
    with row.file.open("rb") as file:
        response = HttpResponse(file.read(), content_type="image/webp")
    response["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@never_cache
def _gone(request: HttpRequest) -> HttpResponse:
    """Return a bare 404 that no cache keeps, since a kept failure would outlive its cause."""
    return HttpResponse(status=404)


@require_safe
@staff_member_required
@cache_control(private=True, max_age=YEAR, immutable=True)
def thumbnail(request: HttpRequest, sample_id: int) -> HttpResponse:
    """Serve a sample's thumbnail to staff."""
    sample = find(request.user, Sample.objects.all(), pk=sample_id)
    try:
        return HttpResponse(render_thumbnail(sample), content_type="image/webp")
    except FileNotFoundError as error:
        raise Http404("The sample's file is gone from storage.") from error
