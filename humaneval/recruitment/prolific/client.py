"""Calls of Prolific's API: one attempt each, and for each way to fail its own exception.

Repeating is left to the job that carries out an intent, which first looks whether a call was acted on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import urllib3
from django.conf import settings
from django.utils.translation import gettext as _

from humaneval.recruitment.recruiters import NotSent, PanelRefused, Unanswered, retry_after

PAGE_SIZE = 100


def get(path: str, query: Mapping[str, Any] | None = None) -> Any:
    """Return what the API answers to a question. Raises NotSent or PanelRefused."""
    try:
        return _call("GET", path, query=query)
    except Unanswered as error:
        raise NotSent(str(error)) from error  # a question changes nothing, answered or not


def post(path: str, body: Mapping[str, Any]) -> Any:
    """Return what the API answers to a POST. Raises NotSent, Unanswered or PanelRefused."""
    return _call("POST", path, body=body)


def patch(path: str, body: Mapping[str, Any]) -> Any:
    """Return what the API answers to a PATCH. Raises NotSent, Unanswered or PanelRefused."""
    return _call("PATCH", path, body=body)


def pages(path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the rows of a list, page by page. Raises NotSent or PanelRefused."""
    page = 1
    while True:
        answer = get(path, {**query, "page": page, "page_size": PAGE_SIZE})
        yield from answer["results"]
        if len(answer["results"]) < PAGE_SIZE:
            return
        page += 1


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=4, retries=False)


def _call(
    method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None
) -> Any:
    if not settings.PROLIFIC_TOKEN:
        raise PanelRefused(_("No Prolific token is set: put one into PROLIFIC_TOKEN."))
    headers = {"Authorization": f"Token {settings.PROLIFIC_TOKEN}", "Content-Type": "application/json"}
    seconds = settings.PANEL_TIMEOUT_SECONDS
    try:
        answer = _pool().request(
            method,
            settings.PROLIFIC_URL + path,
            fields=dict(query) if query else None,
            body=json.dumps(body).encode() if body is not None else None,
            headers=headers,
            timeout=urllib3.Timeout(connect=seconds, read=seconds),
        )
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        raise NotSent(f"Prolific cannot be reached: {error}") from error
    except urllib3.exceptions.HTTPError as error:
        raise Unanswered(f"Prolific did not answer {method} {path}: {error}") from error
    return _read(method, path, answer)


def _read(method: str, path: str, answer: urllib3.BaseHTTPResponse) -> Any:
    if answer.status == 429:
        wait = retry_after(answer.headers.get("Retry-After", ""))
        raise NotSent("Prolific asks us to slow down (429).", wait)
    if answer.status >= 500 or answer.status < 200:
        raise Unanswered(f"Prolific answered {answer.status} to {method} {path}.")
    if answer.status >= 300:
        raise PanelRefused(_refusal(answer))
    if not answer.data:
        return None
    try:
        return json.loads(answer.data)
    except ValueError as error:
        raise Unanswered(f"Prolific's answer to {method} {path} is no JSON.") from error


def _refusal(answer: urllib3.BaseHTTPResponse) -> str:
    """Return in a sentence what the API has against a call."""
    try:
        error = json.loads(answer.data)["error"]
        detail = error.get("detail") or error.get("title")
    except (ValueError, KeyError, TypeError, AttributeError):
        detail = answer.data.decode(errors="replace")
    text = detail if isinstance(detail, str) else json.dumps(detail)
    return _("Prolific refused (%(status)s): %(detail)s") % {"status": answer.status, "detail": text[:500]}
