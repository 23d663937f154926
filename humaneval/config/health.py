"""Whether this process is alive, and whether it can do its work."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from humaneval.config.leaving import is_leaving
from humaneval.config.media import missing_bucket

log = logging.getLogger(__name__)


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as this process answers at all: whoever gets no answer may start it anew."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when a rater sent here would be served, else 503: what is missing is said in words.

    A shared cache that is away is said too, and no reason to send raters elsewhere: see ``shared_cache``. A
    storage that does not answer is none either: they send their votes here, and nobody else has the images.
    """
    checks = {"server": _server, "database": _database, "migrations": _migrations, "storage": missing_bucket}
    found = {name: _problem(check) for name, check in checks.items()}
    problems = {name: text for name, text in found.items() if text}
    status = "not ready" if problems else "ok"
    return JsonResponse({"status": status, **problems, **_remarks()}, status=503 if problems else 200)


def _problem(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception:
        log.exception("a check of readiness failed")
        return "does not answer"


def _server() -> str:
    return "is about to stop" if is_leaving() else ""


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return ""


def _migrations() -> str:
    """Return what is missing while the database is older than this code; looked at until it once is not."""
    if not _seen_migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "run manage.py migrate"
        _seen_migrated.append(True)
    return ""


_seen_migrated: list[bool] = []


def _remarks() -> dict[str, str]:
    """Return what an operator should know of a server that is ready all the same."""
    if not settings.REDIS_URL:
        return {}
    from humaneval.config.shared_cache import is_away  # loads Redis' client, a tenth of a start without Redis

    cache.get("readyz")
    away = "Redis does not answer: each web process counts rate limits for itself"
    return {"cache": away} if is_away() else {}
