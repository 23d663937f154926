"""The report as HTML: its body (drawn once for each snapshot) and the self-contained file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from humaneval.reports.models import Snapshot
from humaneval.reports.results import Report, from_payload
from humaneval.reports.version import code_version

if TYPE_CHECKING:
    from humaneval.reports.presentation import ReportPage

STYLES = ("styles/base.css", "styles/page.css", "styles/report.css")
_KEEP_SECONDS = 24 * 3600


def report_body(snapshot: Snapshot) -> SafeString:
    """Return the report's body as HTML, from the cache where this snapshot was drawn before."""
    key = f"report-body:{snapshot.pk}:{snapshot.fingerprint}:{code_version()}"
    body = cache.get(key)
    if body is None:
        body = str(render_body(from_payload(snapshot.payload)))
        cache.set(key, body, _KEEP_SECONDS)
    return mark_safe(body)  # noqa: S308 (our own template's output, escaped there)


def render_body(report: Report) -> SafeString:
    """Return the report's body as HTML: charts, tables, methods."""
    return render_to_string("reports/body.html", {"page": _presented(report)})


def render_standalone(report: Report) -> str:
    """Return the report as one HTML file that needs nothing else: styles and charts are inside it."""
    styles = mark_safe("\n".join(_style(name) for name in STYLES))  # noqa: S308 (our own files)
    context = {"page": _presented(report), "report": report, "styles": styles}
    return render_to_string("reports/standalone.html", context)


def _presented(report: Report) -> ReportPage:
    from humaneval.reports.presentation import present  # matplotlib: a second that starting up must not cost

    return present(report)


def _style(name: str) -> str:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(f"The style sheet {name} is missing from this installation.")
    return Path(found).read_text(encoding="utf-8")
