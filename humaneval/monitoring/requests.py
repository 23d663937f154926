"""Each request: its id, how long it took, one line in the log, one span where traces are kept.

No personal data: a route stands for an address (addresses may hold tokens and panels' ids), and neither the
query, nor the client's address, nor a user's name is kept.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from humaneval.monitoring import instruments, tracing

HEADER = "X-Request-ID"
ACCEPTABLE = re.compile(r"[A-Za-z0-9_.-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "unknown"

log = structlog.get_logger("humaneval.requests")


class RequestMiddleware:
    """Stands before all others, so that nothing goes uncounted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response, with the id of its request in a header."""
        structlog.contextvars.clear_contextvars()
        own = request_id(request)
        structlog.contextvars.bind_contextvars(request_id=own)
        started = time.perf_counter()
        with tracing.span("request") as span:
            response = self._get_response(request)
            facts = _facts(request, response)
            span.update_name(f"{facts['method']} {facts['route']}")
            span.set_attributes({f"humaneval.{name}": value for name, value in facts.items()})
        _count(facts, time.perf_counter() - started)
        response.headers[HEADER] = own
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Let whatever is said from here on bear the study that the address names."""
        if study := study_of(request):
            structlog.contextvars.bind_contextvars(study=study)


def _facts(request: HttpRequest, response: HttpResponseBase) -> dict[str, Any]:
    method = request.method if request.method in METHODS else UNKNOWN
    study = study_of(request)
    facts = {"method": method, "route": route_of(request), "status": response.status_code}
    return {**facts, "study": study} if study else facts


def _count(facts: dict[str, Any], seconds: float) -> None:
    instruments.REQUESTS.labels(facts["route"], facts["method"], facts["status"]).inc()
    instruments.REQUEST_SECONDS.labels(facts["route"]).observe(seconds)
    log.info("request", ms=round(seconds * 1000, 1), **facts)


def request_id(request: HttpRequest) -> str:
    """Return the id that a proxy gave the request, if it looks like one, else a new one."""
    given = request.headers.get(HEADER, "")
    return given if ACCEPTABLE.fullmatch(given) else uuid4().hex


def route_of(request: HttpRequest) -> str:
    """Return the name of the address's pattern, never the address itself."""
    match = request.resolver_match
    return UNKNOWN if match is None else match.view_name or match.route or UNKNOWN


def study_of(request: HttpRequest) -> str:
    """Return the study that a request is about, by its slug or its number; empty where it is about none."""
    match = request.resolver_match
    if match is not None and match.route.startswith(("studies/<", "s/<", "api/v1/studies/<")):
        return str(match.kwargs.get("slug", ""))
    return str(getattr(getattr(request, "auth", None), "study_id", ""))
