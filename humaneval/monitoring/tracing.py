"""OpenTelemetry traces, where ``OTEL_EXPORTER_OTLP_ENDPOINT`` names a place to send them to.

The packages are an extra (``pip install 'humaneval-platform[otel]'``); without the setting, spans cost
nothing. Spans hold routes, kinds of jobs, studies and times; nothing of people.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Span(Protocol):
    """As much of a span as is used here."""

    def update_name(self, name: str) -> None:
        """Give the span its name."""

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Say more of it."""


class NoSpan:
    """A span that is kept nowhere."""

    def update_name(self, name: str) -> None:
        """Do nothing."""

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Do nothing."""


_NO_SPAN = NoSpan()
_tracers: dict[int, Any] = {}
"""By process: threads that send do not survive a fork."""


def check_settings() -> None:
    """Raise ImproperlyConfigured where traces are asked for and the packages are not there."""
    if os.environ.get(ENDPOINT) and find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        raise ImproperlyConfigured(
            f"{ENDPOINT} is set, but OpenTelemetry is not installed: "
            "pip install 'humaneval-platform[otel]', or take the setting away."
        )


@contextmanager
def span(name: str) -> Iterator[Span]:
    """Give a span around a piece of work; one that is kept nowhere unless traces are asked for."""
    if not os.environ.get(ENDPOINT):
        yield _NO_SPAN
        return
    with _tracer().start_as_current_span(name) as started:
        yield started


def _tracer() -> Any:
    """Return this process's tracer, made at its first span."""
    if os.getpid() not in _tracers:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        name = os.environ.get("OTEL_SERVICE_NAME", "humaneval")
        provider = TracerProvider(resource=Resource.create({"service.name": name}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        _tracers[os.getpid()] = provider.get_tracer("humaneval")
    return _tracers[os.getpid()]
