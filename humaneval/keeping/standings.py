"""How old the last backup is, for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from humaneval.keeping.models import BackupRecord
from humaneval.monitoring.standings import Standing
from humaneval.studies.models import Study


def backups() -> Iterator[Standing]:
    """Yield the age of the last backup that lacked nothing, or of what there is to lose: two queries at most.

    Where none was ever made, the first study's age counts. Nothing where backups are made by other means.
    """
    if settings.BACKUPS_ELSEWHERE:
        return
    good = BackupRecord.objects.filter(finished_at__isnull=False, media_lost=0)
    began = good.aggregate(began=Max("began_at"))["began"]
    since = began or Study.objects.aggregate(first=Min("created_at"))["first"]
    age = (timezone.now() - since).total_seconds() if since else 0.0
    yield Standing("backup_age_seconds", "Since the last backup that lacked nothing was begun.", age)
