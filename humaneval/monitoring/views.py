"""What Prometheus reads: this web server's own counts, and how the installation stands."""

from __future__ import annotations

import hmac
import os

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from humaneval.monitoring.standings import Standings


@require_safe
@never_cache
def process_metrics(request: HttpRequest) -> HttpResponse:
    """Answer with what the processes of this web server have counted: to be read from each server."""
    _let_in(request)
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@require_safe
@never_cache
def installation_metrics(request: HttpRequest) -> HttpResponse:
    """Answer with how the whole installation stands, from its database: to be read once, from any server."""
    _let_in(request)
    registry = CollectorRegistry()
    registry.register(Standings())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _let_in(request: HttpRequest) -> None:
    """Raise Http404 for whoever does not bear the token; without one set, for everybody."""
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Http404
