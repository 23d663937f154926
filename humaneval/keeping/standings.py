"""How old the last backup is, for monitoring."""

from __future__ import annotations

import math
from collections.abc import Iterator

from django.db.models import Max
from django.utils import timezone

from humaneval.keeping.models import BackupRecord
from humaneval.monitoring.standings import Standing


def backups() -> Iterator[Standing]:
    """Yield the age of the last backup that lacked nothing, infinite where there was none: one query."""
    good = BackupRecord.objects.filter(finished_at__isnull=False, media_lost=0)
    began = good.aggregate(began=Max("began_at"))["began"]
    age = (timezone.now() - began).total_seconds() if began else math.inf
    yield Standing("backup_age_seconds", "Since the last backup that lacked nothing was begun.", age)
