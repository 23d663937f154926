"""The Celery application: `celery -A humaneval.config worker`."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "humaneval.config.settings")

app = Celery("humaneval")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("humaneval.jobs.at_work:SignsOfLife")


@worker_init.connect
def tell_of_itself(**_: Any) -> None:
    """Let a worker answer Prometheus, where the settings name a port."""
    from django.conf import settings

    from humaneval.monitoring import exporter

    if settings.WORKER_METRICS_PORT:
        exporter.start(settings.WORKER_METRICS_PORT)
